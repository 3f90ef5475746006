//! Keeps what is in memory from getting out of it.

/// From now on a crash writes no core file, and no other process of this user may read the
/// memory of this one. To be called before anything else.
#[cfg(unix)]
pub fn protect_memory() {
    use rustix::process::{Resource, Rlimit, setrlimit};

    let nothing = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    // Lowering a limit is always allowed; without either the provider works all the same.
    let _ = setrlimit(Resource::Core, nothing);
    // macOS lets only root and debuggers that the user allows read another process.
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    }
}

/// Windows writes no core files unless an administrator asks for them.
#[cfg(not(unix))]
pub fn protect_memory() {}
