//! What the system says about this PC: power, link, free disk space.
//!
//! Linux is asked through `/sys`. What cannot be found out is `None`, never a guess.

pub mod surroundings;

use std::{
    fs, io,
    net::IpAddr,
    path::{Path, PathBuf},
};

/// How a PC is powered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Power {
    /// It has no battery.
    Desktop,
    /// It has one, and is plugged in.
    Mains,
    /// It runs on its battery.
    Battery,
}

/// What a network interface is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Link {
    /// A cable, or the loopback interface.
    Wired,
    /// Wi-Fi.
    Wireless,
    /// A mobile network: costs by the byte.
    Mobile,
    /// A tunnel to somewhere else.
    Vpn,
}

/// Where Linux tells about devices. Another root makes tests independent of the machine.
#[derive(Debug, Clone)]
pub struct Sys {
    root: PathBuf,
}

impl Default for Sys {
    fn default() -> Self {
        Self::at("/sys")
    }
}

impl Sys {
    /// The tree at `root`.
    #[must_use]
    pub fn at(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// How the PC is powered; none when the system does not say.
    #[must_use]
    pub fn power(&self) -> Option<Power> {
        let supplies = fs::read_dir(self.root.join("class/power_supply")).ok()?;
        let (mut battery, mut discharging, mut plugged) = (false, false, false);
        for supply in supplies.flatten() {
            let read = |name: &str| read_word(&supply.path().join(name));
            // A mouse's battery is not the PC's.
            if read("scope").as_deref() == Some("Device") {
                continue;
            }
            match read("type").as_deref() {
                Some("Battery") => {
                    battery = true;
                    discharging |= read("status").as_deref() == Some("Discharging");
                }
                Some("Mains" | "USB") => plugged |= read("online").as_deref() == Some("1"),
                _ => {}
            }
        }
        Some(match (battery, discharging && !plugged) {
            (false, _) => Power::Desktop,
            (true, false) => Power::Mains,
            (true, true) => Power::Battery,
        })
    }

    /// What the interface with this name is; none when there is none.
    #[must_use]
    pub fn link(&self, interface: &str) -> Option<Link> {
        let folder = self.root.join("class/net").join(interface);
        if interface.contains(['/', '.']) && !folder.is_dir() {
            return None;
        }
        let event = fs::read_to_string(folder.join("uevent")).ok()?;
        let kind = event
            .lines()
            .find_map(|line| line.strip_prefix("DEVTYPE="))
            .unwrap_or_default();
        // 65534 is the type of interfaces without link-level addresses: tunnels.
        let tunnel = folder.join("tun_flags").exists()
            || read_word(&folder.join("type")).is_some_and(|t| t == "65534" || t == "512");
        Some(match kind {
            "wwan" => Link::Mobile,
            "wlan" => Link::Wireless,
            "wireguard" => Link::Vpn,
            _ if tunnel => Link::Vpn,
            _ if folder.join("wireless").exists() => Link::Wireless,
            _ => Link::Wired,
        })
    }
}

/// The name of the interface that has this address.
#[must_use]
pub fn interface_of(address: IpAddr) -> Option<String> {
    let interfaces = if_addrs::get_if_addrs().ok()?;
    let exact = interfaces.iter().find(|i| i.ip() == address);
    let loopback = || {
        address
            .is_loopback()
            .then(|| interfaces.iter().find(|i| i.is_loopback()))
            .flatten()
    };
    exact.or_else(loopback).map(|i| i.name.clone())
}

/// Free space for this user in the file system of `path`, bytes.
///
/// # Errors
/// What the system said.
pub fn free_space(path: &Path) -> io::Result<u64> {
    let stat = rustix::fs::statvfs(path)?;
    Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
}

/// What this PC sent over TCP since it started, all programs together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sent {
    /// Segments.
    pub segments: u64,
    /// Segments sent again.
    pub again: u64,
}

/// What was sent so far; none when the system does not say.
#[must_use]
pub fn tcp_sent() -> Option<Sent> {
    let text = fs::read_to_string("/proc/net/snmp").ok()?;
    let mut lines = text.lines().filter_map(|l| l.strip_prefix("Tcp: "));
    let (names, values) = (lines.next()?, lines.next()?);
    let column = |name| {
        let mut columns = names.split_whitespace().zip(values.split_whitespace());
        columns.find(|(n, _)| *n == name)?.1.parse().ok()
    };
    Some(Sent {
        segments: column("OutSegs")?,
        again: column("RetransSegs")?,
    })
}

/// Sets how fast a connection's TCP sends.
///
/// # Errors
/// What the system said: it may not have it, or not allow it.
pub fn set_congestion(tcp: &tokio::net::TcpStream, name: &str) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    return socket2::SockRef::from(tcp).set_tcp_congestion(name.as_bytes());
    #[cfg(not(target_os = "linux"))]
    {
        let _ = (tcp, name);
        Err(io::ErrorKind::Unsupported.into())
    }
}

/// Lets a socket count as readable only when so many bytes wait on it, or its end: SO_RCVLOWAT.
/// Elsewhere than on Linux nothing changes.
///
/// # Errors
/// What the system said.
#[cfg(unix)]
pub fn set_receive_low_water(socket: &std::os::fd::OwnedFd, bytes: u32) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    {
        use std::os::fd::AsRawFd;
        let bytes = uapi::c::c_int::try_from(bytes).unwrap_or(uapi::c::c_int::MAX);
        let (level, option) = (uapi::c::SOL_SOCKET, uapi::c::SO_RCVLOWAT);
        uapi::setsockopt(socket.as_raw_fd(), level, option, &bytes).map_err(io::Error::from)
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = (socket, bytes);
        Ok(())
    }
}

/// How fast a connection's TCP sends: the name of it.
///
/// # Errors
/// What the system said.
#[cfg(all(test, target_os = "linux"))]
pub(crate) fn congestion(tcp: &tokio::net::TcpStream) -> io::Result<String> {
    let name = socket2::SockRef::from(tcp).tcp_congestion()?;
    let name: Vec<u8> = name.into_iter().take_while(|b| *b != 0).collect();
    Ok(String::from_utf8_lossy(&name).into_owned())
}

/// Opens a file if the system has its name in memory, without waiting for the disk. None: it has
/// not, or cannot say.
///
/// # Errors
/// What the system said, such as that there is no such file.
pub fn open_cached(path: &Path) -> io::Result<Option<fs::File>> {
    #[cfg(target_os = "linux")]
    {
        use rustix::{
            fs::{CWD, Mode, OFlags, ResolveFlags, openat2},
            io::Errno,
        };
        let flags = OFlags::RDONLY | OFlags::CLOEXEC;
        match openat2(CWD, path, flags, Mode::empty(), ResolveFlags::CACHED) {
            Ok(file) => Ok(Some(file.into())),
            Err(Errno::AGAIN | Errno::NOSYS | Errno::INVAL | Errno::PERM) => Ok(None),
            Err(e) => Err(e.into()),
        }
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = path;
        Ok(None)
    }
}

/// Reads what the system has in memory of a file at `at`, without waiting for the disk. None: it
/// has nothing of it, or cannot say.
///
/// # Errors
/// What the system said.
pub fn read_cached(file: &fs::File, bytes: &mut [u8], at: u64) -> io::Result<Option<usize>> {
    #[cfg(target_os = "linux")]
    {
        use rustix::io::{Errno, ReadWriteFlags, preadv2};
        let mut into = [io::IoSliceMut::new(bytes)];
        match preadv2(file, &mut into, at, ReadWriteFlags::NOWAIT) {
            Ok(read) => Ok(Some(read)),
            Err(Errno::AGAIN | Errno::OPNOTSUPP | Errno::NOSYS | Errno::INVAL) => Ok(None),
            Err(e) => Err(e.into()),
        }
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = (file, bytes, at);
        Ok(None)
    }
}

/// Reads a file at `at`; waits for the disk.
///
/// # Errors
/// What the system said.
pub fn read_at(file: &fs::File, bytes: &mut [u8], at: u64) -> io::Result<usize> {
    #[cfg(unix)]
    return std::os::unix::fs::FileExt::read_at(file, bytes, at);
    #[cfg(windows)]
    return std::os::windows::fs::FileExt::seek_read(file, bytes, at);
}

/// Makes the next reads of a file come from the disk where the system can be asked to.
pub fn forget_cached(file: &fs::File) {
    #[cfg(target_os = "linux")]
    let _ = rustix::fs::fadvise(file, 0, None, rustix::fs::Advice::DontNeed);
    #[cfg(not(target_os = "linux"))]
    let _ = file;
}

fn read_word(path: &Path) -> Option<String> {
    fs::read_to_string(path).ok().map(|s| s.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(files: &[(&str, &str)]) -> (tempfile::TempDir, Sys) {
        let dir = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = dir.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let sys = Sys::at(dir.path());
        (dir, sys)
    }

    #[test]
    fn power_is_read_from_the_supplies_of_the_pc_itself() {
        let battery = |status, online| {
            tree(&[
                ("class/power_supply/BAT0/type", "Battery\n"),
                ("class/power_supply/BAT0/status", status),
                ("class/power_supply/AC/type", "Mains\n"),
                ("class/power_supply/AC/online", online),
            ])
        };
        assert_eq!(
            battery("Discharging\n", "0\n").1.power(),
            Some(Power::Battery)
        );
        assert_eq!(battery("Charging\n", "1\n").1.power(), Some(Power::Mains));
        assert_eq!(
            battery("Discharging\n", "1\n").1.power(),
            Some(Power::Mains)
        );
        let mouse = tree(&[
            ("class/power_supply/hid/type", "Battery\n"),
            ("class/power_supply/hid/scope", "Device\n"),
            ("class/power_supply/hid/status", "Discharging\n"),
        ]);
        assert_eq!(mouse.1.power(), Some(Power::Desktop));
        assert_eq!(tree(&[("x", "")]).1.power(), None);
    }

    #[test]
    fn links_are_told_apart() {
        let (_dir, sys) = tree(&[
            ("class/net/eth0/uevent", "INTERFACE=eth0\n"),
            ("class/net/eth0/type", "1\n"),
            ("class/net/wlan0/uevent", "DEVTYPE=wlan\n"),
            ("class/net/wwan0/uevent", "DEVTYPE=wwan\n"),
            ("class/net/tun0/uevent", ""),
            ("class/net/tun0/type", "65534\n"),
            ("class/net/wg0/uevent", "DEVTYPE=wireguard\n"),
            ("class/net/lo/uevent", ""),
            ("class/net/lo/type", "772\n"),
        ]);
        let links = ["eth0", "wlan0", "wwan0", "tun0", "wg0", "lo", "none"].map(|n| sys.link(n));
        assert_eq!(
            links,
            [
                Some(Link::Wired),
                Some(Link::Wireless),
                Some(Link::Mobile),
                Some(Link::Vpn),
                Some(Link::Vpn),
                Some(Link::Wired),
                None
            ]
        );
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_system_counts_what_is_sent() {
        let sent = tcp_sent().unwrap();
        assert!(sent.again <= sent.segments);
    }

    #[test]
    fn free_space_is_the_file_systems() {
        assert!(free_space(Path::new("/")).unwrap() > 0);
        assert!(free_space(Path::new("/no/such/folder")).is_err());
    }
}
