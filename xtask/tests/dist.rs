//! `cargo xtask dist` with bad input, and with archives that were built elsewhere.

#![allow(clippy::unwrap_used, reason = "tests: a mistake here may end the test")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use xtask::release::{Archive, Platform, throwaway_key};
use xtask::root;

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Runs it in a tree that may be anything.
fn dist(arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
    command
        .arg("dist")
        .args(arguments)
        .env_remove("AOP_SIGNING_KEY")
        .envs(variables.iter().copied());
    command.output().unwrap()
}

/// It ends with one sentence that says this, and leaves nothing at the output.
#[track_caller]
fn is_refused(output: &Path, arguments: &[&str], variables: &[(&str, &str)], words: &str) {
    let place = output.join("out");
    let place = place.to_str().unwrap();
    // So that nothing is built, whatever is not noticed.
    let to = ["--allow-dirty", "--assemble", "/nowhere", "--output", place];
    let ran = dist(&[arguments, &to].concat(), variables);
    let said = String::from_utf8(ran.stderr).unwrap();
    assert_eq!(ran.status.code(), Some(1), "{said}");
    assert!(said.contains(words), "{words:?} is not in {said:?}");
    assert_eq!(said.trim().lines().count(), 1, "{said}");
    assert_eq!(fs::read_dir(output).unwrap().count(), 0, "nothing is left");
}

/// A key made for this test, with its secret part.
fn key(kind: &str, usage: &str, passphrase: &str) -> String {
    throwaway_key(kind, usage, passphrase, true).unwrap()
}

/// What is packed elsewhere, with a program that is as good as any.
fn built(folder: &Path) {
    fs::create_dir_all(folder).unwrap();
    let program = folder.join("program");
    fs::write(&program, "a program").unwrap();
    for name in ["linux_amd64", "windows_amd64"] {
        let platform = Platform::parse(name).unwrap();
        let made = Archive::pack(folder, VERSION, &platform, &program, root()).unwrap();
        fs::write(made.path.with_extension("cdx.json"), "{}\n").unwrap();
    }
    fs::remove_file(program).unwrap();
}

#[test]
fn bad_input_gets_one_sentence_and_leaves_nothing() {
    let scratch = tempfile::tempdir().unwrap();
    let output = scratch.path().join("place");
    fs::create_dir(&output).unwrap();
    let refused = |arguments: &[&str], variables: &[(&str, &str)], words: &str| {
        is_refused(&output, arguments, variables, words);
    };
    refused(&["--tag", "v9.9.9"], &[], "the tag v9.9.9 is not v");
    refused(&["--nonsense"], &[], "--nonsense");
    refused(&["--check"], &[], "--check takes no other option");
    refused(
        &["--address", "a.test/b/c"],
        &[],
        "is no address of this provider",
    );
    refused(
        &["--sign", "nobody@example.test"],
        &[],
        "gpg has no secret key",
    );
    let armored = |key: &str, words: &str| refused(&[], &[("AOP_SIGNING_KEY", key)], words);
    armored("", "AOP_SIGNING_KEY is empty");
    armored("rubbish", "the signing key cannot be read");
    armored(
        &throwaway_key("rsa2048", "sign", "", false).unwrap(),
        "the signing key cannot be read",
    );
    armored(&key("ed25519", "sign", ""), "neither RSA nor DSA");
    armored(&key("rsa2048", "cert", ""), "the signing key cannot sign");
    let locked = key("rsa2048", "sign", "open sesame");
    armored(&locked, "is its passphrase right?");
    let both = [("AOP_SIGNING_KEY", locked.as_str())];
    refused(&["--sign", "somebody"], &both, "both name a key");
    let wrong = [both[0], ("AOP_SIGNING_PASSPHRASE", "open barley")];
    refused(&[], &wrong, "is its passphrase right?");
}

#[test]
fn a_tree_that_is_no_commit_is_refused() {
    let scratch = tempfile::tempdir().unwrap();
    let git = |arguments: &[&str]| {
        let made = Command::new("git")
            .current_dir(scratch.path())
            .args(arguments)
            .output();
        assert!(made.unwrap().status.success());
    };
    git(&["init", "--quiet"]);
    fs::write(scratch.path().join("stray"), "").unwrap();
    let folder = scratch.path().to_str().unwrap();
    let repository = format!("{folder}/.git");
    let output = format!("{folder}/out");
    for (repository, words) in [
        (
            repository.as_str(),
            "stray and 0 other files are not committed",
        ),
        ("/nowhere", "git knows no commit of this folder"),
    ] {
        let of = [("GIT_DIR", repository), ("GIT_WORK_TREE", folder)];
        let ran = dist(&["--output", &output], &of);
        let said = String::from_utf8(ran.stderr).unwrap();
        assert!(said.contains(words), "{said}");
        assert!(!Path::new(&output).exists());
    }
}

#[test]
fn archives_from_elsewhere_become_a_signed_release() {
    let scratch = tempfile::tempdir().unwrap();
    let (from, to) = (scratch.path().join("built"), scratch.path().join("out"));
    built(&from);
    let secret = key("rsa2048", "sign", "open sesame");
    let variables = [
        ("AOP_SIGNING_KEY", secret.as_str()),
        ("AOP_SIGNING_PASSPHRASE", "open sesame"),
    ];
    let [from_text, to_text] = [&from, &to].map(|path| path.to_str().unwrap());
    let arguments = [
        "--allow-dirty",
        "--assemble",
        from_text,
        "--output",
        to_text,
    ];
    let ran = dist(&arguments, &variables);
    assert!(ran.status.success(), "{ran:?}");
    let said = String::from_utf8([ran.stdout, ran.stderr].concat()).unwrap();
    assert!(said.contains("linux_amd64, windows_amd64"), "{said}");
    assert!(
        !said.contains("sesame") && !said.contains("PRIVATE KEY"),
        "{said}"
    );
    let name = |what: &str| to.join(format!("terraform-provider-aop_{VERSION}_{what}"));
    let sums = fs::read_to_string(name("SHA256SUMS")).unwrap();
    // Two archives, their bills, the manifest; not the checksums themselves.
    assert_eq!(sums.lines().count(), 5, "{sums}");
    let signature = fs::read(name("SHA256SUMS.sig")).unwrap();
    assert!(!signature.starts_with(b"-----"), "it is binary");
    let mirror = to.join("mirror/terraform.local/aop/aop");
    let versions = fs::read_to_string(mirror.join(format!("{VERSION}.json"))).unwrap();
    assert_eq!(versions.matches("\"h1:").count(), 2, "{versions}");
    // A second time, where something is, nothing is overwritten.
    let ran = dist(&arguments, &variables);
    let said = String::from_utf8(ran.stderr).unwrap();
    assert!(said.contains("is not empty"), "{said}");
    assert_eq!(fs::read(name("SHA256SUMS.sig")).unwrap(), signature);
    // An archive without the program.
    let zip = from.join(format!("terraform-provider-aop_{VERSION}_linux_amd64.zip"));
    fs::write(&zip, "this is no archive").unwrap();
    fs::remove_dir_all(&to).unwrap();
    let ran = dist(&arguments, &variables);
    let said = String::from_utf8(ran.stderr).unwrap();
    assert!(said.contains("is no archive"), "{said}");
    assert!(!to.exists());
}
