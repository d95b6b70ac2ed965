//! Groups as a directory tells of them.
//!
//! Who comes and goes is told without who is there: a change of one member of a hundred thousand reads no member.

pub mod routes;

use std::collections::BTreeSet;

use http::StatusCode;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::db::GroupRow;
use super::filter::{self, Target};
use super::patch::{Kind, Operation};
use super::view::{Meta, object};
use super::{GROUP, MEMBERS_MAX, PREFIX, text, told, wrong};
use crate::problem::{Problem, Result};
use crate::state::App;

/// Who comes into a group and who goes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Members {
    /// Whether everybody else goes.
    pub anew: bool,
    /// Who comes.
    pub add: BTreeSet<Uuid>,
    /// Who goes; nobody of them comes.
    pub remove: BTreeSet<Uuid>,
}

impl Members {
    fn add(&mut self, ids: Vec<Uuid>) {
        for id in ids {
            self.remove.remove(&id);
            self.add.insert(id);
        }
    }

    fn remove(&mut self, ids: Vec<Uuid>) {
        for id in ids {
            self.add.remove(&id);
            self.remove.insert(id);
        }
    }

    fn replace(&mut self, ids: Vec<Uuid>) {
        *self = Self {
            anew: true,
            add: ids.into_iter().collect(),
            remove: BTreeSet::new(),
        };
    }

    /// Whether somebody comes or goes.
    pub(super) fn is_change(&self) -> bool {
        self.anew || !self.add.is_empty() || !self.remove.is_empty()
    }
}

/// A group as it is to be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Draft {
    /// What people call it.
    pub(super) name: Option<String>,
    /// What the directory calls it.
    pub(super) external_id: Option<String>,
    /// Who comes and goes.
    pub(super) members: Members,
    /// Members that the request named so far.
    named: usize,
}

impl Draft {
    /// A group as it is.
    pub(super) fn of(row: &GroupRow) -> Self {
        Self {
            name: Some(row.name.clone()),
            external_id: told(row.external_id.as_deref()).map(str::to_owned),
            ..Self::default()
        }
    }

    /// A group as a whole new description has it: who it does not name goes.
    pub(super) fn anew(&self, body: &Map<String, Value>) -> Result<Self> {
        let mut anew = Self {
            external_id: self.external_id.clone(),
            ..Self::default()
        };
        anew.members.anew = true;
        anew.merge(Kind::Replace, body)?;
        Ok(anew)
    }

    /// Takes over every attribute of an object.
    pub(super) fn merge(&mut self, kind: Kind, object: &Map<String, Value>) -> Result<()> {
        for (name, value) in object {
            // What is no attribute at all is one that we do not keep.
            if let Ok(target) = filter::path(name) {
                self.set(kind, &target, value, name)?;
            }
        }
        Ok(())
    }

    /// Does what an operation says.
    pub(super) fn apply(&mut self, operation: &Operation) -> Result<()> {
        let kind = operation.kind;
        match (&operation.target, &operation.value) {
            (Some(target), value) => self.set(kind, target, value, &operation.at),
            (None, Value::Object(object)) => self.merge(kind, object),
            (None, _) => Ok(()),
        }
    }

    fn set(&mut self, kind: Kind, target: &Target, value: &Value, at: &str) -> Result<()> {
        match target.path.as_str() {
            "displayname" => {
                let name = if kind == Kind::Remove {
                    None
                } else {
                    text(value, at)?
                };
                let name = name.ok_or_else(|| wrong(at, "Give 1 to 200 printable characters."))?;
                self.name = Some(name);
            }
            "externalid" if kind == Kind::Remove => self.external_id = None,
            "externalid" => self.external_id = text(value, at)?,
            "members" if target.of.is_empty() => self.set_members(kind, value, at)?,
            "members" => self.remove_named(kind, target, at)?,
            "schemas" if !value.is_array() => return Err(wrong(at, "Give a list of texts.")),
            // Attributes that we do not keep.
            _ => {}
        }
        Ok(())
    }

    fn set_members(&mut self, kind: Kind, value: &Value, at: &str) -> Result<()> {
        let ids = self.ids(value, at)?;
        match kind {
            Kind::Add => self.members.add(ids),
            Kind::Replace => self.members.replace(ids),
            // Without names, everybody goes.
            Kind::Remove if value.is_null() => self.members.replace(ids),
            Kind::Remove => self.members.remove(ids),
        }
        Ok(())
    }

    /// `members[value eq "id"]`: only taking away makes sense of it.
    fn remove_named(&mut self, kind: Kind, target: &Target, at: &str) -> Result<()> {
        let [condition] = target.of.as_slice() else {
            return Err(wrong(at, "Name one member: members[value eq \"id\"]."));
        };
        if kind != Kind::Remove || condition.path != "value" {
            let fix = "Only remove takes members[value eq \"id\"].";
            return Err(Problem::invalid("invalid_path", fix));
        }
        let id = self.id(&condition.value, at)?;
        self.members.remove(vec![id]);
        Ok(())
    }

    fn ids(&mut self, value: &Value, at: &str) -> Result<Vec<Uuid>> {
        let one = std::slice::from_ref(value);
        let list = match value {
            Value::Null => &[],
            Value::Array(list) => list.as_slice(),
            Value::Object(_) => one,
            _ => return Err(wrong(at, "Give a list of objects with a value.")),
        };
        let ids = list.iter().map(|entry| match entry {
            Value::Object(entry) => self.id(entry.get("value").unwrap_or(&Value::Null), at),
            _ => Err(wrong(at, "Give a list of objects with a value.")),
        });
        ids.collect()
    }

    fn id(&mut self, value: &Value, at: &str) -> Result<Uuid> {
        self.named += 1;
        if self.named > MEMBERS_MAX {
            return Err(Problem::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                "too_many_members",
                "Name at most 1,000 members in a request, and the others in further ones: PATCH with the operation add.",
            ));
        }
        let id = value.as_str().and_then(|text| text.parse().ok());
        id.ok_or_else(|| wrong(at, "Each value has to be the id of a User of this server."))
    }
}

/// A group as SCIM shows it, with the members that are to be shown.
pub(super) fn view(app: &App, row: &GroupRow, members: Option<&[(Uuid, String)]>) -> Value {
    let meta = Meta {
        kind: "Group",
        id: row.id,
        created_ms: row.created_ms,
        updated_ms: row.updated_ms,
    };
    let origin = app.public_origin();
    let members = members.map(|members| {
        let shown = members.iter().map(|(id, name)| {
            json!({"value": id, "display": name, "type": "User", "$ref": format!("{origin}{PREFIX}/Users/{id}")})
        });
        Value::Array(shown.collect())
    });
    object([
        ("schemas", json!([GROUP])),
        ("id", json!(row.id)),
        ("externalId", json!(told(row.external_id.as_deref()))),
        ("displayName", json!(row.name)),
        ("members", members.unwrap_or_default()),
        ("meta", meta.view(app)),
    ])
}
