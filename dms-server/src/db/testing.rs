//! Databases for tests: a fresh one of each engine, so that one suite runs over both.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use tokio::sync::OnceCell;
use uuid::Uuid;

use super::Db;
use crate::config;

/// One migrated, empty database; its folder goes when it is dropped.
pub struct TestDb {
    /// The engine's name, for messages.
    pub name: &'static str,
    /// The database.
    pub db: Db,
    /// The URL it was opened by.
    pub url: String,
    _folder: Option<tempfile::TempDir>,
}

/// A fresh SQLite database and a fresh PostgreSQL database.
pub async fn engines() -> Vec<TestDb> {
    vec![sqlite().await, postgres().await]
}

/// A fresh SQLite database in a folder of its own.
pub async fn sqlite() -> TestDb {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let url = format!("sqlite://{}", folder.path().join("dms.db").display());
    TestDb {
        name: "sqlite",
        db: open(&url).await,
        url,
        _folder: Some(folder),
    }
}

/// A fresh database on the test process's own PostgreSQL server.
pub async fn postgres() -> TestDb {
    let url = postgres_url().await;
    TestDb {
        name: "postgres",
        db: open(&url).await,
        url,
        _folder: None,
    }
}

/// The URL of a fresh, empty database on the test process's own PostgreSQL server.
pub async fn postgres_url() -> String {
    static SERVER: OnceCell<Server> = OnceCell::const_new();
    SERVER
        .get_or_init(|| async { blocking(Server::start).await })
        .await
        .create_database()
        .await
}

async fn open(url: &str) -> Db {
    let config = config::Database {
        url: url.to_owned(),
        max_connections: 4,
    };
    let db = Db::open(&config).await.expect("the database opens");
    db.migrate().await.expect("the schema is made");
    db
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work)
        .await
        .expect("the task ends")
}

/// A private PostgreSQL server that lives as long as this process: a shell holds it, waits for the end of
/// its standard input (which comes however this process ends), then stops the server and
/// removes its folder.
struct Server {
    programs: PathBuf,
    port: u16,
    _keeper: Child,
}

/// Durability is off: a test's database need not survive a power cut.
const KEEPER: &str = r#"
trap '' INT TERM
folder=$(mktemp -d /tmp/dms-test-pg.XXXXXX) && cd "$folder" || exit 1
"$1/initdb" -D data -U postgres -A trust -E UTF8 --locale=C --no-sync >initdb.log 2>&1 ||
  { cat initdb.log >&2; exit 1; }
"$1/pg_ctl" -D data -w -t 60 -l server.log -o "-p $2 -k $folder \
  -c listen_addresses=127.0.0.1 -c fsync=off \
  -c full_page_writes=off -c synchronous_commit=off \
  -c shared_buffers=16MB -c max_connections=300" start >start.log 2>&1 ||
  { cat start.log server.log >&2; exit 1; }
echo ready
cat >/dev/null
"$1/pg_ctl" -D data -m immediate stop >/dev/null 2>&1
rm -rf "$folder"
"#;

impl Server {
    fn start() -> Self {
        let programs = programs();
        // Taken from the kernel and given back at once; the server binds it a moment later.
        let probe = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = probe.local_addr().expect("its number").port();
        drop(probe);
        // initdb refuses to run as root; Debian's package made the user `postgres`.
        let root = Command::new("id")
            .arg("-u")
            .output()
            .is_ok_and(|o| o.stdout == b"0\n");
        let mut command = if root {
            let mut as_postgres = Command::new("runuser");
            as_postgres.args(["-u", "postgres", "--", "sh"]);
            as_postgres
        } else {
            Command::new("sh")
        };
        let mut keeper = command
            .args(["-c", KEEPER, "keeper"])
            .arg(&programs)
            .arg(port.to_string())
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a shell starts");
        let mut line = String::new();
        let out = keeper.stdout.take().expect("piped");
        BufReader::new(out)
            .read_line(&mut line)
            .expect("the keeper speaks");
        assert_eq!(
            line, "ready\n",
            "PostgreSQL did not start; its messages stand above"
        );
        Self {
            programs,
            port,
            _keeper: keeper,
        }
    }

    async fn create_database(&self) -> String {
        let name = format!("t{}", Uuid::new_v4().simple());
        let port = self.port;
        let mut command = Command::new(self.programs.join("createdb"));
        command.args([
            "-h",
            "127.0.0.1",
            "-U",
            "postgres",
            "-p",
            &port.to_string(),
            &name,
        ]);
        let made = blocking(move || command.status())
            .await
            .expect("createdb runs");
        assert!(made.success(), "createdb failed");
        format!("postgres://postgres@127.0.0.1:{port}/{name}")
    }
}

/// The newest `/usr/lib/postgresql/*/bin`.
fn programs() -> PathBuf {
    let mut versions: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .expect("install PostgreSQL: apt-get install postgresql")
        .filter_map(|entry| Some(entry.ok()?.path().join("bin")))
        .filter(|bin| bin.join("initdb").exists())
        .collect();
    versions.sort();
    versions
        .pop()
        .expect("install PostgreSQL: apt-get install postgresql")
}
