//! `dms audit`: the log of who did what.

use std::path::PathBuf;

use futures_util::StreamExt;
use tokio::io::{AsyncWrite, AsyncWriteExt};

use super::titles::with_schema;
use super::{Client, Connection, Failure, when};
use crate::audit::chain::{Fault, Report};
use crate::audit::routes::{Entries, Entry};

/// The version of the JSON that these commands print.
const SCHEMA: u8 = 1;
/// Rows that `list` shows unless asked otherwise.
const SHOWN: u16 = 50;

/// Arguments of `dms audit`.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:
  dms audit
  dms audit list --action device. --limit 200
  dms audit verify
  dms audit verify --head 1842:5f3c...   (a head that an earlier verification printed)
  dms audit export -o audit.jsonl")]
pub struct AuditArgs {
    #[command(subcommand)]
    verb: Option<Verb>,
    /// Print JSON
    #[arg(long, global = true)]
    json: bool,
    #[command(flatten)]
    connection: Connection,
}

#[derive(clap::Subcommand, Debug)]
enum Verb {
    /// The newest acts (the default)
    List(ListArgs),
    /// Check that every row is what was written and none is missing
    Verify {
        /// A head noted earlier, NUMBER:MAC; shows that the log was not rolled back since
        #[arg(long, value_name = "HEAD")]
        head: Option<String>,
    },
    /// Write the whole log as a JSON object a line
    Export {
        /// Where to [default: standard output]
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
        /// Only rows after this number, to continue an earlier export
        #[arg(long, default_value = "0", value_name = "NUMBER")]
        after: i64,
    },
}

#[derive(clap::Args, Debug, Default)]
struct ListArgs {
    /// Only what this person, token or device did: the name or the id
    #[arg(long)]
    actor: Option<String>,
    /// Only actions that begin like this
    #[arg(long)]
    action: Option<String>,
    /// Only what was done to the thing with this id
    #[arg(long)]
    object: Option<String>,
    /// How many, 1 to 500
    #[arg(long)]
    limit: Option<u16>,
}

/// Runs the command.
///
/// # Errors
/// [`Failure`]; also when the log is not whole.
pub async fn run(args: AuditArgs) -> Result<(), Failure> {
    let client = Client::new(&args.connection)?;
    match args.verb {
        None => list(&client, &ListArgs::default(), args.json).await,
        Some(Verb::List(which)) => list(&client, &which, args.json).await,
        Some(Verb::Verify { head }) => verify(&client, head.as_deref(), args.json).await,
        Some(Verb::Export { output, after }) => export(&client, output, after).await,
    }
}

async fn list(client: &Client, which: &ListArgs, json: bool) -> Result<(), Failure> {
    let limit = which.limit.unwrap_or(SHOWN).to_string();
    let mut query = vec![("limit", limit.as_str())];
    let asked = [
        ("actor", &which.actor),
        ("action", &which.action),
        ("object", &which.object),
    ];
    for (name, value) in asked {
        query.extend(value.as_deref().map(|value| (name, value)));
    }
    let request = client.request(reqwest::Method::GET, "/api/v1/audit");
    let found: Entries = client.json(request.query(&query)).await?;
    if json {
        println!("{}", with_schema(&found, SCHEMA)?);
    } else {
        found
            .items
            .iter()
            .for_each(|entry| println!("{}", line(entry)));
    }
    Ok(())
}

fn line(entry: &Entry) -> String {
    let detail = match entry.detail.as_object() {
        Some(detail) if detail.is_empty() => String::new(),
        _ => format!("  {}", entry.detail),
    };
    format!(
        "{:>6}  {}  {:<7} {:<20} {:<22} {} {}{detail}",
        entry.seq,
        when::shown(entry.at_ms),
        entry.actor_kind,
        entry.actor,
        entry.action,
        entry.object_kind,
        entry.object,
    )
}

async fn verify(client: &Client, head: Option<&str>, json: bool) -> Result<(), Failure> {
    let request = client.request(reqwest::Method::GET, "/api/v1/audit/verify");
    let query: Vec<_> = head.map(|head| ("head", head)).into_iter().collect();
    // A long log takes longer than other answers.
    let request = request
        .query(&query)
        .timeout(std::time::Duration::from_secs(3600));
    let report: Report = client.json(request).await?;
    if json {
        println!("{}", with_schema(&report, SCHEMA)?);
    } else {
        report
            .faults
            .iter()
            .for_each(|fault| println!("{}", said(fault)));
        if report.whole {
            println!("{} rows, all as they were written", report.rows);
        }
        println!("head {}", report.head);
    }
    if report.whole {
        return Ok(());
    }
    Err(Failure::Found(format!(
        "the audit log is not what was written: {} faults",
        report.faults.len()
    )))
}

fn said(fault: &Fault) -> String {
    match fault {
        Fault::Changed { seq } => format!("row {seq} was changed"),
        Fault::Missing { from, to } if from == to => format!("row {from} is gone"),
        Fault::Missing { from, to } => format!("rows {from} to {to} are gone"),
        Fault::Head => "the end was changed: the head does not fit the last row".to_owned(),
        Fault::Noted { seq } => {
            format!("the head you noted at row {seq} is not in this log: it was rolled back")
        }
    }
}

async fn export(client: &Client, output: Option<PathBuf>, after: i64) -> Result<(), Failure> {
    let path = format!("/api/v1/audit/export?after={after}");
    let request = client.request(reqwest::Method::GET, &path);
    let request = request.timeout(std::time::Duration::from_secs(24 * 3600));
    let answer = client.send(request).await?;
    let shown = output
        .clone()
        .unwrap_or_else(|| PathBuf::from("standard output"));
    let failed = |source| Failure::File {
        path: shown.clone(),
        source,
    };
    let mut out: Box<dyn AsyncWrite + Unpin + Send> = match &output {
        Some(path) => Box::new(tokio::fs::File::create(path).await.map_err(failed)?),
        None => Box::new(tokio::io::stdout()),
    };
    let mut bytes = answer.bytes_stream();
    while let Some(part) = bytes.next().await {
        let part = part.map_err(|error| Failure::Unreachable {
            url: client.url().to_owned(),
            cause: error.to_string(),
        })?;
        out.write_all(&part).await.map_err(failed)?;
    }
    out.flush().await.map_err(failed)
}
