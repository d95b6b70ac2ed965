//! What SCIM says of itself: the configuration, the resource types and the schemas.

use serde_json::{Value, json};

use super::{COUNT_MAX, ENTERPRISE, GROUP, PREFIX, USER};

/// What of SCIM is spoken here.
pub(super) fn provider(origin: &str) -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
        "patch": {"supported": true},
        "bulk": {"supported": false, "maxOperations": 0, "maxPayloadSize": 0},
        "filter": {"supported": true, "maxResults": COUNT_MAX},
        "changePassword": {"supported": false},
        "sort": {"supported": false},
        "etag": {"supported": true},
        "authenticationSchemes": [{
            "type": "oauthbearertoken",
            "name": "API token",
            "description": "Authorization: Bearer dms_...",
            "specUri": "https://www.rfc-editor.org/info/rfc6750",
            "primary": true,
        }],
        "meta": {
            "resourceType": "ServiceProviderConfig",
            "location": format!("{origin}{PREFIX}/ServiceProviderConfig"),
        },
    })
}

/// What there is.
pub(super) fn resource_types(origin: &str) -> Vec<Value> {
    let one = |id: &str, schema: &str, extensions: Value| {
        json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ResourceType"],
            "id": id,
            "name": id,
            "endpoint": format!("/{id}s"),
            "schema": schema,
            "schemaExtensions": extensions,
            "meta": {"resourceType": "ResourceType", "location": format!("{origin}{PREFIX}/ResourceTypes/{id}")},
        })
    };
    let company = json!([{"schema": ENTERPRISE, "required": false}]);
    vec![one("User", USER, company), one("Group", GROUP, json!([]))]
}

/// An attribute with one text.
fn text(name: &str, more: Value) -> Value {
    let mut attribute = json!({
        "name": name,
        "type": "string",
        "multiValued": false,
        "description": "",
        "required": false,
        "caseExact": false,
        "mutability": "readWrite",
        "returned": "default",
        "uniqueness": "none",
    });
    if let (Some(attribute), Value::Object(more)) = (attribute.as_object_mut(), more) {
        attribute.extend(more);
    }
    attribute
}

/// More of an attribute with parts.
fn complex(parts: Value) -> Value {
    json!({"type": "complex", "subAttributes": parts})
}

/// More of an attribute that has many values with parts.
fn many(parts: Value) -> Value {
    json!({"type": "complex", "multiValued": true, "subAttributes": parts})
}

/// The attributes of people.
fn user() -> Value {
    json!([
        text(
            "userName",
            json!({"required": true, "uniqueness": "server",
            "description": "The sign-in name; kept in lower case."})
        ),
        text("externalId", json!({"caseExact": true})),
        text(
            "displayName",
            json!({"description": "What people call them."})
        ),
        text(
            "name",
            complex(json!([
                text("formatted", json!({})),
                text("givenName", json!({})),
                text("familyName", json!({})),
            ]))
        ),
        text(
            "active",
            json!({"type": "boolean", "description": "False: signed out, and may do nothing."})
        ),
        text(
            "emails",
            many(json!([
                text("value", json!({})),
                text("type", json!({})),
                text("primary", json!({"type": "boolean"})),
            ]))
        ),
    ])
}

/// The schemas of what there is.
pub(super) fn schemas(origin: &str) -> Vec<Value> {
    let one = |id: &str, name: &str, attributes: Value| {
        json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Schema"],
            "id": id,
            "name": name,
            "description": name,
            "attributes": attributes,
            "meta": {"resourceType": "Schema", "location": format!("{origin}{PREFIX}/Schemas/{id}")},
        })
    };
    let read_only = json!({"mutability": "readOnly"});
    let company = json!([text(
        "department",
        json!({"description": "Where usage is counted."})
    )]);
    let group = json!([
        text(
            "displayName",
            json!({"required": true, "uniqueness": "server"})
        ),
        text("externalId", json!({"caseExact": true})),
        text(
            "members",
            many(json!([
                text("value", json!({"mutability": "immutable"})),
                text("display", read_only),
            ]))
        ),
    ]);
    vec![
        one(USER, "User", user()),
        one(ENTERPRISE, "EnterpriseUser", company),
        one(GROUP, "Group", group),
    ]
}
