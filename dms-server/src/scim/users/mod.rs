//! People as a directory tells of them.

pub mod routes;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::db::UserRow;
use super::filter::{self, Condition, Target};
use super::patch::{Kind, Operation};
use super::view::{Meta, object};
use super::{ENTERPRISE, TEXT_MAX, USER, flag, text, told, wrong};
use crate::people::login_of;
use crate::problem::Result;
use crate::state::App;

/// The parts of a name, each as it was told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Names {
    /// `displayName`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    display: Option<String>,
    /// `name.formatted`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    formatted: Option<String>,
    /// `name.givenName`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    given: Option<String>,
    /// `name.familyName`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    family: Option<String>,
}

impl Names {
    /// What the database has; nothing for people that no directory named.
    fn read(text: Option<&str>) -> Self {
        let names = text.and_then(|text| serde_json::from_str(text).ok());
        names.unwrap_or_default()
    }

    /// What people call them.
    fn shown(&self) -> Option<String> {
        let whole = self.display.clone().or_else(|| self.formatted.clone());
        whole.or_else(|| {
            let parts: Vec<_> = [&self.given, &self.family]
                .into_iter()
                .flatten()
                .map(String::as_str)
                .collect();
            let joined: String = parts.join(" ").chars().take(TEXT_MAX).collect();
            (!joined.is_empty()).then_some(joined)
        })
    }
}

/// A person as they are to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Draft {
    /// What they sign in as.
    pub(super) login: Option<String>,
    /// What the directory calls them.
    pub(super) external_id: Option<String>,
    /// The parts of the name.
    pub(super) names: Names,
    /// Their address; may be empty.
    pub(super) email: String,
    /// Where their usage is counted; may be empty.
    pub(super) department: String,
    /// Whether they may do anything.
    pub(super) active: bool,
}

impl Default for Draft {
    fn default() -> Self {
        Self {
            login: None,
            external_id: None,
            names: Names::default(),
            email: String::new(),
            department: String::new(),
            active: true,
        }
    }
}

impl Draft {
    /// A person as they are.
    pub(super) fn of(row: &UserRow) -> Self {
        Self {
            login: Some(row.login.clone()),
            external_id: told(row.external_id.as_deref()).map(str::to_owned),
            names: Names::read(row.names.as_deref()),
            email: row.email.clone(),
            department: row.department.clone(),
            active: row.active == 1,
        }
    }

    /// A person as a whole new description has them. Who was closed stays so, and the directory's own id stays,
    /// unless it says otherwise.
    pub(super) fn anew(&self, body: &Map<String, Value>) -> Result<Self> {
        let mut anew = Self {
            external_id: self.external_id.clone(),
            active: self.active,
            ..Self::default()
        };
        anew.merge(body)?;
        Ok(anew)
    }

    /// The name that is shown.
    pub(super) fn name(&self, login: &str) -> String {
        self.names.shown().unwrap_or_else(|| login.to_owned())
    }

    /// Takes over every attribute of an object. Its names may be paths, as Entra ID sends them.
    pub(super) fn merge(&mut self, object: &Map<String, Value>) -> Result<()> {
        for (name, value) in object {
            // What is no attribute at all is one that we do not keep.
            if let Ok(target) = filter::path(name) {
                self.set(&target, value, name)?;
            }
        }
        Ok(())
    }

    /// Does what an operation says.
    pub(super) fn apply(&mut self, operation: &Operation) -> Result<()> {
        match (&operation.target, &operation.value) {
            (Some(target), _) if operation.kind == Kind::Remove => {
                self.set(target, &Value::Null, &operation.at)
            }
            (Some(target), value) => self.set(target, value, &operation.at),
            (None, Value::Object(object)) => self.merge(object),
            (None, _) => Ok(()),
        }
    }

    fn set(&mut self, target: &Target, value: &Value, at: &str) -> Result<()> {
        let texts = |value: &Value| text(value, at);
        match target.path.as_str() {
            "username" => {
                let login = value.as_str().and_then(login_of);
                let login = login.filter(|login| login.chars().count() <= TEXT_MAX);
                let fix = "Give 1 to 200 characters without spaces.";
                self.login = Some(login.ok_or_else(|| wrong(at, fix))?);
            }
            "externalid" => self.external_id = texts(value)?,
            "displayname" => self.names.display = texts(value)?,
            "name" => self.set_name(value, at)?,
            "name.formatted" => self.names.formatted = texts(value)?,
            "name.givenname" => self.names.given = texts(value)?,
            "name.familyname" => self.names.family = texts(value)?,
            "active" => self.active = flag(value, at)?,
            "emails" | "emails.value" if !self.is_ours(&target.of) => {}
            "emails" => self.set_emails(value, at)?,
            "emails.value" => self.email = texts(value)?.unwrap_or_default(),
            "enterprise" => match value {
                Value::Null => self.department.clear(),
                Value::Object(parts) => {
                    let department = parts.get("department");
                    if let Some(department) = department {
                        self.department = texts(department)?.unwrap_or_default();
                    }
                }
                _ => return Err(wrong(at, "Give an object.")),
            },
            "enterprise.department" => self.department = texts(value)?.unwrap_or_default(),
            "schemas" if !value.is_array() => return Err(wrong(at, "Give a list of texts.")),
            // Attributes that we do not keep.
            _ => {}
        }
        Ok(())
    }

    fn set_name(&mut self, value: &Value, at: &str) -> Result<()> {
        let parts = match value {
            Value::Null => {
                let display = self.names.display.take();
                self.names = Names {
                    display,
                    ..Names::default()
                };
                return Ok(());
            }
            Value::Object(parts) => parts,
            _ => return Err(wrong(at, "Give an object.")),
        };
        let fields = [
            ("formatted", &mut self.names.formatted),
            ("givenname", &mut self.names.given),
            ("familyname", &mut self.names.family),
        ];
        for (name, field) in fields {
            if let Some(value) = parts.get(name) {
                *field = text(value, &format!("{at}.{name}"))?;
            }
        }
        Ok(())
    }

    /// Whether a filter on addresses means the one that is kept.
    fn is_ours(&self, of: &[Condition]) -> bool {
        of.iter().all(|condition| {
            let text = condition.value.as_str().unwrap_or_default();
            match condition.path.as_str() {
                "type" => text.eq_ignore_ascii_case("work"),
                "primary" => condition.value == json!(true) || text.eq_ignore_ascii_case("true"),
                "value" => text.eq_ignore_ascii_case(&self.email),
                _ => false,
            }
        })
    }

    /// Of many addresses one is kept: the primary, else the one at work, else the first.
    fn set_emails(&mut self, value: &Value, at: &str) -> Result<()> {
        let one = std::slice::from_ref(value);
        let list = match value {
            Value::Null => &[],
            Value::Array(list) => list.as_slice(),
            Value::Object(_) => one,
            _ => return Err(wrong(at, "Give a list of objects.")),
        };
        let mut best: Option<(u8, String)> = None;
        for entry in list {
            let Value::Object(entry) = entry else {
                return Err(wrong(at, "Give a list of objects."));
            };
            let address = entry.get("value").unwrap_or(&Value::Null);
            let Some(address) = text(address, &format!("{at}.value"))? else {
                continue;
            };
            let primary = entry
                .get("primary")
                .map(|v| flag(v, &format!("{at}.primary")));
            let kind = entry
                .get("type")
                .and_then(Value::as_str)
                .unwrap_or_default();
            let rank = match (primary.transpose()?, kind.eq_ignore_ascii_case("work")) {
                (Some(true), _) => 2,
                (_, true) => 1,
                _ => 0,
            };
            if best.as_ref().is_none_or(|(other, _)| rank > *other) {
                best = Some((rank, address));
            }
        }
        match best {
            // Another address beside the one at work is one that we do not keep.
            Some((0, _)) if !self.email.is_empty() => {}
            Some((_, address)) => self.email = address,
            None => self.email.clear(),
        }
        Ok(())
    }
}

/// A person as SCIM shows them.
pub(super) fn view(app: &App, row: &UserRow) -> Value {
    let names = Names::read(row.names.as_deref());
    let name = object([
        ("formatted", json!(names.formatted)),
        ("givenName", json!(names.given)),
        ("familyName", json!(names.family)),
    ]);
    let email = json!([{"value": row.email, "type": "work", "primary": true}]);
    let has_department = !row.department.is_empty();
    let department = json!({"department": row.department});
    let meta = Meta {
        kind: "User",
        id: row.id,
        created_ms: row.created_ms,
        updated_ms: row.updated_ms,
    };
    object([
        (
            "schemas",
            if has_department {
                json!([USER, ENTERPRISE])
            } else {
                json!([USER])
            },
        ),
        ("id", json!(row.id)),
        ("externalId", json!(told(row.external_id.as_deref()))),
        ("userName", json!(row.login)),
        ("displayName", json!(row.name)),
        ("name", name),
        ("active", json!(row.active == 1)),
        (
            "emails",
            if row.email.is_empty() {
                Value::Null
            } else {
                email
            },
        ),
        (
            ENTERPRISE,
            if has_department {
                department
            } else {
                Value::Null
            },
        ),
        ("meta", meta.view(app)),
    ])
}
