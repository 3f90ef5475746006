//! Turns `../proto/` into Rust: messages and server stubs, without an external compiler.

use std::error::Error;

const FILES: [&str; 5] = [
    "tfplugin6.proto",
    "grpc_controller.proto",
    "grpc_stdio.proto",
    "grpc_broker.proto",
    "health.proto",
];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=../proto");
    let descriptors = protox::compile(FILES, ["../proto"])?;
    tonic_prost_build::configure()
        .build_client(false)
        // Sorted, so that the same answer is the same bytes in every process.
        .btree_map(".")
        .compile_fds(descriptors)?;
    Ok(())
}
