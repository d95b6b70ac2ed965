//! The topics of the configuration. Each field's comment states its unit and the reason for
//! its default; `dms config show` prints them.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use super::topic::topic;

const fn loopback(port: u16) -> SocketAddr {
    SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), port)
}

topic! {
    /// The listener for people, programs and enrolment.
    pub struct Public {
        /// Address to listen on. Loopback, because without a certificate the listener speaks plain HTTP.
        pub listen: SocketAddr = loopback(8080);
        /// The URL people reach this server by, without a path; empty means `http(s)://<listen>`.
        /// It is the only origin whose pages may use the session cookie.
        pub origin: String = String::new();
        /// PEM file with the certificate chain; with `tls_key` it turns HTTPS on.
        pub tls_certificate: PathBuf = PathBuf::new();
        /// PEM file with the certificate's private key.
        pub tls_key: PathBuf = PathBuf::new();
        /// The most connections served at once; more wait in the kernel's queue.
        pub max_connections: usize = 2_048;
        /// Seconds a connection has to send the head of a request.
        pub header_timeout_s: u64 = 10;
    }
}

topic! {
    /// The listener for enrolled devices: HTTP/1.1 over TLS 1.3 with client certificates.
    pub struct Device {
        /// Address to listen on.
        pub listen: SocketAddr = loopback(8443);
        /// The URL devices reach this listener by, given to them at enrolment; empty means
        /// `https://<listen>`.
        pub url: String = String::new();
        /// The most connections served at once; each device keeps a few.
        pub max_connections: usize = 20_000;
        /// Seconds a connection has to finish its TLS handshake.
        pub handshake_timeout_s: u64 = 10;
        /// Seconds a connection has to send the head of a request.
        pub header_timeout_s: u64 = 10;
        /// Seconds between a peer's totals; a peer silent for three of them leaves the roster.
        pub heartbeat_s: u32 = 10;
        /// Hours a device certificate is valid; short, because revocation is by not renewing.
        pub certificate_hours: u32 = 24;
    }
}

topic! {
    /// People with accounts of this server.
    pub struct People {
        /// Whether owners and IT administrators who sign in with a password must give one-time codes, too.
        pub require_codes: bool = true;
        /// Days that a command line stays signed in after `dms login`.
        pub login_days: u16 = 30;
    }
}

topic! {
    /// Signing in through the company's identity provider (OpenID Connect).
    pub struct Oidc {
        /// The provider's issuer, exactly as it spells it, such as `https://login.example.com/realms/acme`;
        /// empty turns it off.
        pub issuer: String = String::new();
        /// What the provider calls this server.
        pub client_id: String = String::new();
        /// File with the secret that the provider gave; empty means a public client, which has none.
        pub client_secret_file: PathBuf = PathBuf::new();
        /// What is asked for, separated by spaces; `openid` must be among them.
        pub scopes: String = "openid profile email groups".into();
        /// The claim with a person's sign-in name; without it the address, then the subject is taken.
        pub login_claim: String = "preferred_username".into();
        /// The claim with the groups that a person is in.
        pub groups_claim: String = "groups".into();
        /// The claim with where a person's usage is counted.
        pub department_claim: String = "department".into();
        /// Which group gives which role, as `GROUP=ROLE` such as `dms-admins=owner`. If there is any, every
        /// sign-in replaces a person's roles by `viewer` and what the groups give; if there is none, people
        /// are viewers until an administrator gives them more.
        pub roles: Vec<String> = Vec::new();
        /// Who it is, for the button "Sign in with ...".
        pub name: String = "your company".into();
    }
}

topic! {
    /// Where metadata lives.
    pub struct Database {
        /// `sqlite://PATH` or `postgres://USER:PASSWORD@HOST/NAME`; empty means the file
        /// `dms.db` in the data folder.
        pub url: String = String::new();
        /// The most connections to the database (SQLite: readers; it has one writer besides).
        pub max_connections: u32 = 4;
    }
}

topic! {
    /// Where chunks, manifests, pictures and masters live.
    pub struct Storage {
        /// `file:///PATH` or `s3://BUCKET/PREFIX`; empty means the folder `store` in the data
        /// folder. S3 credentials come from the environment's usual AWS variables.
        pub url: String = String::new();
        /// URL of an S3-compatible server; empty means AWS.
        pub s3_endpoint: String = String::new();
        /// Region of the bucket.
        pub s3_region: String = "us-east-1".into();
        /// Whether the S3 endpoint may be plain HTTP; for a store on the same machine.
        pub s3_allow_http: bool = false;
        /// Bytes of chunks kept in memory for repeated requests; 0 turns it off.
        pub hot_bytes: u64 = 32 << 20;
    }
}

topic! {
    /// Who this installation is, and its secret keys.
    pub struct Keys {
        /// Folder of the key files (mode 0600); empty means `keys` in the data folder. They are
        /// made at the first start. Losing them loses every published title: back them up.
        pub folder: PathBuf = PathBuf::new();
        /// The company; it is bound into every sealed segment and cannot change later.
        pub tenant: String = "default".into();
    }
}

topic! {
    /// Uploads and transcoding.
    pub struct Media {
        /// The program `dms-transcoder`; empty means next to this program.
        pub transcoder: PathBuf = PathBuf::new();
        /// Folder for temporary files of running jobs; empty means `work` in the data folder.
        pub work_folder: PathBuf = PathBuf::new();
        /// Jobs at once in this process; 0 lets another `dms worker` do them all.
        pub jobs: usize = 1;
        /// Threads of one transcoder; 0 means one per processor.
        pub threads: u32 = 0;
        /// The largest upload, bytes.
        pub max_upload_bytes: u64 = 64 << 30;
        /// Bytes of one publisher's uploads and waiting sources at once, by their declared lengths.
        pub upload_quota_bytes: u64 = 256 << 30;
        /// Hours an unfinished upload is kept after its last byte.
        pub upload_hours: u32 = 24;
        /// The longest a job may take, seconds.
        pub job_timeout_s: u64 = 6 * 3600;
        /// The most memory of a transcoder, bytes.
        pub job_memory_bytes: u64 = 4 << 30;
        /// Whether a job is refused where the kernel cannot confine the transcoder (Landlock, seccomp).
        pub require_sandbox: bool = true;
        /// Length of a segment, milliseconds: short enough to start soon, long enough to compress well.
        pub segment_ms: u32 = 4_000;
        /// Hours a licence lasts.
        pub license_hours: u32 = 12;
    }
}

topic! {
    /// What the server fetches from addresses that people typed: webhooks, the identity provider.
    pub struct Egress {
        /// Subnets that may be called although they are not public, such as `10.20.0.0/16`; also over plain
        /// HTTP. None, because a URL that somebody types must not reach what only this machine can.
        pub allow: Vec<String> = Vec::new();
        /// PEM file with further certificate authorities, for receivers inside the company; empty means
        /// only those the system knows.
        pub ca_file: PathBuf = PathBuf::new();
    }
}

topic! {
    /// The listener for Prometheus.
    pub struct Metrics {
        /// Address to listen on; keep it on loopback or a management network.
        pub listen: SocketAddr = loopback(9464);
        /// The most sites with a label of their own; the rest count as `other`.
        pub max_sites: usize = 500;
    }
}

topic! {
    /// What the server writes to standard error.
    pub struct Log {
        /// `pretty` for people, `json` for machines.
        pub format: String = "pretty".into();
        /// Which events: `error`, `warn`, `info`, `debug`, `trace`, or a filter such as
        /// `info,dms_server::site=debug`.
        pub filter: String = "info".into();
    }
}
