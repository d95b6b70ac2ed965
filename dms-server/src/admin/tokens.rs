//! `dms token ...`, `dms admin token ...` and `dms admin enroll-token`.

use reqwest::Method;
use uuid::Uuid;

use super::print_json;
use crate::auth::Role;
use crate::auth::routes::{NewToken, Token};
use crate::cli::{Client, Failure, when};
use crate::device::routes::{EnrollmentToken, NewEnrollmentToken};
use crate::page::Page;

/// What is done with tokens.
#[derive(clap::Subcommand, Debug)]
pub(crate) enum TokenVerb {
    /// Make a token; it is printed once
    Create {
        /// Whom or what it is for
        #[arg(long)]
        name: String,
        /// What its holder may do; may be given several times
        #[arg(long = "role", value_enum, required = true)]
        roles: Vec<Role>,
        /// How long it lasts, days [default: until it is revoked]
        #[arg(long)]
        days: Option<u32>,
    },
    /// List the tokens, without their secrets
    List,
    /// Revoke a token and its sessions
    Revoke {
        /// Its id
        #[arg(value_parser = crate::cli::names::id)]
        token: Uuid,
    },
}

pub(crate) async fn run(client: &Client, verb: TokenVerb, as_json: bool) -> Result<(), Failure> {
    match verb {
        TokenVerb::Create { name, roles, days } => {
            let ttl_seconds = days.map(|days| days.saturating_mul(24 * 3600));
            let body = NewToken {
                name,
                roles,
                ttl_seconds,
            };
            let request = client.request(Method::POST, "/api/v1/tokens").json(&body);
            let made: Token = client.json(request).await?;
            if as_json {
                return print_json(&made);
            }
            println!("{}", made.token.unwrap_or_default());
            Ok(())
        }
        TokenVerb::List => {
            let mut cursor = String::new();
            loop {
                let path = format!("/api/v1/tokens?limit=500{cursor}");
                let page: Page<Token> = client.get(&path).await?;
                for token in &page.items {
                    if as_json {
                        print_json(token)?;
                    } else {
                        println!("{}", line(token));
                    }
                }
                match page.next_cursor {
                    Some(next) => cursor = format!("&cursor={next}"),
                    None => return Ok(()),
                }
            }
        }
        TokenVerb::Revoke { token } => {
            client
                .send(client.request(Method::DELETE, &format!("/api/v1/tokens/{token}")))
                .await?;
            eprintln!("revoked {token}");
            Ok(())
        }
    }
}

fn line(token: &Token) -> String {
    let until = token.expires_ms.map(when::shown);
    let until = until.map_or("until revoked".to_owned(), |at| format!("until {at}"));
    let of = match token.person {
        Some(person) => format!("of {person}"),
        None => "of the installation".to_owned(),
    };
    let (id, roles, name) = (token.id, token.roles.to_string(), &token.name);
    format!("{id}  {roles:<16}  {name}  {of}  {until}")
}

/// Makes an enrolment token and prints it, and nothing else, on standard output.
pub(super) async fn enrollment(
    client: &Client,
    new: &NewEnrollmentToken,
    as_json: bool,
) -> Result<(), Failure> {
    let request = client
        .request(Method::POST, "/api/v1/enrollment-tokens")
        .json(new);
    let made: EnrollmentToken = client.json(request).await?;
    if let Some(warning) = &made.warning {
        eprintln!("note: {warning}");
    }
    if as_json {
        return print_json(&made);
    }
    println!("{}", made.token);
    Ok(())
}
