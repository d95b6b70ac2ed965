//! `dms keys`: the key encryption keys of a running server.

use std::time::Duration;

use reqwest::Method;

use super::titles::with_schema;
use super::{Client, Connection, Failure, when};
use crate::keys::routes::{KekList, KekView};

/// The version of the JSON that these commands print.
const SCHEMA: u8 = 1;

/// How often `--wait` asks.
const ASK: Duration = Duration::from_millis(500);

/// Arguments of `dms keys`.
#[derive(clap::Args, Debug)]
#[command(
    after_help = "A rotation makes a new key encryption key and wraps every title key and sealed secret anew, \
while everything goes on. No title is encrypted again. Servers on one database share one keys folder, or the new \
file kek-ID.key is copied to each. Back up the keys folder after a rotation.

Examples:
  dms keys
  dms keys rotate --wait
  dms keys remove 3f1c29a07be45d12"
)]
pub struct KeysArgs {
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
    /// The keys, and how far a rotation is (the default)
    Status,
    /// Make a new key encryption key
    Rotate {
        /// Wait until nothing needs the old one
        #[arg(long)]
        wait: bool,
    },
    /// Remove a retired key for good; backups of the database from before it was retired need it
    Remove {
        /// Its name, as `dms keys` shows it
        id: String,
    },
}

/// Runs the command.
///
/// # Errors
/// [`Failure`].
pub async fn run(args: KeysArgs) -> Result<(), Failure> {
    let client = Client::new(&args.connection)?;
    match args.verb.unwrap_or(Verb::Status) {
        Verb::Status => show(&client.get("/api/v1/keys").await?, args.json),
        Verb::Rotate { wait } => {
            let request = client.request(Method::POST, "/api/v1/keys/rotate");
            let mut list: KekList = client.json(request).await?;
            // Ends with the rotation; Ctrl-C ends only the waiting.
            while wait && list.rewrapping {
                tokio::time::sleep(ASK).await;
                list = client.get("/api/v1/keys").await?;
            }
            show(&list, args.json)
        }
        Verb::Remove { id } => {
            let path = format!("/api/v1/keys/{id}");
            client.send(client.request(Method::DELETE, &path)).await?;
            eprintln!("removed {id}");
            Ok(())
        }
    }
}

fn show(list: &KekList, json: bool) -> Result<(), Failure> {
    if json {
        println!("{}", with_schema(list, SCHEMA)?);
        return Ok(());
    }
    list.items.iter().for_each(|kek| println!("{}", line(kek)));
    if list.rewrapping {
        eprintln!(
            "{} keys and secrets are still to be wrapped anew",
            list.left
        );
    }
    Ok(())
}

fn line(kek: &KekView) -> String {
    format!(
        "{}  {:<10}  made {}  needed by {}",
        kek.id,
        kek.state,
        when::shown(kek.made_ms),
        kek.needed_by
    )
}
