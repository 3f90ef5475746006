//! Terraform and OpenTofu provider for Cloudflare Authenticated Origin Pulls.
pub mod cloudflare;
pub mod framework;
pub mod plugin;
pub mod provider;
pub mod resources;
pub mod secret;
pub mod value;
pub mod wire;
pub mod x509;
