//! `dms plans`: collections, who is subscribed to them, and rentals.

use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use super::find::{self, COLLECTION, TITLE};
use super::titles::with_schema;
use super::when::{self, When};
use super::{Client, Connection, Failure, names};
use crate::rights::plans::routes::Collection;

/// The version of the JSON that these commands print.
const SCHEMA: u8 = 1;

/// Arguments of `dms plans`.
#[derive(clap::Args, Debug)]
#[command(
    after_help = "What people have beyond a title's policy: `dms policy set TITLE --plan subscription:COLLECTION` or \
`--plan rental:48h` says that they need it.

Examples:
  dms plans add Talks
  dms plans subscribe Talks --group 'Sales' --until 2027-12-31
  dms plans unsubscribe 0190c001-...
  dms plans rent 'All hands' ana@example.com"
)]
pub struct PlansArgs {
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
    /// List the collections, newest first (the default)
    List,
    /// Make a collection
    Add {
        /// Its name
        name: String,
    },
    /// Subscribe a person, or everybody of a group, to a collection; prints the subscription's id
    Subscribe(Subscribe),
    /// End a subscription now
    Unsubscribe {
        /// Its id
        #[arg(value_parser = names::id)]
        subscription: Uuid,
    },
    /// Rent a title to a person; its time runs from the first play
    Rent {
        /// The title, by name or id
        title: String,
        /// The person
        who: String,
    },
}

#[derive(clap::Args, Debug)]
struct Subscribe {
    /// The collection, by name or id
    collection: String,
    /// The person
    #[arg(
        long,
        value_name = "WHO",
        required_unless_present = "group",
        conflicts_with = "group"
    )]
    person: Option<String>,
    /// The group, by name or id
    #[arg(long)]
    group: Option<String>,
    /// Its first moment: 2h or 3d from now, or a UTC date [default: now]
    #[arg(long, value_parser = when::parse, value_name = "WHEN")]
    from: Option<When>,
    /// The first moment after it
    #[arg(long, value_parser = when::parse, value_name = "WHEN")]
    until: When,
}

/// Runs the command.
///
/// # Errors
/// [`Failure`].
pub async fn run(args: PlansArgs) -> Result<(), Failure> {
    let client = Client::new(&args.connection)?;
    let (path, body) = match args.verb.unwrap_or(Verb::List) {
        Verb::List => return list(&client, args.json).await,
        Verb::Unsubscribe { subscription } => {
            let path = format!("/api/v1/subscriptions/{subscription}");
            client.send(client.request(Method::DELETE, &path)).await?;
            eprintln!("ended {subscription}");
            return Ok(());
        }
        Verb::Add { name } => ("/api/v1/collections", json!({ "name": name })),
        Verb::Subscribe(new) => ("/api/v1/subscriptions", subscription(&client, new).await?),
        Verb::Rent { title, who } => {
            let title = find::id_of(&client, &TITLE, &title).await?;
            let person = find::person_id(&client, &who).await?;
            ("/api/v1/rentals", json!({"title": title, "person": person}))
        }
    };
    let request = client.request(Method::POST, path).json(&body);
    let made: Value = client.json(request).await?;
    if args.json {
        println!("{}", with_schema(&made, SCHEMA)?);
    } else {
        println!("{}", made["id"].as_str().unwrap_or_default());
    }
    Ok(())
}

async fn subscription(client: &Client, new: Subscribe) -> Result<Value, Failure> {
    let collection = find::id_of(client, &COLLECTION, &new.collection).await?;
    let member = match (&new.person, &new.group) {
        (Some(who), _) => find::person_id(client, who).await?,
        (None, Some(group)) => find::group_id(client, group).await?,
        (None, None) => return Err(Failure::Input("say --person WHO or --group GROUP".into())),
    };
    Ok(json!({
        "collection": collection, "member": member,
        "from_ms": new.from.map(When::ms), "until_ms": new.until.ms(),
    }))
}

async fn list(client: &Client, json: bool) -> Result<(), Failure> {
    let collections: Vec<Collection> = find::all(client, "/api/v1/collections").await?;
    if json {
        println!("{}", with_schema(&json!({ "items": collections }), SCHEMA)?);
        return Ok(());
    }
    if collections.is_empty() {
        eprintln!("no collections; make one with: dms plans add NAME");
    }
    collections
        .iter()
        .for_each(|c| println!("{}  {}", c.id, c.name));
    Ok(())
}
