//! The `edge-peer` program.

use std::process::ExitCode;

/// The default allocator of glibc doubles the system time of sending TLS records of chunk size.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    edge_peer::command::main()
}
