//! The servers as child processes, and what they cost.

use std::{
    net::SocketAddr,
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use crate::{
    Problem,
    site::{Site, free_address},
};

/// How long a server may take to listen.
const START: Duration = Duration::from_secs(20);

/// A running server, killed when dropped.
pub struct Server {
    child: Child,
}

/// What is asked, and how.
#[derive(Clone, Copy)]
pub struct Target {
    /// Its name in the table.
    pub name: &'static str,
    /// Where it listens.
    pub address: SocketAddr,
    /// Whether it speaks TLS.
    pub tls: bool,
    /// Whether it asks for a client certificate.
    pub mutual: bool,
    /// Path of a chunk, before its id; `{2}` is the id's first two digits.
    pub path: &'static str,
}

impl Server {
    async fn start(mut command: Command, address: SocketAddr) -> Result<Self, Problem> {
        command.stdin(Stdio::null()).stdout(Stdio::null());
        let mut server = Self {
            child: command.spawn().map_err(|e| format!("{command:?}: {e}"))?,
        };
        let start = tokio::time::Instant::now();
        while tokio::net::TcpStream::connect(address).await.is_err() {
            if let Some(status) = server.child.try_wait()? {
                return Err(format!("{command:?} ended: {status}").into());
            }
            if start.elapsed() > START {
                return Err(format!("{command:?} does not listen on {address}").into());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(server)
    }

    /// Processor time so far, user and system.
    pub fn cpu(&self) -> Result<Duration, Problem> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        let (_, after) = stat.rsplit_once(')').ok_or("no such statistics")?;
        // Fields 14 and 15 of proc(5), the third being the first after the name; 100 ticks a second.
        let ticks = after.split_whitespace().skip(11).take(2);
        let ticks: u64 = ticks.filter_map(|t| t.parse::<u64>().ok()).sum();
        Ok(Duration::from_millis(ticks * 10))
    }

    /// The most memory it had, MiB.
    pub fn peak_mib(&self) -> Result<f64, Problem> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:"));
        let kib = line.and_then(|l| l.split_whitespace().next());
        Ok(kib.and_then(|k| k.parse::<f64>().ok()).unwrap_or(f64::NAN) / 1024.0)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn command(program: &Path, by: &str) -> Command {
    let mut words = by.split_whitespace();
    match words.next() {
        None => Command::new(program),
        Some(first) => {
            let mut command = Command::new(first);
            command.args(words).arg(program);
            command
        }
    }
}

/// The peer, with enough upload slots that none is missing.
pub async fn edge_peer(site: &Site, program: &Path, by: &str) -> Result<Server, Problem> {
    let local = free_address()?;
    let mut command = command(program, by);
    command
        .arg("run")
        .arg("--state")
        .arg(site.path("state"))
        .args(["--chunk-listen", &site.peer.to_string()])
        .args(["--local-listen", &local.to_string()])
        .args(["--upload-slots", "64", "--weight", "100"])
        .args(["--log", "error"]);
    Server::start(command, site.peer).await
}

/// The peer's chunk listener.
pub fn peer_target(site: &Site) -> Target {
    Target {
        name: "edge-peer mTLS",
        address: site.peer,
        tls: true,
        mutual: true,
        path: "/v1/chunks/",
    }
}

/// nginx with three listeners over the same files.
pub struct Nginx {
    /// The process: one worker and no master.
    pub server: Server,
    clear: SocketAddr,
    tls: SocketAddr,
    mutual: SocketAddr,
}

impl Nginx {
    /// Starts it with a configuration of its own.
    pub async fn start(site: &Site, by: &str) -> Result<Self, Problem> {
        let (clear, tls, mutual) = (free_address()?, free_address()?, free_address()?);
        let file = site.path("nginx.conf");
        std::fs::write(&file, configuration(site, clear, tls, mutual))?;
        let mut command = command(Path::new("nginx"), by);
        command.arg("-c").arg(&file).arg("-p").arg(site.path(""));
        let server = Server::start(command, clear).await?;
        Ok(Self {
            server,
            clear,
            tls,
            mutual,
        })
    }

    /// Its listeners.
    pub fn targets(&self) -> Vec<Target> {
        let target = |name, address, tls, mutual| Target {
            name,
            address,
            tls,
            mutual,
            path: "/{2}/",
        };
        vec![
            target("nginx sendfile", self.clear, false, false),
            target("nginx TLS", self.tls, true, false),
            target("nginx mTLS", self.mutual, true, true),
        ]
    }
}

fn configuration(site: &Site, clear: SocketAddr, tls: SocketAddr, mutual: SocketAddr) -> String {
    let path = |name: &str| site.path(name).display().to_string();
    let (certificate, key) = (path("state/device.pem"), path("state/device.key"));
    let (ca, chunks) = (path("state/ca.pem"), path("state/cache/chunks"));
    let common =
        format!("ssl_certificate {certificate}; ssl_certificate_key {key}; ssl_protocols TLSv1.3;");
    format!(
        "daemon off; master_process off; pid {pid}; error_log stderr crit; user root;\n\
         events {{ worker_connections 512; }}\n\
         http {{\n\
         access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000;\n\
         client_body_temp_path {tmp}; proxy_temp_path {tmp}; fastcgi_temp_path {tmp};\n\
         uwsgi_temp_path {tmp}; scgi_temp_path {tmp};\n\
         default_type application/octet-stream; open_file_cache max=4096;\n\
         server {{ listen {clear}; root {chunks}; }}\n\
         server {{ listen {tls} ssl; root {chunks}; {common} }}\n\
         server {{ listen {mutual} ssl; root {chunks}; {common}\n\
         ssl_verify_client on; ssl_client_certificate {ca}; }}\n\
         }}\n",
        pid = path("nginx.pid"),
        tmp = path("nginx-tmp"),
    )
}
