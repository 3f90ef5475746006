//! What the project's commands and its tests share: the real CLIs, and
//! workspaces in which they run against the simulator.

mod build;
mod cli;
mod debian;
mod opentofu;
mod phase;
mod workspace;

pub use build::{Profile, build, root, target};
pub use cli::{Cli, Product};
pub use debian::Tool;
pub use phase::phase;
pub use workspace::{Ran, Workspace};

/// What can go wrong here: a sentence for the person at the terminal.
pub type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;
