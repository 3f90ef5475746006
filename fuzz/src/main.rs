//! The fuzzer, for the target that `AOP_FUZZ` names. `cargo xtask fuzz` runs it.

#![no_main]

use std::sync::LazyLock;

use aop_fuzz::Target;

static TARGET: LazyLock<Target> = LazyLock::new(|| {
    let name = std::env::var("AOP_FUZZ").unwrap_or_default();
    aop_fuzz::target(&name).expect("AOP_FUZZ names a target")
});

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| (TARGET.run)(bytes));
