//! What the project's commands and its tests share: the real CLIs, and
//! workspaces in which they run against the simulator.

mod build;
mod cli;
mod debian;
mod go;
mod phase;
pub mod release;
mod wheel;
mod workspace;

pub use build::{Profile, build, build_in, host, root, target};
pub use cli::{Cli, Product};
pub use debian::{Tool, is_root};
pub use go::{ACTIONLINT, GoProgram, OLDER_CLIS, TFLINT, TFPLUGINDOCS};
pub use phase::phase;
pub use wheel::{ENVOY, TRAEFIK, Wheel};
pub use workspace::{Ran, Workspace};

/// What can go wrong here: a sentence for the person at the terminal.
pub type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;
