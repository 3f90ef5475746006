//! `cargo xtask fuzz`: looks for bytes that break a rule.

use std::path::PathBuf;
use std::process::Command;

use xtask::{Outcome, host, root, target};

/// How long each target gets without a word about it.
const SECONDS: u64 = 60;
/// Longer inputs find nothing that shorter ones do not.
const LONGEST: &str = "-max_len=16000";

/// What the compiler has to add so that the fuzzer sees where an input leads. The code has
/// no unsafe block that a sanitizer could watch, so the stable compiler is enough.
const COVERAGE: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
    -Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares \
    -Ccodegen-units=1 -Clink-dead-code --cfg fuzzing";

/// `[SECONDS] [TARGET …]`: each target for so long. What is found new goes to a folder
/// beside the build; a crash is printed, and its input kept there too.
pub(crate) fn fuzz(arguments: &[&str]) -> Outcome<()> {
    let (seconds, names) = match arguments {
        [first, rest @ ..] if first.parse::<u64>().is_ok() => (first.parse()?, rest),
        rest => (SECONDS, rest),
    };
    let targets = targets()?;
    let is_unknown = |name: &&&str| targets.iter().all(|target| target != **name);
    if let Some(unknown) = names.iter().find(is_unknown) {
        return Err(format!("unknown target {unknown:?}: {}", targets.join(", ")).into());
    }
    let chosen = |target: &&String| names.is_empty() || names.contains(&target.as_str());
    let fuzzer = build()?;
    for name in targets.iter().filter(chosen) {
        println!("\n== {name}, {seconds} s");
        let (found, crashes) = (folder("found", name)?, folder("crashes", name)?);
        let status = Command::new(&fuzzer)
            .env("AOP_FUZZ", name)
            .arg(&found)
            .arg(root().join("fuzz/corpus").join(name))
            .arg(format!("-max_total_time={seconds}"))
            .arg(format!("-artifact_prefix={}/", crashes.display()))
            .args([
                LONGEST,
                "-timeout=20",
                "-rss_limit_mb=2048",
                "-print_final_stats=1",
            ])
            .status()?;
        if !status.success() {
            return Err(format!("{name}: an input in {} breaks a rule", crashes.display()).into());
        }
    }
    println!("\nNothing was found that breaks a rule.");
    Ok(())
}

/// Each target has a folder with what was found so far.
fn targets() -> Outcome<Vec<String>> {
    let mut names = Vec::new();
    for folder in std::fs::read_dir(root().join("fuzz/corpus"))? {
        names.push(folder?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}

fn folder(kind: &str, name: &str) -> Outcome<PathBuf> {
    let folder = target().join("fuzz").join(kind).join(name);
    std::fs::create_dir_all(&folder)?;
    Ok(folder)
}

/// Builds the fuzzer, apart from everything else.
fn build() -> Outcome<PathBuf> {
    println!("Building the fuzzer …");
    let host = host()?;
    let folder = target().join("fuzz/build");
    let status = Command::new(env!("CARGO"))
        .current_dir(root())
        .args([
            "build",
            "--release",
            "--package",
            "aop-fuzz",
            "--features",
            "libfuzzer",
        ])
        .args(["--config", "profile.release.debug-assertions=true"])
        // With a target named, build scripts are not instrumented.
        .args(["--target", &host, "--target-dir"])
        .arg(&folder)
        .env("RUSTFLAGS", COVERAGE)
        .status()?;
    if !status.success() {
        return Err("the fuzzer does not build".into());
    }
    Ok(folder.join(host).join("release/aop-fuzz"))
}
