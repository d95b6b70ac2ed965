//! Frames and oEmbed: who may show what, and that nobody learns a name.

use http::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Oembed, Shown, size};
use crate::auth::Role;
use crate::testing::{Server, refusal, title};

const ORIGIN: &str = "https://video.example";

#[test]
fn addresses_of_this_server_are_read_and_no_others() {
    let id = "0192f0c1-2345-7000-8000-000000000000";
    let read = |rest: &str| Shown::read(&format!("{ORIGIN}{rest}"), ORIGIN).map(|shown| shown.at);
    assert_eq!(read(&format!("/watch/{id}")), Some(None));
    assert_eq!(read(&format!("/embed/{id}?t=93")), Some(Some(93)));
    assert_eq!(read(&format!("/watch/{id}/?at=7&x=1")), Some(Some(7)));
    assert_eq!(read(&format!("/watch/{id}?t=\"><script>")), Some(None));
    for wrong in [
        "/".to_owned(),
        "/watch/x".to_owned(),
        format!("/console/titles/{id}"),
        format!("/watch/{id}/more"),
        format!(".evil.example/watch/{id}"),
        format!(":8443/watch/{id}"),
    ] {
        assert_eq!(read(&wrong), None, "{wrong}");
    }
    assert_eq!(
        Shown::read(&format!("http://video.example/watch/{id}"), ORIGIN),
        None
    );
    assert_eq!(Shown::read(&format!("/watch/{id}"), ORIGIN), None);
}

#[test]
fn a_frame_keeps_its_shape_within_what_is_asked_for() {
    for (most, want) in [
        ((u32::MAX, u32::MAX), (960, 540)),
        ((480, u32::MAX), (480, 270)),
        ((u32::MAX, 90), (160, 90)),
        ((800, 100), (177, 100)),
        ((0, 0), (160, 90)),
    ] {
        assert_eq!(size(most), want, "{most:?}");
    }
}

#[test]
fn a_name_is_a_text_in_the_frames_html() {
    let shown = Shown {
        title: "0192f0c1-2345-7000-8000-000000000000"
            .parse()
            .expect("an id"),
        at: Some(5),
    };
    let name = "\"><script>alert('1')</script>&".to_owned();
    let html = Oembed::of(ORIGIN, &shown, Some(name), (960, 540)).html;
    assert!(!html.contains("<script"), "{html}");
    assert_eq!(html.matches('<').count(), 2, "{html}");
    assert!(
        html.contains(
            "src=\"https://video.example/embed/0192f0c1-2345-7000-8000-000000000000?t=5\""
        )
    );
    assert!(html.contains("allow=\"autoplay; fullscreen; picture-in-picture; loopback-network\""));
}

impl Server {
    /// Who may frame a title, as the header says.
    async fn framed_by(&self, title: &str) -> String {
        let page = self.anonymous(Method::GET, &format!("/embed/{title}"));
        let page = page.send().await.expect("an answer");
        assert_eq!(page.status(), 200);
        assert_eq!(page.headers()["cache-control"], "no-store");
        let policy = page.headers()["content-security-policy"].to_str();
        let policy = policy.expect("text").to_owned();
        assert_eq!(policy.matches("frame-ancestors").count(), 1, "{policy}");
        assert!(policy.starts_with("default-src 'self'"), "{policy}");
        let ancestors = policy
            .split("; ")
            .find(|d| d.starts_with("frame-ancestors"));
        ancestors.expect("a directive").to_owned()
    }

    async fn oembed(&self, token: Option<&str>, title: &str) -> Value {
        let url = format!("{}/watch/{title}", self.app.public_origin());
        let request = self
            .anonymous(Method::GET, "/oembed")
            .query(&[("url", url)]);
        let request = match token {
            Some(token) => request.bearer_auth(token),
            None => request,
        };
        crate::testing::json(request).await
    }
}

#[tokio::test]
async fn a_policy_names_the_pages_that_may_frame_a_title_on_both_databases() {
    for server in Server::both_with(|config| config.media.jobs = 0).await {
        let video = title::video(&server).await;
        let id = video.title.to_string();
        assert_eq!(server.framed_by(&id).await, "frame-ancestors 'self'");
        let nowhere = Uuid::nil().to_string();
        assert_eq!(server.framed_by(&nowhere).await, "frame-ancestors 'self'");
        let board = server.group("board").await;
        let audience = json!({"groups": [board]});
        let embed = json!(["https://wiki.example:8443", "https://intranet.example"]);
        server
            .set_policy(&video, json!({"audience": audience, "embed": embed}))
            .await;
        let want = "frame-ancestors 'self' https://intranet.example https://wiki.example:8443";
        assert_eq!(server.framed_by(&id).await, want);
        let path = format!("/api/v1/titles/{id}/policy");
        for (policy, at, code) in [
            (
                json!({"audience": audience, "embed": ["*"]}),
                "/embed/0",
                "embed_any_for_named",
            ),
            (
                json!({"embed": ["https://a.example", "http://b"]}),
                "/embed/1",
                "not_an_origin",
            ),
        ] {
            let (status, problem) = refusal(server.request(Method::PUT, &path).json(&policy)).await;
            assert_eq!((status, problem.code.as_str()), (400, "invalid_policy"));
            assert_eq!(
                (
                    problem.errors[0].pointer.as_str(),
                    problem.errors[0].code.as_str()
                ),
                (at, code)
            );
        }
        server.set_policy(&video, json!({"embed": ["*"]})).await;
        assert_eq!(server.framed_by(&id).await, "frame-ancestors 'self' *");
        server.stop().await;
    }
}

#[tokio::test]
async fn oembed_names_a_title_only_to_who_may_see_it() {
    let server = Server::with(|config| config.media.jobs = 0).await;
    let ana = server.someone("ana", Role::Viewer).await;
    let eve = server.someone("eve", Role::Viewer).await;
    let video = title::video(&server).await;
    let id = video.title.to_string();
    server
        .set_policy(&video, json!({"audience": {"people": [ana.id]}}))
        .await;
    let hers = server.oembed(Some(&ana.token), &id).await;
    let name = &server.get(&format!("/api/v1/titles/{id}")).await["title"];
    assert_eq!(&hers["title"], name);
    let generic = server.oembed(None, &id).await;
    assert_eq!(generic["title"], "Video");
    assert_eq!(server.oembed(Some(&eve.token), &id).await, generic);
    assert_eq!(server.oembed(Some("dms_not-a-token"), &id).await, generic);
    let nowhere = Uuid::nil().to_string();
    let other = server.oembed(None, &nowhere).await.to_string();
    assert_eq!(other.replace(&nowhere, &id), generic.to_string());
    for (path, status) in [
        ("/oembed?url=https://elsewhere.example/watch/1", 404),
        ("/oembed", 400),
    ] {
        assert_eq!(
            refusal(server.anonymous(Method::GET, path)).await.0,
            status,
            "{path}"
        );
    }
    let xml = server.anonymous(Method::GET, "/oembed?url=x&format=xml");
    assert_eq!(refusal(xml).await.0, 501);
    // The page that people share says where to ask.
    let page = server.anonymous(Method::GET, &format!("/watch/{id}"));
    let page = page.send().await.expect("an answer");
    let text = page.text().await.expect("a page");
    let asked = url::form_urlencoded::byte_serialize(server.app.public_origin().as_bytes());
    let link = format!("/oembed?url={}%2Fwatch%2F{id}", asked.collect::<String>());
    assert!(
        text.contains(&link) || text.contains("was not built"),
        "{text}"
    );
    server.stop().await;
}
