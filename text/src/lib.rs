//! Text that must never be seen, and text that can be seen as it is. The lowest layer: it
//! knows no other.

mod secret;
mod visible;

pub use secret::{Flaw, Secret};
pub use visible::{is_invisible, visible, visible_line};
