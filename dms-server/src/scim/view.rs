//! What SCIM answers: resources with their version, lists, and only the attributes that were asked for.

use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use utoipa::IntoParams;
use uuid::Uuid;

use super::{COUNT_MAX, PREFIX, error, filter};
use crate::state::App;
use crate::webhook::message::rfc3339;

/// The schema of a list.
const LIST: &str = "urn:ietf:params:scim:api:messages:2.0:ListResponse";

/// Attributes that one request may name.
const NAMES_MAX: usize = 50;

/// An answer with a body.
#[derive(Debug)]
pub(super) struct Scim {
    status: StatusCode,
    body: Value,
}

impl Scim {
    /// 200 with a body.
    pub(super) fn ok(body: Value) -> Self {
        let status = StatusCode::OK;
        Self { status, body }
    }

    /// 201 with a resource.
    pub(super) fn created(body: Value) -> Self {
        let status = StatusCode::CREATED;
        Self { status, body }
    }
}

impl IntoResponse for Scim {
    fn into_response(self) -> Response {
        let mut headers = HeaderMap::new();
        let media_type = HeaderValue::from_static(error::MEDIA_TYPE);
        headers.insert(header::CONTENT_TYPE, media_type);
        // People are nobody's to keep on the way.
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        let meta = self.body.get("meta");
        let told = [(header::ETAG, "version"), (header::LOCATION, "location")];
        for (name, field) in told {
            let text = meta
                .and_then(|meta| meta.get(field))
                .and_then(Value::as_str);
            if let Some(value) = text.and_then(|text| HeaderValue::from_str(text).ok()) {
                headers.insert(name, value);
            }
        }
        (self.status, headers, self.body.to_string()).into_response()
    }
}

/// Which attributes of a resource.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct Shown {
    /// Only these, separated by commas.
    #[serde(default)]
    pub attributes: Option<String>,
    /// All but these, separated by commas.
    #[serde(default)]
    pub excluded_attributes: Option<String>,
}

/// Which resources, and which attributes of them.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct ListQuery {
    /// Only those: `userName eq "ana@example.com"`.
    #[serde(default)]
    pub filter: Option<String>,
    /// The first of them, from 1.
    #[serde(default)]
    pub start_index: Option<i64>,
    /// How many of them, at most 200.
    #[serde(default)]
    pub count: Option<i64>,
    /// Only these attributes, separated by commas.
    #[serde(default)]
    pub attributes: Option<String>,
    /// All but these, separated by commas.
    #[serde(default)]
    pub excluded_attributes: Option<String>,
}

/// The part of a list that was asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part {
    /// The first, from 1.
    pub(super) start: i64,
    /// How many at most.
    pub(super) count: i64,
}

impl ListQuery {
    /// The part that was asked for, within what there is to have.
    pub(super) fn part(&self) -> Part {
        Part {
            start: self.start_index.unwrap_or(1).max(1),
            count: self.count.unwrap_or(COUNT_MAX).clamp(0, COUNT_MAX),
        }
    }

    /// The attributes that were asked for.
    pub(super) fn shown(&self) -> Shown {
        Shown {
            attributes: self.attributes.clone(),
            excluded_attributes: self.excluded_attributes.clone(),
        }
    }
}

/// Names of attributes in their one spelling.
fn names(list: Option<&str>) -> Vec<String> {
    let names = list.unwrap_or_default().split(',');
    let paths = names.filter_map(|name| filter::path(name.trim()).ok());
    paths.take(NAMES_MAX).map(|target| target.path).collect()
}

impl Shown {
    /// Whether an attribute is asked for.
    pub(super) fn has(&self, name: &str) -> bool {
        let of = |path: &String| {
            path == name
                || path
                    .strip_prefix(name)
                    .is_some_and(|rest| rest.starts_with('.'))
        };
        let wanted = names(self.attributes.as_deref());
        if !wanted.is_empty() {
            return wanted.iter().any(of);
        }
        let excluded = names(self.excluded_attributes.as_deref());
        !excluded.iter().any(|path| path == name)
    }

    /// The resource with nothing but what was asked for.
    pub(super) fn of(&self, resource: Value) -> Value {
        let Value::Object(all) = resource else {
            return resource;
        };
        let wanted = names(self.attributes.as_deref());
        let kept = all.into_iter().filter_map(|(name, value)| {
            if name == "schemas" || name == "id" {
                return Some((name, value));
            }
            let path = match name.as_str() {
                super::ENTERPRISE => "enterprise".to_owned(),
                other => other.to_ascii_lowercase(),
            };
            if !self.has(&path) {
                return None;
            }
            let whole = wanted.is_empty() || wanted.contains(&path);
            let value = if whole {
                value
            } else {
                part_of(value, &path, &wanted)
            };
            Some((name, value))
        });
        Value::Object(kept.collect())
    }
}

/// The parts of an object that were asked for by name.
fn part_of(value: Value, path: &str, wanted: &[String]) -> Value {
    let Value::Object(parts) = value else {
        return value;
    };
    let is_wanted = |name: &str| wanted.contains(&format!("{path}.{}", name.to_ascii_lowercase()));
    Value::Object(
        parts
            .into_iter()
            .filter(|(name, _)| is_wanted(name))
            .collect(),
    )
}

/// A list.
pub(super) fn list(resources: Vec<Value>, total: i64, part: Part) -> Scim {
    Scim::ok(json!({
        "schemas": [LIST],
        "totalResults": total,
        "startIndex": part.start,
        "itemsPerPage": resources.len(),
        "Resources": resources,
    }))
}

/// What a resource says of itself.
#[derive(Clone, Copy, Debug)]
pub(super) struct Meta {
    /// `User` or `Group`.
    pub(super) kind: &'static str,
    /// Its id.
    pub(super) id: Uuid,
    /// When it was made, milliseconds since the Unix epoch.
    pub(super) created_ms: i64,
    /// When it was changed last: each change has another.
    pub(super) updated_ms: i64,
}

impl Meta {
    /// As SCIM has it.
    pub(super) fn view(self, app: &App) -> Value {
        let (origin, kind, id) = (app.public_origin(), self.kind, self.id);
        json!({
            "resourceType": kind,
            "created": rfc3339(self.created_ms),
            "lastModified": rfc3339(self.updated_ms),
            "location": format!("{origin}{PREFIX}/{kind}s/{id}"),
            "version": format!("W/\"{}\"", self.updated_ms),
        })
    }
}

/// An object with everything that is there: attributes without a value are left out.
pub(super) fn object<const N: usize>(fields: [(&str, Value); N]) -> Value {
    let there = fields.into_iter().filter(|(_, value)| !is_empty(value));
    Value::Object(
        there
            .map(|(name, value)| (name.to_owned(), value))
            .collect::<Map<_, _>>(),
    )
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Object(object) => object.is_empty(),
        _ => false,
    }
}
