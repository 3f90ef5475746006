//! The project's own commands. `cargo xtask help` lists them.

#![allow(clippy::print_stdout, reason = "these commands talk to a person")]

mod bench;
mod compatibility;
mod demo;
mod dist;
mod docs;
mod fuzz;
mod lint;
mod model;
mod record;
mod soak;
mod test;

use std::process::ExitCode;

use xtask::Outcome;

const HELP: &str = "\
cargo xtask demo [--keep]   apply, change and destroy an example against the simulator
cargo xtask test            every test, with OpenTofu and, where it is, Terraform
cargo xtask compatibility   a life of each resource under the oldest CLIs that are said to work
cargo xtask dist            what a release consists of (see cargo xtask dist --help)
cargo xtask docs            write the pages of docs/ anew
cargo xtask bench [PART …] [--compare FILE]
                            sizes, times and requests, beside those of another run
cargo xtask fuzz [SECONDS] [TARGET …]
                            looks for bytes that break a rule
cargo xtask lint            the workflows, pages and examples, by the field's linters
cargo xtask model           the protocol of certificates in larger worlds than the tests try
cargo xtask record          the demo, and its story as the picture of the README
cargo xtask soak [SECONDS] [SEED]
                            random changes, faults and kills under traffic
";

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match run(&arguments).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: &[&str]) -> Outcome<()> {
    match arguments {
        ["test", arguments @ ..] => test::test(arguments),
        ["bench", arguments @ ..] => bench::bench(arguments).await,
        ["compatibility"] => compatibility::compatibility().await,
        ["dist", arguments @ ..] => dist::dist(arguments),
        ["docs"] => docs::docs(),
        ["soak", arguments @ ..] => soak::soak(arguments),
        ["fuzz", arguments @ ..] => fuzz::fuzz(arguments),
        ["model"] => model::model(),
        ["record"] => record::record(),
        ["lint"] => lint::lint(),
        ["demo"] => demo::demo(false).await,
        ["demo", "--keep"] => demo::demo(true).await,
        [] | ["help" | "--help" | "-h"] => {
            print!("{HELP}");
            Ok(())
        }
        other => Err(format!("unknown command {:?}\n\n{HELP}", other.join(" ")).into()),
    }
}
