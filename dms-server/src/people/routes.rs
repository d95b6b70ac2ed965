//! `/api/v1/people` and `/api/v1/setup`.

use axum::extract::State;
use axum::response::IntoResponse;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::db::{self, Change, Changed, PersonRow};
use super::{all_roles, check_text, groups, login_of, me, password};
use crate::audit::{Actor, act, object};
use crate::auth::{Anyone, PeopleAdmin, PeopleReader, Principal, Role, Roles, Secret};
use crate::db::is_duplicate;
use crate::extract::{Json, Path, Query};
use crate::page::{Page, PageQuery};
use crate::problem::{Problem, ProblemBody, Result};
use crate::state::App;

/// Routes of the public listener.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(set_up))
        .routes(routes!(list_people, add_person))
        .routes(routes!(get_person, change_person, delete_person))
        .merge(me::routes::routes())
        .merge(groups::routes::routes())
}

/// The first owner.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetUp {
    /// The set-up token that the first start printed.
    token: String,
    /// What they will sign in as.
    login: String,
    /// What people call them.
    name: String,
    /// Their password, at least 12 characters.
    password: String,
}

/// Makes the first owner's account. Works once.
#[utoipa::path(post, path = "/api/v1/setup", tag = "people",
    responses((status = 201, body = Person), (status = 400, body = ProblemBody),
              (status = 403, body = ProblemBody)))]
async fn set_up(
    _: Anyone,
    State(app): State<App>,
    Json(body): Json<SetUp>,
) -> Result<impl IntoResponse> {
    let refused = || {
        Problem::new(
            StatusCode::FORBIDDEN,
            "setup_refused",
            "The set-up token is unknown, used or expired. A restart without any account prints a new one.",
        )
    };
    let token = Secret::presented(body.token.trim()).ok_or_else(refused)?;
    let new = NewPerson {
        login: body.login,
        name: body.name,
        email: String::new(),
        department: String::new(),
        roles: vec![Role::Owner],
        password: Some(body.password),
    };
    let owner = new.row(&app).await?;
    let actor = Actor::person(owner.id, &owner.name);
    let note = app
        .note(actor, act::PERSON_MADE, object("person", owner.id))
        .with("roles", owner.roles.as_str())
        .with("by", "set-up token");
    if !db::set_up(&app.db, token.hash(), &owner, &note).await? {
        return Err(refused());
    }
    let person = Person::of(owner, Vec::new());
    Ok((StatusCode::CREATED, Json(person)))
}

/// A person to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPerson {
    /// What they sign in as; lower case, without spaces. Often the address.
    login: String,
    /// What people call them.
    name: String,
    /// Their address.
    #[serde(default)]
    email: String,
    /// Where their usage is counted.
    #[serde(default)]
    department: String,
    /// Their roles.
    #[serde(default = "viewer")]
    roles: Vec<Role>,
    /// Their first password, at least 12 characters; without it they sign in through the directory only.
    #[serde(default)]
    password: Option<String>,
}

fn viewer() -> Vec<Role> {
    vec![Role::Viewer]
}

impl NewPerson {
    async fn row(self, app: &App) -> Result<PersonRow> {
        let mut problem =
            Problem::invalid("invalid_person", "The account cannot be made like this.");
        let login = login_of(&self.login);
        if login.is_none() {
            let fix = "Give 1 to 200 characters without spaces.";
            problem = problem.at("/login", "invalid_login", fix);
        }
        problem = check_text(problem, "/name", &self.name, 1);
        problem = check_text(problem, "/email", &self.email, 0);
        problem = check_text(problem, "/department", &self.department, 0);
        let login = login.unwrap_or_default();
        let weak = self.password.as_deref();
        if let Some(fix) = weak.and_then(|text| password::weakness(text, &login)) {
            problem = problem.at("/password", "weak_password", fix);
        }
        if !problem.errors.is_empty() {
            return Err(problem);
        }
        let hash = match self.password {
            Some(text) => Some(app.people.passwords.hash(text.into()).await?),
            None => None,
        };
        let now = app.clock.now_ms();
        Ok(PersonRow {
            id: Uuid::now_v7(),
            login,
            name: self.name.trim().to_owned(),
            email: self.email.trim().to_owned(),
            department: self.department.trim().to_owned(),
            source: "local".into(),
            external_id: None,
            roles: self.roles.into_iter().collect::<Roles>().to_string(),
            active: 1,
            password: hash,
            totp: None,
            totp_kek: String::new(),
            totp_proven: 0,
            totp_step: 0,
            created_ms: now,
            updated_ms: now,
        })
    }
}

/// A person.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Person {
    /// Its id.
    pub id: Uuid,
    /// What they sign in as.
    pub login: String,
    /// What people call them.
    pub name: String,
    /// Their address; may be empty.
    pub email: String,
    /// Where their usage is counted; may be empty.
    pub department: String,
    /// `local`, `oidc` or `scim`.
    pub source: String,
    /// Their own roles.
    pub roles: Roles,
    /// Their groups, which may give them more.
    pub groups: Vec<groups::Named>,
    /// False: they may do nothing.
    pub active: bool,
    /// Whether they can sign in with a password.
    pub has_password: bool,
    /// Whether they have to give one-time codes.
    pub has_codes: bool,
    /// When they came, milliseconds since the Unix epoch.
    pub created_ms: i64,
}

impl Person {
    pub(super) fn of(row: PersonRow, groups: Vec<groups::Named>) -> Self {
        Self {
            id: row.id,
            login: row.login,
            name: row.name,
            email: row.email,
            department: row.department,
            source: row.source,
            roles: Roles::parse(&row.roles).unwrap_or_default(),
            groups,
            active: row.active == 1,
            has_password: row.password.is_some(),
            has_codes: row.totp_proven == 1,
            created_ms: row.created_ms,
        }
    }
}

/// Which people.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PeopleQuery {
    /// Only who signs in as this.
    login: Option<String>,
    /// The `next_cursor` of the page before; without it, the first page.
    cursor: Option<Uuid>,
    /// Items, 1 to 500.
    limit: Option<u16>,
}

/// Lists the people, newest first.
#[utoipa::path(get, path = "/api/v1/people", tag = "people", params(PeopleQuery),
    security(("token" = ["read_people"])), responses((status = 200, body = Page<Person>)))]
async fn list_people(
    _: PeopleReader,
    State(app): State<App>,
    Query(asked): Query<PeopleQuery>,
) -> Result<Json<Page<Person>>> {
    let query = PageQuery {
        cursor: asked.cursor,
        limit: asked.limit,
    };
    let rows = match asked.login.map(|login| login_of(&login)) {
        None => db::list(&app.db, query.cursor, query.fetch()).await?,
        Some(None) => Vec::new(),
        Some(Some(login)) => {
            let found = db::of_login(&app.db, &login).await?;
            found.into_iter().collect()
        }
    };
    let page = query.page(rows, |row| row.id, |row| row);
    let mut items = Vec::with_capacity(page.items.len());
    for row in page.items {
        let groups = groups::db::of_person(&app.db, row.id).await?;
        items.push(Person::of(row, groups));
    }
    let next_cursor = page.next_cursor;
    Ok(Json(Page { items, next_cursor }))
}

/// Makes a person's account.
#[utoipa::path(post, path = "/api/v1/people", tag = "people", request_body = NewPerson,
    security(("token" = ["people"])),
    responses((status = 201, body = Person), (status = 400, body = ProblemBody),
              (status = 403, body = ProblemBody), (status = 409, body = ProblemBody)))]
async fn add_person(
    PeopleAdmin(caller): PeopleAdmin,
    State(app): State<App>,
    Json(new): Json<NewPerson>,
) -> Result<impl IntoResponse> {
    let row = new.row(&app).await?;
    may_give(&caller, &row.roles)?;
    let note = app
        .note(&caller, act::PERSON_MADE, object("person", row.id))
        .with("login", row.login.as_str())
        .with("roles", row.roles.as_str());
    match db::add(&app.db, &row, &note).await {
        Err(error) if is_duplicate(&error) => Err(Problem::conflict(
            "login_taken",
            "Somebody signs in with this name already.",
        )
        .at("/login", "taken", "Choose another sign-in name.")),
        other => {
            other?;
            Ok((StatusCode::CREATED, Json(Person::of(row, Vec::new()))))
        }
    }
}

pub(crate) fn may_give(caller: &Principal, roles: &str) -> Result<()> {
    let roles = Roles::parse(roles).map_err(Problem::internal)?;
    if caller.roles.may_give(&roles) {
        return Ok(());
    }
    Err(Problem::forbidden(format!(
        "Nobody can give away more than they have; your roles: {}.",
        caller.roles
    )))
}

/// Refuses to change somebody who can do more than the caller, by roles of their own or of their groups.
pub(crate) async fn may_change(
    app: &App,
    caller: &Principal,
    person: Uuid,
    own: &str,
) -> Result<()> {
    let roles = all_roles(app, person, own).await?;
    may_give(caller, &roles.to_string())
}

/// Which person.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct PersonPath {
    /// The person's id.
    person: Uuid,
}

fn unknown() -> Problem {
    Problem::not_found("person_not_found", "There is no such person.")
}

async fn show(app: &App, id: Uuid) -> Result<Person> {
    let row = db::one(&app.db, id).await?.ok_or_else(unknown)?;
    let groups = groups::db::of_person(&app.db, id).await?;
    Ok(Person::of(row, groups))
}

/// One person.
#[utoipa::path(get, path = "/api/v1/people/{person}", tag = "people", params(PersonPath),
    security(("token" = ["read_people"])),
    responses((status = 200, body = Person), (status = 404, body = ProblemBody)))]
async fn get_person(
    _: PeopleReader,
    State(app): State<App>,
    Path(path): Path<PersonPath>,
) -> Result<Json<Person>> {
    show(&app, path.person).await.map(Json)
}

/// What is changed of a person; what is left out stays.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PersonChange {
    /// What people call them.
    #[serde(default)]
    name: Option<String>,
    /// Their address.
    #[serde(default)]
    email: Option<String>,
    /// Where their usage is counted.
    #[serde(default)]
    department: Option<String>,
    /// Their roles.
    #[serde(default)]
    roles: Option<Vec<Role>>,
    /// False: they may do nothing, and are signed out everywhere.
    #[serde(default)]
    active: Option<bool>,
    /// A new password, when they forgot theirs.
    #[serde(default)]
    password: Option<String>,
    /// True: takes the one-time codes away, when the device with the app is lost.
    #[serde(default)]
    reset_codes: bool,
}

/// Changes a person, at once.
#[utoipa::path(patch, path = "/api/v1/people/{person}", tag = "people", params(PersonPath),
    security(("token" = ["people"])),
    responses((status = 200, body = Person), (status = 400, body = ProblemBody),
              (status = 403, body = ProblemBody), (status = 404, body = ProblemBody),
              (status = 409, body = ProblemBody)))]
async fn change_person(
    PeopleAdmin(caller): PeopleAdmin,
    State(app): State<App>,
    Path(path): Path<PersonPath>,
    Json(change): Json<PersonChange>,
) -> Result<Json<Person>> {
    let row = db::one(&app.db, path.person).await?.ok_or_else(unknown)?;
    may_change(&app, &caller, row.id, &row.roles).await?;
    let roles = change
        .roles
        .map(|roles| roles.into_iter().collect::<Roles>());
    let to = PersonRow {
        name: change.name.unwrap_or_else(|| row.name.clone()),
        email: change.email.unwrap_or_else(|| row.email.clone()),
        department: change.department.unwrap_or_else(|| row.department.clone()),
        roles: roles.map_or_else(|| row.roles.clone(), |roles| roles.to_string()),
        active: change.active.map_or(row.active, i64::from),
        ..row.clone()
    };
    may_give(&caller, &to.roles)?;
    let mut problem =
        Problem::invalid("invalid_person", "The account cannot be changed like this.");
    problem = check_text(problem, "/name", &to.name, 1);
    problem = check_text(problem, "/email", &to.email, 0);
    problem = check_text(problem, "/department", &to.department, 0);
    if let Some(fix) = change
        .password
        .as_deref()
        .and_then(|text| password::weakness(text, &row.login))
    {
        problem = problem.at("/password", "weak_password", fix);
    }
    if !problem.errors.is_empty() {
        return Err(problem);
    }
    let note = |action| app.note(&caller, action, object("person", row.id));
    let changed = note(act::PERSON_CHANGED)
        .with("login", row.login.as_str())
        .with("roles", to.roles.as_str())
        .with("active", to.active == 1);
    let fields = Change {
        name: to.name.trim(),
        email: to.email.trim(),
        department: to.department.trim(),
        roles: &to.roles,
        active: to.active == 1,
    };
    let now = app.clock.now_ms();
    answer(db::change(&app.db, row.id, &fields, now, &changed).await?)?;
    if let Some(text) = change.password {
        let hash = app.people.passwords.hash(text.into()).await?;
        db::set_password(&app.db, row.id, &hash, None, &note(act::PASSWORD_SET)).await?;
    }
    if change.reset_codes {
        db::set_totp(&app.db, row.id, None, &note(act::CODES_RESET)).await?;
    }
    show(&app, row.id).await.map(Json)
}

pub(crate) fn answer(changed: Changed) -> Result<()> {
    match changed {
        Changed::Done => Ok(()),
        Changed::Unknown => Err(unknown()),
        Changed::LastOwner => Err(Problem::conflict(
            "last_owner",
            "This is the last active owner. Make somebody else an owner first.",
        )),
        Changed::Moved => Err(Problem::conflict(
            "changed_meanwhile",
            "Somebody else changed this person just now. Read it again.",
        )),
    }
}

/// Removes a person, with their sessions and tokens. What they published stays.
#[utoipa::path(delete, path = "/api/v1/people/{person}", tag = "people", params(PersonPath),
    security(("token" = ["people"])),
    responses((status = 204), (status = 403, body = ProblemBody),
              (status = 404, body = ProblemBody), (status = 409, body = ProblemBody)))]
async fn delete_person(
    PeopleAdmin(caller): PeopleAdmin,
    State(app): State<App>,
    Path(path): Path<PersonPath>,
) -> Result<StatusCode> {
    let row = db::one(&app.db, path.person).await?.ok_or_else(unknown)?;
    may_change(&app, &caller, row.id, &row.roles).await?;
    let note = app
        .note(&caller, act::PERSON_DELETED, object("person", row.id))
        .with("login", row.login.as_str());
    answer(db::delete(&app.db, row.id, &note).await?)?;
    Ok(StatusCode::NO_CONTENT)
}
