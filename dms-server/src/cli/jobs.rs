//! `dms jobs`: list, show, retry, cancel.

use std::time::Duration;

use reqwest::Method;
use uuid::Uuid;

use super::titles::with_schema;
use super::{Client, Connection, Failure};
use crate::page::Page;
use crate::publish::work::view::{JobState, JobView};

/// The version of the JSON that these commands print.
const SCHEMA: u8 = 1;
/// How often `--watch` looks.
const WATCH: Duration = Duration::from_secs(1);

/// Arguments of `dms jobs`.
#[derive(clap::Args, Debug)]
#[command(
    after_help = "A job makes an uploaded file into a title that can be watched. It waits for a worker, runs, and is \
done or failed; `dms titles` shows the same from the title's side. Cancelling one leaves its source for some hours, \
in which it may be retried; a job that failed through its file has to be uploaded again.

Examples:
  dms jobs
  dms jobs --watch
  dms jobs ls --state failed
  dms jobs show 0190b6a2-... --watch
  dms jobs cancel 0190b6a2-...
  dms jobs retry 0190b6a2-... --watch
  dms jobs --json | jq -r '.items[] | select(.can_retry) | .id' | xargs -n1 dms jobs retry

Exit codes: 0 done, 1 the server failed, 2 wrong usage, 3 no such job, 4 not allowed, 5 the watched job failed
through its file (its code is printed), 6 the job cannot be cancelled or retried now, 7 server unreachable."
)]
pub struct JobsArgs {
    #[command(subcommand)]
    verb: Option<Verb>,
    /// Print JSON
    #[arg(long, global = true)]
    json: bool,
    /// Print the list again whenever it changes; with one job, until it is over
    #[arg(long, global = true)]
    watch: bool,
    #[command(flatten)]
    connection: Connection,
}

#[derive(clap::Subcommand, Debug)]
enum Verb {
    /// List jobs, newest first (the default: every job)
    #[command(visible_alias = "list")]
    Ls {
        /// Only jobs in this state
        #[arg(long)]
        state: Option<JobState>,
    },
    /// One job, with how far each rendition is
    Show {
        /// Its id
        job: Uuid,
    },
    /// Let a job that failed, or waits for its next attempt, begin anew
    Retry {
        /// Its id
        job: Uuid,
    },
    /// Cancel a job that waits or runs
    Cancel {
        /// Its id
        job: Uuid,
    },
}

/// Runs the command.
///
/// # Errors
/// [`Failure`].
pub async fn run(args: JobsArgs) -> Result<(), Failure> {
    let client = Client::new(&args.connection)?;
    let (json, watch) = (args.json, args.watch);
    match args.verb {
        None => list(&client, None, json, watch).await,
        Some(Verb::Ls { state }) => list(&client, state, json, watch).await,
        Some(Verb::Show { job }) => show(&client, job, json, watch).await,
        Some(Verb::Retry { job }) => {
            act(&client, job, "retry").await?;
            eprintln!("{job} begins anew");
            if watch {
                show(&client, job, json, true).await?;
            }
            Ok(())
        }
        Some(Verb::Cancel { job }) => {
            act(&client, job, "cancel").await?;
            eprintln!("cancelled {job}");
            Ok(())
        }
    }
}

async fn act(client: &Client, job: Uuid, verb: &str) -> Result<(), Failure> {
    let request = client.request(Method::POST, &format!("/api/v1/jobs/{job}/{verb}"));
    client.send(request).await.map(drop)
}

async fn list(
    client: &Client,
    state: Option<JobState>,
    json: bool,
    watch: bool,
) -> Result<(), Failure> {
    let mut shown = None;
    loop {
        let jobs = all(client, state).await?;
        let text = if json {
            with_schema(&serde_json::json!({ "items": jobs }), SCHEMA)?
        } else {
            jobs.iter().map(line).collect::<Vec<_>>().join("\n")
        };
        if shown.as_ref() != Some(&text) {
            match (text.is_empty(), state) {
                (false, _) => println!("{text}"),
                (true, Some(state)) => eprintln!("no job is {}", state.as_str()),
                (true, None) => eprintln!("no jobs yet; publish something with: dms publish FILE"),
            }
            shown = Some(text);
        }
        if !watch {
            return Ok(());
        }
        tokio::time::sleep(WATCH).await;
    }
}

/// Every page of the list.
async fn all(client: &Client, state: Option<JobState>) -> Result<Vec<JobView>, Failure> {
    let state = state.map_or_else(String::new, |state| format!("&state={}", state.as_str()));
    let mut jobs = Vec::new();
    let mut cursor = String::new();
    loop {
        let path = format!("/api/v1/jobs?limit=500{state}{cursor}");
        let page: Page<JobView> = client.get(&path).await?;
        jobs.extend(page.items);
        match page.next_cursor {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return Ok(jobs),
        }
    }
}

async fn show(client: &Client, job: Uuid, json: bool, watch: bool) -> Result<(), Failure> {
    let mut shown = None;
    loop {
        let job: JobView = client.get(&format!("/api/v1/jobs/{job}")).await?;
        let text = if json {
            with_schema(&job, SCHEMA)?
        } else {
            whole(&job)
        };
        if shown.as_ref() != Some(&text) {
            println!("{text}");
            shown = Some(text);
        }
        if !watch {
            return Ok(());
        }
        match (job.state, job.error) {
            (JobState::Failed, Some(error)) => {
                let (code, message) = (error.code, error.message);
                return Err(Failure::Title { code, message });
            }
            (JobState::Done | JobState::Failed, _) => return Ok(()),
            _ => tokio::time::sleep(WATCH).await,
        }
    }
}

/// A job on several lines.
fn whole(job: &JobView) -> String {
    let mut lines = vec![line(job), format!("  title {}", job.title)];
    let about = format!("  attempt {}, failed {} times", job.attempt, job.failures);
    lines.push(about);
    for rendition in &job.renditions {
        let (name, percent) = (&rendition.name, rendition.progress_percent);
        lines.push(format!("  {name:<10} {percent:>4.0} %"));
    }
    if let Some(error) = &job.error {
        lines.push(format!("  {}: {}", error.code, error.message));
    }
    match (job.can_cancel, job.can_retry) {
        (_, true) => lines.push(format!("  again: dms jobs retry {}", job.id)),
        (true, false) => lines.push(format!("  stop: dms jobs cancel {}", job.id)),
        (false, false) => {}
    }
    lines.join("\n")
}

fn line(job: &JobView) -> String {
    let state = match (job.state, &job.error) {
        (JobState::Failed, Some(error)) => format!("failed ({})", error.code),
        (JobState::Running, _) => {
            let left = job.eta_seconds.map(|s| format!(", {s} s left"));
            format!(
                "running {:.0} %{}",
                job.progress_percent,
                left.unwrap_or_default()
            )
        }
        (state, _) => state.as_str().to_owned(),
    };
    format!("{}  {state:<28} {:<5} {}", job.id, job.kind, job.title_name)
}
