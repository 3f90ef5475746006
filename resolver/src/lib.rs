//! Name resolution of a statically linked program.
//!
//! `/etc/nsswitch.conf` names the sources of hostnames, and glibc loads a shared library for
//! each but its own two, the hosts file and DNS. A statically linked program has no loader of
//! the machine's glibc: where the versions differ, loading `mdns4_minimal`, `myhostname` or
//! `resolve`, which desktops name, ends the program with a signal. So the program keeps to the
//! two that it has in itself, as the CLIs, being Go programs, do.

/// Resolves hostnames with the hosts file and DNS alone from here on, whatever
/// `/etc/nsswitch.conf` says, if the program is linked statically with glibc; else does
/// nothing. To be called before the first name is resolved.
pub fn keep_to_files_and_dns() {
    #[cfg(all(target_os = "linux", target_env = "gnu", target_feature = "crt-static"))]
    glibc::keep_to_files_and_dns();
}

#[cfg(all(target_os = "linux", target_env = "gnu", target_feature = "crt-static"))]
mod glibc {
    use std::ffi::{c_char, c_int};

    unsafe extern "C" {
        /// `<nss.h>`: overrides the line of a database in `/etc/nsswitch.conf`.
        fn __nss_configure_lookup(database: *const c_char, services: *const c_char) -> c_int;
    }

    pub(super) fn keep_to_files_and_dns() {
        // SAFETY: both are C strings that live as long as the program; glibc copies what it
        // keeps. Without memory for that it fails and leaves things as they were.
        let _ = unsafe { __nss_configure_lookup(c"hosts".as_ptr(), c"files dns".as_ptr()) };
    }
}
