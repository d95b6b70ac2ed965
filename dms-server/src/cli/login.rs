//! `dms login`, `dms logout`, `dms whoami`.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::json;
use tokio::time::{Instant, sleep};

use super::logins::{self, Login, Logins};
use super::titles::with_schema;
use super::when::{self, When};
use super::{Client, Connection, Failure};
use crate::auth::routes::Session;
use crate::config;
use crate::grant::routes::{Ask, Asked, GRANT_TYPE, Granted, NotGranted};

/// The version of the JSON that these commands print.
const SCHEMA: u8 = 1;
/// How much longer to wait after a `slow_down` (RFC 8628, section 3.5).
const SLOWER: Duration = Duration::from_secs(5);
/// The longest time between two asks, whatever the server wants.
const INTERVAL_MAX: Duration = Duration::from_secs(60);
/// The longest time that a person is waited for, whatever the server says.
const WAIT_MAX: Duration = Duration::from_secs(3600);

/// Arguments of `dms login`.
#[derive(clap::Args, Debug)]
#[command(
    after_help = "Shows a code and the address of a page. Open the page in any browser, on this machine or \
another, sign in there as always, compare the code, approve. The other commands then act for you until \
`dms logout`, at most 30 days unless the server is set otherwise; the token lies in ~/.config/dms/logins.json.

Examples:
  dms login --server https://dms.example.com
  dms login --server https://dms.internal --ca-file company-ca.pem
  dms whoami"
)]
pub struct LoginArgs {
    /// Print JSON: first the code, then who signed in
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    connection: Connection,
}

/// Arguments of `dms logout`.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:
  dms logout
  dms logout --server https://dms.example.com
  dms logout --forget     (the server is gone: only removes the token here)")]
pub struct LogoutArgs {
    /// Remove the token here without revoking it at the server
    #[arg(long)]
    forget: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    connection: Connection,
}

/// Arguments of `dms whoami`.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:
  dms whoami
  dms whoami --json | jq -r '.may[]'")]
pub struct WhoamiArgs {
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    connection: Connection,
}

/// Signs in.
///
/// # Errors
/// [`Failure`].
pub async fn login(args: LoginArgs) -> Result<(), Failure> {
    // Before anybody approves anything: there must be a place to keep the token.
    logins::place().ok_or_else(logins::nowhere)?;
    let mut logins = Logins::read()?;
    let client = Client::anonymous(&args.connection, &logins)?;
    let ask = Ask {
        client_id: "dms".to_owned(),
        device_name: config::machine(),
    };
    let request = client.request(Method::POST, "/api/v1/grants").form(&ask);
    let asked: Asked = client.json(request).await?;
    show(&asked, args.json)?;
    let granted = wait(&client, &asked).await?;
    let expires_ms = When::after_seconds(granted.expires_in);
    let client = client.with_token(&granted.access_token);
    let session: Session = client.get("/session").await?;
    let login = Login {
        token: granted.access_token,
        token_id: granted.token_id,
        subject: session.subject.clone(),
        expires_ms,
        ca_file: args.connection.authority(&logins, client.url())?,
    };
    logins.keep(client.url(), login)?;
    if args.connection.names_token() {
        eprintln!(
            "note: --token-file or DMS_TOKEN_FILE is set and goes before this sign-in; unset it"
        );
    }
    tell(&client, &session, "login", Some(expires_ms), args.json)
}

fn show(asked: &Asked, json: bool) -> Result<(), Failure> {
    if json {
        let codes = json!({
            "user_code": asked.user_code,
            "verification_uri": asked.verification_uri,
            "verification_uri_complete": asked.verification_uri_complete,
            "expires_in": asked.expires_in,
        });
        println!("{}", with_schema(&codes, SCHEMA)?);
    } else {
        eprintln!("Open   {}", asked.verification_uri_complete);
        eprintln!("Code   {}", asked.user_code);
        eprintln!(
            "Approve there if the page shows this code. Waiting for {} minutes.",
            asked.expires_in / 60
        );
    }
    Ok(())
}

/// Asks until the person answered, or the code is over.
async fn wait(client: &Client, asked: &Asked) -> Result<Granted, Failure> {
    let seconds = |n: i64| Duration::from_secs(n.max(1).unsigned_abs());
    let mut interval = seconds(asked.interval).min(INTERVAL_MAX);
    let until = Instant::now() + seconds(asked.expires_in).min(WAIT_MAX) + interval;
    let form = [
        ("grant_type", GRANT_TYPE),
        ("device_code", &asked.device_code),
    ];
    while Instant::now() < until {
        sleep(interval).await;
        let request = client.request(Method::POST, "/api/v1/grants/token");
        let answer = match client.send_any(request.form(&form)).await {
            Ok(answer) => answer,
            // The server restarts, or the laptop slept: the code may still be good.
            Err(failure) if failure.is_passing() => continue,
            Err(failure) => return Err(failure),
        };
        if answer.status() != StatusCode::BAD_REQUEST {
            match client.read(answer).await {
                Err(failure) if failure.is_passing() => continue,
                granted => return granted,
            }
        }
        let not: NotGranted = client.parse(answer).await?;
        match not.error.as_str() {
            "authorization_pending" => {}
            "slow_down" => interval = (interval + SLOWER).min(INTERVAL_MAX),
            _ => return Err(Failure::NotLetIn(not.error_description)),
        }
    }
    let why = "Nobody answered in time. Run dms login again.";
    Err(Failure::NotLetIn(why.to_owned()))
}

/// Signs out: revokes the token at the server and removes it here.
///
/// # Errors
/// [`Failure`].
pub async fn logout(args: LogoutArgs) -> Result<(), Failure> {
    let mut logins = Logins::read()?;
    let url = args.connection.url(&logins)?;
    let Some(login) = logins.of(&url).cloned() else {
        return Err(Failure::Input(format!(
            "not signed in to {url}; dms whoami tells where you are"
        )));
    };
    if !args.forget {
        let client = Client::anonymous(&args.connection, &logins)?.with_token(&login.token);
        let path = format!("/api/v1/tokens/{}", login.token_id);
        match client.send(client.request(Method::DELETE, &path)).await {
            Ok(_) => {}
            // Revoked elsewhere, or ended by itself.
            Err(Failure::Refused(problem)) if matches!(problem.status, 401 | 404) => {}
            Err(failure) => {
                eprintln!(
                    "dms: the token is still here and may be good; --forget only removes it here"
                );
                return Err(failure);
            }
        }
    }
    logins.forget(&url)?;
    if args.json {
        let done = json!({"server": url, "subject": login.subject, "revoked": !args.forget});
        println!("{}", with_schema(&done, SCHEMA)?);
    } else {
        eprintln!("signed out of {url}");
    }
    Ok(())
}

/// Says who the commands act for.
///
/// # Errors
/// [`Failure`].
pub async fn whoami(args: WhoamiArgs) -> Result<(), Failure> {
    let client = Client::new(&args.connection)?;
    let session: Session = client.get("/session").await?;
    let logins = Logins::read()?;
    let login = logins.of(client.url());
    let login = login.filter(|login| client.has_token(&login.token));
    let by = if login.is_some() {
        "login"
    } else {
        "token file"
    };
    let until = login.map(|login| login.expires_ms);
    tell(&client, &session, by, until, args.json)
}

fn tell(
    client: &Client,
    session: &Session,
    by: &str,
    until: Option<i64>,
    json: bool,
) -> Result<(), Failure> {
    if json {
        let mut who = serde_json::to_value(session).map_err(|e| Failure::Input(e.to_string()))?;
        who["server"] = client.url().into();
        who["by"] = by.into();
        who["expires_ms"] = until.into();
        println!("{}", with_schema(&who, SCHEMA)?);
        return Ok(());
    }
    let until = until.map_or(String::new(), |ms| format!(" until {}", when::shown(ms)));
    println!(
        "{} at {} (tenant {}), roles: {}; by {by}{until}",
        session.subject,
        client.url(),
        session.tenant,
        session.roles
    );
    Ok(())
}
