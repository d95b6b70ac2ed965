//! `dms people`: accounts and their roles.

use std::path::PathBuf;

use reqwest::Method;
use serde_json::{Value, json};

use super::titles::with_schema;
use super::{Client, Connection, Failure, find};
use crate::auth::{Role, Roles};
use crate::people::routes::Person;

/// The version of the JSON that these commands print.
const SCHEMA: u8 = 1;

/// Arguments of `dms people`.
#[derive(clap::Args, Debug)]
#[command(
    after_help = "WHO is a sign-in name or an id. Roles: viewer, publisher, event_producer, ad_operations, operator, \
auditor, it_admin, owner; a person also has those of their groups (dms groups).

Examples:
  dms people list
  dms people add ana@example.com --name Ana --department Sales --password-file - < first-password
  dms people roles ana@example.com --add publisher
  dms people disable ana@example.com        (signed out everywhere, at once)
  dms people reset-codes ana@example.com    (the phone with the authenticator app is lost)
  dms people list --json | jq -r '.items[] | select(.active | not) | .login'"
)]
pub struct PeopleArgs {
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
    /// List everybody, newest first (the default)
    List {
        /// Only who is in this group, by name or id
        #[arg(long)]
        group: Option<String>,
    },
    /// One person, with their groups
    Show {
        /// The person
        who: String,
    },
    /// Make an account
    Add(Add),
    /// Change what is known of somebody
    Change(Change),
    /// Give or take roles
    Roles(RoleChange),
    /// Let somebody do nothing any more: signed out everywhere, tokens dead, at once
    Disable {
        /// The person
        who: String,
    },
    /// Let somebody in again
    Enable {
        /// The person
        who: String,
    },
    /// Set a new password and end their sessions
    Password {
        /// The person
        who: String,
        /// A file with the password in its first line; - is standard input
        #[arg(long, value_name = "FILE")]
        password_file: PathBuf,
    },
    /// Take the one-time codes away, when the device with the app is lost
    ResetCodes {
        /// The person
        who: String,
    },
    /// Remove an account with its sessions and tokens; what they published stays
    Remove {
        /// The person
        who: String,
    },
}

#[derive(clap::Args, Debug)]
struct Add {
    /// What they sign in as
    login: String,
    /// What people call them
    #[arg(long)]
    name: String,
    /// Their address
    #[arg(long, default_value = "")]
    email: String,
    /// Where their usage is counted
    #[arg(long, default_value = "")]
    department: String,
    /// A role; may be repeated
    #[arg(long = "role", value_enum, default_value = "viewer")]
    roles: Vec<Role>,
    /// A file with their first password in its first line; - is standard input [default: no password]
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
}

#[derive(clap::Args, Debug)]
#[group(required = true, multiple = true, id = "what")]
struct Fields {
    /// What people call them
    #[arg(long)]
    name: Option<String>,
    /// Their address
    #[arg(long)]
    email: Option<String>,
    /// Where their usage is counted
    #[arg(long)]
    department: Option<String>,
}

#[derive(clap::Args, Debug)]
struct Change {
    /// The person
    who: String,
    #[command(flatten)]
    fields: Fields,
}

#[derive(clap::Args, Debug)]
struct RoleChange {
    /// The person
    who: String,
    /// Exactly these; may be repeated
    #[arg(long, value_enum, conflicts_with_all = ["add", "remove"])]
    set: Vec<Role>,
    /// One more; may be repeated
    #[arg(long, value_enum)]
    add: Vec<Role>,
    /// One less; may be repeated
    #[arg(long, value_enum)]
    remove: Vec<Role>,
}

impl RoleChange {
    fn of(&self, now: &Roles) -> Result<Roles, Failure> {
        if !self.set.is_empty() {
            return Ok(self.set.iter().copied().collect());
        }
        if self.add.is_empty() && self.remove.is_empty() {
            let has = now.to_string();
            return Err(Failure::Input(format!(
                "{} has the roles {has}; say --set, --add or --remove with a role",
                self.who
            )));
        }
        if let Some(not) = self.remove.iter().find(|role| !now.has(**role)) {
            let (who, not) = (&self.who, not.name());
            return Err(Failure::Input(format!(
                "{who} has not the role {not} of their own (dms people show tells their groups)"
            )));
        }
        let kept = now.iter().filter(|role| !self.remove.contains(role));
        Ok(kept.chain(self.add.iter().copied()).collect())
    }
}

/// Runs the command.
///
/// # Errors
/// [`Failure`].
pub async fn run(args: PeopleArgs) -> Result<(), Failure> {
    let client = Client::new(&args.connection)?;
    let json = args.json;
    match args.verb.unwrap_or(Verb::List { group: None }) {
        Verb::List { group } => list(&client, group.as_deref(), json).await,
        Verb::Show { who } => show(&find::person(&client, &who).await?, json),
        Verb::Add(new) => add(&client, new, json).await,
        Verb::Change(Change { who, fields }) => {
            let mut body = serde_json::Map::new();
            let given = [
                ("name", fields.name),
                ("email", fields.email),
                ("department", fields.department),
            ];
            for (name, value) in given {
                body.extend(value.map(|value| (name.to_owned(), value.into())));
            }
            change(&client, &who, Value::Object(body), json).await
        }
        Verb::Roles(wanted) => {
            let person = find::person(&client, &wanted.who).await?;
            let roles = wanted.of(&person.roles)?;
            change(&client, &wanted.who, json!({ "roles": roles }), json).await
        }
        Verb::Disable { who } => change(&client, &who, json!({"active": false}), json).await,
        Verb::Enable { who } => change(&client, &who, json!({"active": true}), json).await,
        Verb::Password { who, password_file } => {
            let body = json!({"password": find::password(&password_file)?});
            change(&client, &who, body, json).await
        }
        Verb::ResetCodes { who } => change(&client, &who, json!({"reset_codes": true}), json).await,
        Verb::Remove { who } => {
            let person = find::person(&client, &who).await?;
            let path = format!("/api/v1/people/{}", person.id);
            client.send(client.request(Method::DELETE, &path)).await?;
            eprintln!("removed {} ({})", person.login, person.id);
            if json { show(&person, true) } else { Ok(()) }
        }
    }
}

async fn list(client: &Client, group: Option<&str>, json: bool) -> Result<(), Failure> {
    let mut people: Vec<Person> = find::all(client, "/api/v1/people").await?;
    if let Some(name) = group {
        let group = find::group(client, name).await?;
        people.retain(|person| person.groups.iter().any(|g| g.id == group.id));
    }
    if json {
        println!("{}", with_schema(&json!({ "items": people }), SCHEMA)?);
        return Ok(());
    }
    if people.is_empty() {
        eprintln!("nobody; make an account with: dms people add LOGIN --name NAME");
    }
    people
        .iter()
        .for_each(|person| println!("{}", line(person)));
    Ok(())
}

async fn add(client: &Client, new: Add, json: bool) -> Result<(), Failure> {
    let password = match &new.password_file {
        Some(path) => Some(find::password(path)?),
        None => None,
    };
    let body = json!({
        "login": new.login, "name": new.name, "email": new.email,
        "department": new.department, "roles": new.roles, "password": password,
    });
    let request = client.request(Method::POST, "/api/v1/people").json(&body);
    let made: Person = client.json(request).await?;
    if password.is_none() {
        eprintln!(
            "without a password: they sign in through the company's directory, or after dms people password"
        );
    }
    show(&made, json)
}

async fn change(client: &Client, who: &str, body: Value, json: bool) -> Result<(), Failure> {
    let person = find::person(client, who).await?;
    let path = format!("/api/v1/people/{}", person.id);
    let request = client.request(Method::PATCH, &path).json(&body);
    show(&client.json(request).await?, json)
}

fn show(person: &Person, json: bool) -> Result<(), Failure> {
    if json {
        println!("{}", with_schema(person, SCHEMA)?);
    } else {
        println!("{}", line(person));
    }
    Ok(())
}

fn line(person: &Person) -> String {
    let state = if person.active { "active" } else { "disabled" };
    let groups: Vec<_> = person.groups.iter().map(|g| g.name.as_str()).collect();
    let groups = match groups.join(", ") {
        none if none.is_empty() => none,
        some => format!("  in {some}"),
    };
    format!(
        "{}  {state:<8}  {:<28} {:<20} {}{groups}",
        person.id, person.login, person.name, person.roles
    )
}
