//! `dms groups`: groups, their members, and the roles that come with them.

use reqwest::Method;
use serde_json::json;

use super::titles::with_schema;
use super::{Client, Connection, Failure, find};
use crate::auth::Role;
use crate::people::groups::Named;
use crate::people::groups::routes::Group;

/// The version of the JSON that these commands print.
const SCHEMA: u8 = 1;

/// Arguments of `dms groups`.
#[derive(clap::Args, Debug)]
#[command(
    after_help = "GROUP is a name or an id, WHO a sign-in name or an id. Groups of the company's directory (source scim \
or oidc) are filled there; what is changed here comes undone with its next word.

Examples:
  dms groups add 'On call' --role operator
  dms groups join 'On call' ana@example.com
  dms groups members 'On call'
  dms groups change 'On call' --name 'Night shift' --no-roles"
)]
pub struct GroupsArgs {
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
    /// List the groups, newest first (the default)
    List,
    /// Make a group
    Add {
        /// Its name
        name: String,
        /// A role that comes with a membership; may be repeated
        #[arg(long = "role", value_enum)]
        roles: Vec<Role>,
    },
    /// Rename a group, or change the roles that come with it
    Change {
        /// The group
        group: String,
        /// Its new name
        #[arg(long)]
        name: Option<String>,
        /// Exactly these roles; may be repeated [default: they stay]
        #[arg(long = "role", value_enum)]
        roles: Vec<Role>,
        /// No roles
        #[arg(long, conflicts_with = "roles")]
        no_roles: bool,
    },
    /// Who is in a group
    Members {
        /// The group
        group: String,
    },
    /// Put somebody into a group
    Join {
        /// The group
        group: String,
        /// The person
        who: String,
    },
    /// Take somebody out of a group
    Leave {
        /// The group
        group: String,
        /// The person
        who: String,
    },
    /// Remove a group; titles that were for it are for nobody of it any more
    Remove {
        /// The group
        group: String,
    },
}

/// Runs the command.
///
/// # Errors
/// [`Failure`].
pub async fn run(args: GroupsArgs) -> Result<(), Failure> {
    let client = Client::new(&args.connection)?;
    let json = args.json;
    match args.verb.unwrap_or(Verb::List) {
        Verb::List => list(&client, json).await,
        Verb::Add { name, roles } => {
            let body = json!({"name": name, "roles": roles});
            let request = client.request(Method::POST, "/api/v1/groups");
            show(&client.json(request.json(&body)).await?, json)
        }
        Verb::Change {
            group,
            name,
            roles,
            no_roles,
        } => {
            let group = find::group(&client, &group).await?;
            let name = name.unwrap_or_else(|| group.name.clone());
            let roles = match (roles.is_empty(), no_roles) {
                (true, false) => group.roles,
                (_, true) => Vec::new().into_iter().collect(),
                (false, false) => roles.into_iter().collect(),
            };
            let body = json!({"name": name, "roles": roles});
            let path = format!("/api/v1/groups/{}", group.id);
            let request = client.request(Method::PUT, &path).json(&body);
            show(&client.json(request).await?, json)
        }
        Verb::Members { group } => members(&client, &group, json).await,
        Verb::Join { group, who } => member(&client, &group, &who, Method::PUT, json).await,
        Verb::Leave { group, who } => member(&client, &group, &who, Method::DELETE, json).await,
        Verb::Remove { group } => {
            let group = find::group(&client, &group).await?;
            let path = format!("/api/v1/groups/{}", group.id);
            client.send(client.request(Method::DELETE, &path)).await?;
            eprintln!("removed {} ({} members)", group.name, group.members);
            if json { show(&group, true) } else { Ok(()) }
        }
    }
}

async fn list(client: &Client, json: bool) -> Result<(), Failure> {
    let groups: Vec<Group> = find::all(client, "/api/v1/groups").await?;
    if json {
        println!("{}", with_schema(&json!({ "items": groups }), SCHEMA)?);
        return Ok(());
    }
    if groups.is_empty() {
        eprintln!("no groups; make one with: dms groups add NAME");
    }
    groups.iter().try_for_each(|group| show(group, false))
}

async fn members(client: &Client, group: &str, json: bool) -> Result<(), Failure> {
    let group = find::group(client, group).await?;
    let path = format!("/api/v1/groups/{}/members", group.id);
    let people: Vec<Named> = find::all(client, &path).await?;
    if json {
        println!("{}", with_schema(&json!({ "items": people }), SCHEMA)?);
    } else {
        people.iter().for_each(|p| println!("{}  {}", p.id, p.name));
    }
    Ok(())
}

async fn member(
    client: &Client,
    group: &str,
    who: &str,
    method: Method,
    json: bool,
) -> Result<(), Failure> {
    let group = find::group(client, group).await?;
    let person = find::person(client, who).await?;
    let path = format!("/api/v1/groups/{}/members/{}", group.id, person.id);
    client.send(client.request(method, &path)).await?;
    let person = find::person(client, &person.id.to_string()).await?;
    if json {
        println!("{}", with_schema(&person, SCHEMA)?);
    } else {
        let groups: Vec<_> = person.groups.iter().map(|g| g.name.as_str()).collect();
        eprintln!("{} is in: {}", person.login, groups.join(", "));
    }
    Ok(())
}

fn show(group: &Group, json: bool) -> Result<(), Failure> {
    if json {
        println!("{}", with_schema(group, SCHEMA)?);
    } else {
        println!(
            "{}  {:<6} {:>5} members  {}  {}",
            group.id, group.source, group.members, group.name, group.roles
        );
    }
    Ok(())
}
