//! What Microsoft Entra ID sends.

use http::Method;
use serde_json::{Value, json};

use super::{filtered, patch};
use crate::auth::Role;
use crate::testing::{Server, text, title};

fn ana() -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User",
                    "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],
        "externalId": "0a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef",
        "userName": "Ana.Silva@example.com",
        "active": true,
        "displayName": "Ana Silva",
        "emails": [{"primary": true, "type": "work", "value": "ana.silva@example.com"}],
        "meta": {"resourceType": "User"},
        "name": {"formatted": "Ana M. Silva", "familyName": "Silva", "givenName": "Ana"},
        "roles": [], "title": "Engineer",
        "addresses": [{"type": "work", "country": "PT"}],
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":
            {"department": "Video", "employeeNumber": "17", "manager": null}
    })
}

#[tokio::test]
async fn a_person_comes_changes_and_goes_on_both_databases() {
    for server in Server::both().await {
        // Entra asks whether they are there, by both of its names.
        let by_login = filtered("/Users", "userName eq \"Ana.Silva@example.com\"");
        let by_id = filtered(
            "/Users",
            "externalId eq \"0a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef\"",
        );
        let none = server.scim_get(&by_login).await;
        assert_eq!(
            (&none["totalResults"], &none["Resources"]),
            (&json!(0), &json!([]))
        );
        let made = server.scim(Method::POST, "/Users", ana()).await;
        assert_eq!(made.status, 201, "{}", made.body);
        let id = text(&made.body["id"]);
        let location = made.headers["location"].to_str().expect("text");
        assert!(
            location.ends_with(&format!("/scim/v2/Users/{id}")),
            "{location}"
        );
        assert_eq!(made.body["userName"], "ana.silva@example.com");
        assert_eq!(made.body["name"]["givenName"], "Ana");
        assert_eq!(made.body["emails"][0]["value"], "ana.silva@example.com");
        assert_eq!(made.body[crate::scim::ENTERPRISE]["department"], "Video");
        assert!(made.body.get("title").is_none(), "not kept");
        found(&server, &id, &by_login, &by_id).await;
        let again = server.scim(Method::POST, "/Users", ana()).await;
        assert_eq!(
            (again.status, &again.body["scimType"]),
            (409, &json!("uniqueness"))
        );

        let path = format!("/Users/{id}");
        changed(&server, &path).await;
        let person = server.get(&format!("/api/v1/people/{id}")).await;
        assert_eq!(
            (&person["name"], &person["source"]),
            (&json!("Ana"), &json!("scim"))
        );

        signed_out(&server, &id, &path).await;

        let gone = server.scim(Method::DELETE, &path, Value::Null).await;
        assert_eq!(gone.status, 204);
        assert_eq!(
            server.scim(Method::DELETE, &path, Value::Null).await.status,
            404
        );
        assert_eq!(server.scim_get(&by_id).await["totalResults"], 0);
        let of = |action| server.scim_log(action);
        assert_eq!(
            (
                of("person.made").await.len(),
                of("person.deleted").await.len()
            ),
            (1, 1)
        );
        assert!(of("person.changed").await.len() >= 4);
        server.stop().await;
    }
}

/// A person is found by everything that Entra asks for.
async fn found(server: &Server, id: &str, by_login: &str, by_id: &str) {
    let mail = filtered(
        "/Users",
        "emails[type eq \"work\"].value eq \"ANA.silva@example.com\"",
    );
    let both = filtered(
        "/Users",
        &format!("id eq \"{id}\" and userName eq \"ana.silva@example.com\""),
    );
    for path in [by_login, by_id, &mail, &both] {
        let found = server.scim_get(path).await;
        assert_eq!(found["totalResults"], 1, "{path}");
        assert_eq!(found["Resources"][0]["id"], json!(id));
    }
    let other = filtered("/Users", &format!("id eq \"{id}\" and userName eq \"ben\""));
    assert_eq!(server.scim_get(&other).await["totalResults"], 0);
}

/// Changes a person as Entra does.
async fn changed(server: &Server, path: &str) {
    let change = |operations| server.scim(Method::PATCH, path, patch(operations));
    let changed = change(json!([
            {"op": "Replace", "path": "displayName", "value": "Ana Sousa"},
            {"op": "Add", "path": "emails[type eq \"work\"].value", "value": "ana@example.com"},
            {"op": "Replace", "path": "name.familyName", "value": "Sousa"},
            {"op": "Add", "path": "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department", "value": "Audio"},
            {"op": "Add", "path": "addresses[type eq \"work\"].country", "value": "ES"},
            {"op": "Add", "path": "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager", "value": "x"}
        ]))
        .await;
    assert_eq!(changed.status, 200, "{}", changed.body);
    assert_eq!(changed.body["displayName"], "Ana Sousa");
    assert_eq!(
        changed.body["name"],
        json!({"formatted": "Ana M. Silva", "givenName": "Ana", "familyName": "Sousa"})
    );
    assert_eq!(changed.body["emails"][0]["value"], "ana@example.com");
    assert_eq!(changed.body[crate::scim::ENTERPRISE]["department"], "Audio");
    // Without a path, with paths for names.
    let changed = change(json!([{"op": "replace", "value": {
            "displayName": "Ana", "name.givenName": "Anna", "emails[type eq \"work\"].value": "anna@example.com",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department": "Film",
            "preferredLanguage": "pt"
        }}]))
        .await;
    assert_eq!(
        changed.body["name"]["givenName"], "Anna",
        "{}",
        changed.body
    );
    assert_eq!(changed.body["emails"][0]["value"], "anna@example.com");
    assert_eq!(changed.body[crate::scim::ENTERPRISE]["department"], "Film");
}

/// Closes an account as Entra does; sessions and tokens of the person are over at once.
async fn signed_out(server: &Server, id: &str, path: &str) {
    let cookie = server.scim_sign_in(id, "ana.silva@example.com").await;
    assert_eq!(server.scim_me(&cookie).await, 200);
    let token = server
        .anonymous(Method::POST, "/api/v1/tokens")
        .header("cookie", &cookie)
        .header("origin", server.app.public_origin())
        .json(&json!({"name": "mine", "roles": [Role::Viewer]}));
    let token = text(&crate::testing::json(token).await["token"]);
    let off = patch(json!([{"op": "Replace", "path": "active", "value": "False"}]));
    let off = server.scim(Method::PATCH, path, off).await;
    assert_eq!((off.status, &off.body["active"]), (200, &json!(false)));
    assert_eq!(server.scim_me(&cookie).await, 401, "signed out");
    let asked = server
        .anonymous(Method::GET, "/session")
        .bearer_auth(&token);
    assert_eq!(asked.send().await.expect("an answer").status(), 401);
    let on = patch(json!([{"op": "Replace", "value": {"active": "True"}}]));
    let on = server.scim(Method::PATCH, path, on).await;
    assert_eq!(on.body["active"], json!(true));
    assert_eq!(
        server.scim_me(&cookie).await,
        401,
        "a session that ended stays so"
    );
}

#[tokio::test]
async fn a_group_is_an_audience_and_its_members_come_in_batches_on_both_databases() {
    for server in Server::both_with(|config| config.media.jobs = 0).await {
        let mut people = Vec::new();
        for n in 0..12 {
            people.push(server.scim_user(&format!("p{n}@example.com")).await);
        }
        let group = json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"],
            "externalId": "8aa1a0c0-c4c3-4bc0-b4a5-2ef676900159", "displayName": "Film crew",
            "meta": {"resourceType": "Group"}});
        let made = server.scim(Method::POST, "/Groups", group.clone()).await;
        assert_eq!(made.status, 201, "{}", made.body);
        let path = format!("/Groups/{}", text(&made.body["id"]));
        let again = server.scim(Method::POST, "/Groups", group).await;
        assert_eq!(
            (again.status, &again.body["scimType"]),
            (409, &json!("uniqueness"))
        );
        let by_name = filtered("/Groups", "displayName eq \"FILM crew\"");
        let found = server
            .scim_get(&format!("{by_name}&excludedAttributes=members"))
            .await;
        assert_eq!(found["totalResults"], 1);
        assert!(found["Resources"][0].get("members").is_none());

        let change = |operations| server.scim(Method::PATCH, &path, patch(operations));
        let add = |of: &[String]| json!([{"op": "Add", "path": "members", "value": values(of)}]);
        assert_eq!(change(add(&people[..5])).await.status, 204);
        assert_eq!(change(add(&people[5..])).await.status, 204);
        assert_eq!(change(add(&people[..2])).await.status, 204, "once more");
        let all = server.scim_get(&path).await;
        assert_eq!(all["members"].as_array().expect("members").len(), 12);
        let without = server
            .scim_get(&format!("{path}?excludedAttributes=members"))
            .await;
        assert!(without.get("members").is_none() && without["displayName"] == "Film crew");

        audience(&server, &made.body["id"], &people).await;
        let counts = |rows: Vec<Value>| {
            rows.iter()
                .map(|row| row["count"].clone())
                .collect::<Vec<_>>()
        };
        assert_eq!(
            counts(server.scim_log("group.member_added").await),
            [json!(7), json!(5)]
        );
        assert_eq!(
            counts(server.scim_log("group.member_removed").await),
            [json!(3)]
        );
        assert_eq!(server.scim_log("group.changed").await[0]["name"], "Crew");
        assert_eq!(
            server.scim(Method::DELETE, &path, Value::Null).await.status,
            204
        );
        assert_eq!(server.scim_get("/Groups").await["totalResults"], 0);
        server.stop().await;
    }
}

/// Members as Entra names them.
fn values(of: &[String]) -> Vec<Value> {
    of.iter().map(|id| json!({ "value": id })).collect()
}

/// A title for the group is for whom the directory put into it, as long as it leaves them there.
async fn audience(server: &Server, group: &Value, people: &[String]) {
    let path = format!("/Groups/{}", text(group));
    let change = |operations| server.scim(Method::PATCH, &path, patch(operations));
    let video = title::video(server).await.title;
    let policy = format!("/api/v1/titles/{video}/policy");
    let audience = json!({"audience": {"groups": [group]}});
    crate::testing::json(server.request(Method::PUT, &policy).json(&audience)).await;
    let is_for = |person: &str| {
        let (db, person) = (&server.app.db, person.parse().expect("an id"));
        let title = video.to_string().parse().expect("an id");
        async move {
            crate::rights::db::is_for(db, title, Some(person))
                .await
                .expect("read")
        }
    };
    assert!(is_for(&people[3]).await && is_for(&people[11]).await);
    let removed = change(json!([
        {"op": "Remove", "path": "members", "value": values(&people[3..5])},
        {"op": "Remove", "path": format!("members[value eq \"{}\"]", people[11])}
    ]));
    assert_eq!(removed.await.status, 204);
    assert!(!is_for(&people[3]).await && !is_for(&people[11]).await && is_for(&people[0]).await);

    let renamed = change(json!([{"op": "Replace", "path": "displayName", "value": "Crew"}]));
    assert_eq!(renamed.await.status, 204);
}
