//! The example provider under the real CLIs.

use std::path::{Path, PathBuf};

use xtask::{Cli, Outcome, Workspace};

const ADDRESS: &str = "terraform.local/example/notes";

/// The example, which cargo builds beside its tests.
fn example() -> PathBuf {
    let test = std::env::current_exe().expect("a test is a program");
    let built = test
        .parent()
        .and_then(Path::parent)
        .expect("target/PROFILE");
    let name = format!("notes{}", std::env::consts::EXE_SUFFIX);
    built.join("examples").join(name)
}

fn play(cli: &Cli) -> Outcome<()> {
    let name = format!("framework-{:?}", cli.product);
    let workspace = Workspace::new(&name, cli, &example())?;
    workspace.stand_in(&example(), ADDRESS, "0.1.0")?;
    let note = |text: &str, name: &str| {
        format!(
            "terraform {{\n  required_providers {{\n    notes = {{ source = \"{ADDRESS}\" }}\n  \
             }}\n}}\nprovider \"notes\" {{ folder = path.module }}\nresource \"notes_note\" \
             \"{name}\" {{\n  path = \"note.txt\"\n  text = \"{text}\"\n}}\noutput \"bytes\" {{ \
             value = notes_note.{name}.bytes }}\n"
        )
    };
    let run = |arguments: &[&str], code: i32| -> Outcome<String> {
        let ran = workspace.run(arguments)?;
        assert_eq!(
            ran.code,
            code,
            "{} {arguments:?}\n{}",
            cli.name(),
            ran.text()
        );
        Ok(ran.text())
    };
    let file = workspace.directory().join("note.txt");
    let apply = ["apply", "-auto-approve"];
    let plan = ["plan", "-detailed-exitcode"];

    workspace.write("main.tf", &note("hello", "first"))?;
    run(&["init"], 0)?;
    assert!(run(&apply, 0)?.contains("bytes = 5"));
    run(&plan, 0)?;
    // Drift is seen and mended.
    std::fs::write(&file, "scribble")?;
    run(&plan, 2)?;
    run(&apply, 0)?;
    assert_eq!(std::fs::read_to_string(&file)?, "hello");
    // Another address takes the note over, and a replacement changes it in place.
    workspace.write("main.tf", &note("hello, again", "second"))?;
    assert!(run(&apply, 0)?.contains("1 added, 0 changed, 1 destroyed"));
    assert_eq!(std::fs::read_to_string(&file)?, "hello, again");
    run(&["apply", "-auto-approve", "-replace=notes_note.second"], 0)?;
    run(&plan, 0)?;
    run(&["destroy", "-auto-approve"], 0)?;
    assert!(!file.exists());
    Ok(())
}

#[test]
fn the_example_lives_and_dies_under_every_cli() {
    let clis = Cli::present().unwrap_or_else(|error| panic!("{error}"));
    for cli in &clis {
        play(cli).unwrap_or_else(|error| panic!("{error}"));
    }
}
