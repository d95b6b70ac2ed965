//! What Okta sends.

use http::Method;
use serde_json::{Value, json};

use super::{filtered, patch};
use crate::testing::{Server, text};

#[tokio::test]
async fn a_person_is_put_closed_and_opened_again_on_both_databases() {
    for server in Server::both().await {
        let list = format!(
            "{}&startIndex=1&count=100",
            filtered("/Users", "userName eq \"ben@example.com\"")
        );
        assert_eq!(server.scim_get(&list).await["totalResults"], 0);
        let new = json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
            "userName": "ben@example.com",
            "name": {"givenName": "Ben", "familyName": "Okafor"},
            "emails": [{"primary": true, "value": "ben@example.com", "type": "work"},
                       {"primary": false, "value": "ben@home.example", "type": "home"}],
            "displayName": "Ben Okafor", "locale": "en-US", "externalId": "00ujl29u0le5T6Aj10h7",
            "groups": [], "password": "1mz050nq-not-kept", "active": true
        });
        let made = server.scim(Method::POST, "/Users", new.clone()).await;
        assert_eq!(made.status, 201, "{}", made.body);
        assert!(!made.body.to_string().contains("1mz050nq"), "{}", made.body);
        let id = text(&made.body["id"]);
        let person = server.get(&format!("/api/v1/people/{id}")).await;
        assert_eq!(person["has_password"], json!(false));
        assert_eq!(server.scim_get(&list).await["itemsPerPage"], 1);

        let path = format!("/Users/{id}");
        let mut whole = made.body.clone();
        whole["name"] = json!({"givenName": "Benedict", "familyName": "Okafor"});
        whole["displayName"] = Value::Null;
        whole["userName"] = json!("benedict@example.com");
        whole["emails"] =
            json!([{"primary": true, "value": "benedict@example.com", "type": "work"}]);
        let put = server.scim(Method::PUT, &path, whole.clone()).await;
        assert_eq!(put.status, 200, "{}", put.body);
        assert_eq!(put.body["displayName"], "Benedict Okafor");
        assert_eq!(put.body["userName"], "benedict@example.com");
        assert_eq!(put.body["externalId"], "00ujl29u0le5T6Aj10h7");
        assert_ne!(put.body["meta"]["version"], made.body["meta"]["version"]);

        let cookie = server.scim_sign_in(&id, "benedict@example.com").await;
        let off = patch(json!([{"op": "replace", "value": {"active": false}}]));
        let off = server.scim(Method::PATCH, &path, off).await;
        assert_eq!((off.status, &off.body["active"]), (200, &json!(false)));
        assert_eq!(server.scim_me(&cookie).await, 401, "signed out");
        // A description without the attribute does not open the account again.
        whole.as_object_mut().expect("an object").remove("active");
        let put = server.scim(Method::PUT, &path, whole).await;
        assert_eq!(put.body["active"], json!(false));
        let some = server
            .scim_get(&format!("{path}?attributes=userName,name.givenName"))
            .await;
        assert_eq!(
            some,
            json!({"schemas": some["schemas"], "id": id, "userName": "benedict@example.com",
                                "name": {"givenName": "Benedict"}})
        );
        server.stop().await;
    }
}

#[tokio::test]
async fn a_group_is_pushed_by_replacing_its_members_on_both_databases() {
    for server in Server::both().await {
        let mut people = Vec::new();
        for n in 0..4 {
            people.push(server.scim_user(&format!("p{n}")).await);
        }
        let values = |of: &[String]| {
            let values = of
                .iter()
                .map(|id| json!({"value": id, "display": "somebody"}));
            Value::Array(values.collect())
        };
        let group = json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"],
            "displayName": "Sales", "members": values(&people[..2])});
        let made = server.scim(Method::POST, "/Groups", group).await;
        assert_eq!(
            (made.status, made.body["members"].as_array().map(Vec::len)),
            (201, Some(2))
        );
        let id = text(&made.body["id"]);
        let path = format!("/Groups/{id}");
        let members = || async {
            let group = server.scim_get(&path).await;
            let members = group["members"].as_array().expect("members").clone();
            members
                .iter()
                .map(|member| text(&member["value"]))
                .collect::<Vec<_>>()
        };
        let push = patch(json!([
            {"op": "replace", "path": "members", "value": values(&people[1..])},
            {"op": "replace", "value": {"id": id, "displayName": "Sales EMEA"}}
        ]));
        assert_eq!(server.scim(Method::PATCH, &path, push).await.status, 204);
        assert_eq!(members().await, people[1..]);
        assert_eq!(server.scim_get(&path).await["displayName"], "Sales EMEA");
        let put = json!({"displayName": "Sales EMEA", "members": values(&people[3..])});
        let put = server.scim(Method::PUT, &path, put).await;
        assert_eq!(
            (put.status, put.body["members"].as_array().map(Vec::len)),
            (200, Some(1))
        );
        let all_go = patch(json!([{"op": "remove", "path": "members"}]));
        assert_eq!(server.scim(Method::PATCH, &path, all_go).await.status, 204);
        assert!(members().await.is_empty());
        server.stop().await;
    }
}

#[tokio::test]
async fn lists_are_read_in_parts_from_one_on_both_databases() {
    for server in Server::both().await {
        for n in 0..5 {
            server.scim_user(&format!("p{n}")).await;
        }
        // Whom others made, the directory does not see.
        server
            .post("/api/v1/people", json!({"login": "local", "name": "Local"}))
            .await;
        let part = server.scim_get("/Users?startIndex=2&count=2").await;
        assert_eq!(
            (
                &part["totalResults"],
                &part["startIndex"],
                &part["itemsPerPage"]
            ),
            (&json!(5), &json!(2), &json!(2))
        );
        assert_eq!(part["Resources"][0]["userName"], "p1");
        let last = server.scim_get("/Users?startIndex=5&count=9999").await;
        assert_eq!(last["itemsPerPage"], 1);
        let none = server.scim_get("/Users?startIndex=-3&count=-1").await;
        assert_eq!(
            (
                &none["totalResults"],
                &none["startIndex"],
                &none["itemsPerPage"]
            ),
            (&json!(5), &json!(1), &json!(0))
        );
        server.stop().await;
    }
}
