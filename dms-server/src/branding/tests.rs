//! The look is kept, refused where it is none, and in every page; over both databases.

use http::Method;
use serde_json::{Value, json};

use super::logo::tests::png_of;
use crate::auth::Role;
use crate::testing::{Server, json, refusal, text};

const PATH: &str = "/api/v1/branding";

async fn page(server: &Server, path: &str) -> String {
    let answer = server.anonymous(Method::GET, path).send().await;
    answer.expect("an answer").text().await.expect("text")
}

#[tokio::test]
async fn name_accent_and_logo_are_in_every_page_on_both_databases() {
    for server in Server::both().await {
        let plain = page(&server, "/").await;
        assert!(
            !plain.contains("dms-organisation") && !plain.contains("/branding/"),
            "{plain}"
        );
        let new = json!({"name": " Bäcker & <Söhne> ", "accent": "#2775B5"});
        let put = |body: &Value| server.request(Method::PUT, PATH).json(body);
        let set = json(put(&new).header("if-match", "\"1\"")).await;
        assert_eq!(
            (&set["name"], &set["accent"]),
            (&json!("Bäcker & <Söhne>"), &json!("#2775b5"))
        );
        let late = refusal(put(&new).header("if-match", "\"1\"")).await;
        assert_eq!((late.0, late.1.code.as_str()), (412, "version_changed"));
        let logo = format!("{PATH}/logo");
        let file = png_of(120, 40);
        let set = json(server.request(Method::PUT, &logo).body(file.clone())).await;
        let address = text(&set["logo"]);
        let title = "00000000-0000-4000-8000-000000000000";
        let mut sheets = Vec::new();
        for path in ["/", "/console/settings", &format!("/watch/{title}")] {
            let page = page(&server, path).await;
            assert!(
                page.contains("Bäcker &amp; &lt;Söhne&gt;"),
                "{path}: {page}"
            );
            assert!(!page.contains("<Söhne>"), "{path}");
            let from = page.split("href=\"/branding/").nth(1).expect("a sheet");
            sheets.push(from.split('"').next().expect("an address").to_owned());
        }
        sheets.dedup();
        assert_eq!(sheets.len(), 1, "one sheet for all: {sheets:?}");
        let sheet = server.anonymous(Method::GET, &format!("/branding/{}", sheets[0]));
        let sheet = sheet.send().await.expect("an answer");
        assert_eq!(sheet.headers()["content-type"], "text/css; charset=utf-8");
        assert!(
            sheet.headers()["cache-control"]
                .to_str()
                .expect("text")
                .contains("immutable")
        );
        let css = sheet.text().await.expect("text");
        assert!(css.contains("#2775b5") && css.contains(&address), "{css}");
        let served = server
            .anonymous(Method::GET, &address)
            .send()
            .await
            .expect("an answer");
        assert_eq!(served.headers()["content-type"], "image/png");
        assert_eq!(served.bytes().await.expect("bytes"), file);
        let other = address.replace(".png", ".webp");
        assert_eq!(refusal(server.anonymous(Method::GET, &other)).await.0, 404);
        json(server.request(Method::DELETE, &logo)).await;
        assert_eq!(
            refusal(server.anonymous(Method::GET, &address)).await.0,
            404
        );
        json(put(&json!({"name": "", "accent": ""}))).await;
        let again = page(&server, "/").await;
        assert!(
            !again.contains("dms-organisation") && !again.contains("/branding/"),
            "{again}"
        );
        let log = server.get("/api/v1/audit?action=branding.changed").await;
        assert_eq!(log["items"].as_array().expect("rows").len(), 4);
        server.stop().await;
    }
}

#[tokio::test]
async fn what_is_no_look_is_refused_with_its_code() {
    let server = Server::start().await;
    let put = |body: Value| server.request(Method::PUT, PATH).json(&body);
    for (body, pointer, code) in [
        (
            json!({"name": "x".repeat(41), "accent": ""}),
            "/name",
            "invalid_text",
        ),
        (
            json!({"name": "a\nb", "accent": ""}),
            "/name",
            "invalid_text",
        ),
        (json!({"name": "", "accent": "red"}), "/accent", "no_colour"),
        (
            json!({"name": "", "accent": "#ffee00"}),
            "/accent",
            "low_contrast",
        ),
        (
            json!({"name": "", "accent": "#000033"}),
            "/accent",
            "low_contrast",
        ),
    ] {
        let (status, problem) = refusal(put(body)).await;
        assert_eq!((status, problem.code.as_str()), (400, "invalid_branding"));
        let error = &problem.errors[0];
        assert_eq!(
            (error.pointer.as_str(), error.code.as_str()),
            (pointer, code)
        );
    }
    let judge = server.request(Method::POST, "/api/v1/branding/accent");
    let judged = json(judge.json(&json!({"accent": "#ffee00"}))).await;
    assert_eq!(judged["passes"], false);
    json(put(json!({"name": "", "accent": judged["nearest"]}))).await;
    let logo = |bytes: Vec<u8>| {
        let request = server.request(Method::PUT, "/api/v1/branding/logo");
        request.header("content-type", "image/png").body(bytes)
    };
    for (bytes, status, code) in [
        (b"<svg onload='alert(1)'/>".to_vec(), 400, "invalid_logo"),
        (png_of(8, 8), 400, "invalid_logo"),
        (vec![0; 256 * 1024 + 1], 413, "logo_too_large"),
        (vec![0; 900 * 1024], 413, "logo_too_large"),
    ] {
        let refused = refusal(logo(bytes)).await;
        assert_eq!((refused.0, refused.1.code.as_str()), (status, code));
    }
    let publisher = server.token(Role::Publisher).await;
    let theirs = server.anonymous(Method::GET, PATH).bearer_auth(publisher);
    assert_eq!(refusal(theirs).await.0, 403);
    server.stop().await;
}
