//! Terraform and OpenTofu provider for Cloudflare Authenticated Origin Pulls.

pub mod framework;
pub mod plugin;
pub mod secret;
pub mod value;
pub mod wire;
