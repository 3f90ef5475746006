//! What the fuzzer has found so far, and variations of it.

use std::fs;
use std::path::Path;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{Config, TestRunner};

use crate::{TARGETS, Target};

/// What is kept for a target, in the order of its names.
fn corpus(target: Target) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    let files = fs::read_dir(folder.join(target.name)).expect("a corpus");
    let mut paths: Vec<_> = files.map(|file| file.expect("a file").path()).collect();
    paths.sort();
    let kept = paths.iter().map(|path| fs::read(path).expect("a file"));
    kept.collect()
}

#[derive(Clone, Debug)]
enum Edit {
    Set(Index, u8),
    Insert(Index, Vec<u8>),
    Remove(Index, usize),
    Repeat(Index, usize),
}

impl Edit {
    fn apply(&self, bytes: &mut Vec<u8>) {
        let place = |index: &Index| index.index(bytes.len() + 1);
        match self {
            Self::Set(index, byte) => {
                let place = place(index);
                if let Some(old) = bytes.get_mut(place) {
                    *old = *byte;
                }
            }
            Self::Insert(index, more) => {
                let place = place(index);
                bytes.splice(place..place, more.iter().copied());
            }
            Self::Remove(index, length) => {
                let place = place(index);
                let end = (place + length).min(bytes.len());
                bytes.drain(place..end);
            }
            Self::Repeat(index, length) => {
                let place = place(index);
                let end = (place + length).min(bytes.len());
                let piece = bytes[place..end].to_vec();
                bytes.splice(place..place, piece);
            }
        }
    }
}

fn edits() -> impl Strategy<Value = Vec<Edit>> {
    let at = || any::<Index>();
    let edit = prop_oneof![
        3 => (at(), any::<u8>()).prop_map(|(at, byte)| Edit::Set(at, byte)),
        1 => (at(), vec(any::<u8>(), 1..8)).prop_map(|(at, more)| Edit::Insert(at, more)),
        1 => (at(), 1..40_usize).prop_map(|(at, length)| Edit::Remove(at, length)),
        1 => (at(), 1..40_usize).prop_map(|(at, length)| Edit::Repeat(at, length)),
    ];
    vec(edit, 0..6)
}

/// Everything that is kept, and so many variations.
fn holds(name: &str, cases: u32) {
    let target = crate::target(name).expect("a target");
    let kept = corpus(target);
    assert!(!kept.is_empty(), "nothing is kept for {name}");
    kept.iter().for_each(|bytes| (target.run)(bytes));
    let varied = (any::<Index>(), edits()).prop_map(|(index, edits)| {
        let mut bytes = index.get(&kept).clone();
        edits.iter().for_each(|edit| edit.apply(&mut bytes));
        bytes
    });
    let bytes = prop_oneof![9 => varied, 1 => vec(any::<u8>(), 0..200)];
    let config = Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    };
    let held = TestRunner::new(config).run(&bytes, |bytes| {
        (target.run)(&bytes);
        Ok(())
    });
    held.unwrap_or_else(|error| panic!("{name}: {error}"));
}

#[test]
fn any_msgpack_is_a_value_or_an_error() {
    holds("msgpack", 40_000);
}

#[test]
fn any_stored_state_is_a_value_or_an_error() {
    holds("state", 40_000);
}

#[test]
fn any_type_is_read_as_it_was_written_or_refused() {
    holds("type", 20_000);
}

#[test]
fn no_message_about_a_certificate_or_key_repeats_it() {
    holds("pem", 10_000);
}

#[test]
fn any_answer_of_the_api_is_a_result_or_a_fit_message() {
    holds("answer", 4_000);
}

#[test]
fn any_sequence_of_calls_is_answered() {
    holds("rpc", 10_000);
}

#[test]
fn every_target_has_its_folder() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    let mut names: Vec<String> = fs::read_dir(folder)
        .expect("a corpus")
        .map(|entry| {
            entry
                .expect("a folder")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    names.sort();
    let mut targets: Vec<&str> = TARGETS.iter().map(|target| target.name).collect();
    targets.sort_unstable();
    assert_eq!(names, targets);
}
