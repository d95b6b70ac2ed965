//! Resource limits of the process.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};

use dms_transcoder_protocol::Limits;
use rlimit::{Resource, setrlimit};

/// Files open at once: standard streams, their copies, and one of the debug folder.
const FILES: u64 = 24;

/// The kernel ends the process so many seconds of processor time after the watchdog should
/// have.
const GRACE_S: u64 = 10;

/// Sets the limits. The memory limit is on private writable memory, not on address space: unused
/// reservations of allocators and thread stacks cost nothing.
pub fn set(limits: &Limits, writes_files: bool) -> io::Result<()> {
    let both = |resource: Resource, most: u64| {
        let (_, hard) = resource.get()?;
        let most = most.min(hard);
        setrlimit(resource, most, most)
    };
    both(Resource::CORE, 0)?;
    both(Resource::NOFILE, FILES)?;
    both(Resource::CPU, u64::from(limits.cpu_s) + GRACE_S)?;
    both(Resource::DATA, limits.memory_bytes)?;
    // A parent may have sent standard error to a file: writing there must go on.
    let to_file = is_file(io::stdout().as_fd()) || is_file(io::stderr().as_fd());
    if !writes_files && !to_file {
        both(Resource::FSIZE, 0)?;
    }
    Ok(())
}

fn is_file(stream: BorrowedFd<'_>) -> bool {
    let metadata = stream
        .try_clone_to_owned()
        .and_then(|copy| File::from(copy).metadata());
    metadata.is_ok_and(|metadata| metadata.is_file())
}
