//! Trying what the sandbox must refuse, from inside.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Command;
use std::thread;

/// Reports each attempt on standard output. True when everything is as it must be.
pub fn run(memory_bytes: u64) -> bool {
    let outside = Path::new("/tmp/dms-transcoder-sandbox-selftest");
    let forbidden = [
        (
            "connect over TCP",
            refused(TcpStream::connect("127.0.0.1:9")),
        ),
        ("listen on TCP", refused(TcpListener::bind("127.0.0.1:0"))),
        ("open a UDP socket", refused(UdpSocket::bind("127.0.0.1:0"))),
        ("make a socket pair", refused(UnixStream::pair())),
        ("read a file", refused(File::open("/etc/passwd"))),
        (
            "read its own program",
            refused(File::open("/proc/self/exe")),
        ),
        ("list a folder", refused(fs::read_dir("/"))),
        (
            "ask whether a path exists",
            refused(fs::metadata("/etc/passwd")),
        ),
        ("create a file", refused(File::create(outside))),
        ("make a folder", refused(fs::create_dir(outside))),
        (
            "remove a file",
            refused(fs::remove_file("/etc/hostname-that-is-not-there")),
        ),
        (
            "start a program",
            refused(Command::new("/bin/true").status()),
        ),
        (
            "change a limit",
            rlimit::setrlimit(rlimit::Resource::NOFILE, 9, 9).is_err(),
        ),
        ("take more memory than allowed", too_much(memory_bytes)),
    ];
    let allowed = [
        ("start a thread", thread::spawn(|| 1).join().is_ok()),
        (
            "take memory",
            Vec::<u8>::new().try_reserve_exact(16 << 20).is_ok(),
        ),
    ];
    let forbidden = forbidden.map(|(what, refused)| (what, refused, "refused", "ALLOWED"));
    let allowed = allowed.map(|(what, works)| (what, works, "works", "FAILS"));
    let mut good = true;
    for (what, as_it_must_be, yes, no) in forbidden.into_iter().chain(allowed) {
        println!("{what}: {}", if as_it_must_be { yes } else { no });
        good &= as_it_must_be;
    }
    good
}

/// Refused for want of a right, not for another reason.
fn refused<T>(attempt: io::Result<T>) -> bool {
    attempt.is_err_and(|error| error.kind() == ErrorKind::PermissionDenied)
}

fn too_much(memory_bytes: u64) -> bool {
    let bytes = usize::try_from(memory_bytes).unwrap_or(usize::MAX);
    Vec::<u8>::new().try_reserve_exact(bytes).is_err()
}
