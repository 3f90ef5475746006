//! The plugin protocol: one thin function for each RPC, and the conversions
//! between its messages and the framework. Nothing here knows what a provider is for.

pub mod pb;

mod convert;
mod data;
mod function;
mod list;
mod process;
mod resource;
mod schema;
mod service;
mod supervise;

#[cfg(test)]
mod tests;

pub use service::Service;
