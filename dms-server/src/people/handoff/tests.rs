//! Codes and sessions of the pages that agents serve: whose they are, where they are good, and when they end.

use http::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::auth::Role;
use crate::people::handoff::CODES_MAX;
use crate::testing::device::Device;
use crate::testing::rights::{PASSWORD, Person};
use crate::testing::title::{self, Video};
use crate::testing::{Server, json, refusal, text};

/// The cookie of a session of this person.
async fn cookie(server: &Server, login: &str) -> String {
    let body = json!({"login": login, "password": PASSWORD});
    let session = server.anonymous(Method::POST, "/session").json(&body);
    let session = session.send().await.expect("an answer");
    let cookie = session.headers()["set-cookie"].to_str().expect("text");
    cookie.split(';').next().expect("a pair").to_owned()
}

fn with_cookie(
    server: &Server,
    method: Method,
    path: &str,
    cookie: &str,
) -> reqwest::RequestBuilder {
    server
        .anonymous(method, path)
        .header("cookie", cookie)
        .header("origin", server.app.public_origin())
}

async fn code(server: &Server, cookie: &str) -> Value {
    json(with_cookie(
        server,
        Method::POST,
        "/api/v1/me/handoff",
        cookie,
    ))
    .await
}

/// The device trades the code.
fn trade(device: &Device, code: &str) -> reqwest::RequestBuilder {
    let url = device.url("/v1/handoff");
    device.client().post(url).json(&json!({ "code": code }))
}

/// The page that the device's agent serves asks for something.
fn ask(device: &Device, method: Method, path: &str, token: &str) -> reqwest::RequestBuilder {
    let url = device.url(&format!("/v1/page{path}"));
    device.client().request(method, url).bearer_auth(token)
}

async fn status(request: reqwest::RequestBuilder) -> u16 {
    request.send().await.expect("an answer").status().as_u16()
}

/// A server with a title, a viewer with a session, a device, and a page's session on it.
struct Scene {
    server: Server,
    video: Video,
    ana: Person,
    cookie: String,
    device: Device,
    token: String,
    title: String,
}

async fn scene(server: Server) -> Scene {
    let video = title::video(&server).await;
    let ana = server.someone("ana", Role::Viewer).await;
    let cookie = cookie(&server, "ana").await;
    let device = Device::enroll(&server, "PC 1").await;
    let given = code(&server, &cookie).await;
    let granted = json(trade(&device, &text(&given["code"]))).await;
    let title = format!("/api/v1/titles/{}", video.title);
    Scene {
        token: text(&granted["token"]),
        server,
        video,
        ana,
        cookie,
        device,
        title,
    }
}

#[tokio::test]
async fn a_code_is_traded_once_for_a_session_of_this_person_on_this_device() {
    for server in Server::both_with(|config| config.media.jobs = 0).await {
        let scene = scene(server).await;
        let Scene {
            server,
            device,
            token,
            title,
            ..
        } = &scene;
        let seen = json(ask(device, Method::GET, title, token)).await;
        assert_eq!(seen["id"], scene.video.title.to_string());
        // Watching is noted as the person's own.
        let path = format!("/api/v1/me/progress/{}", scene.video.title);
        let noted = ask(device, Method::PUT, &path, token).json(&json!({"seconds": 17}));
        assert_eq!(status(noted).await, 204);
        let mine = format!("/api/v1/me/titles/{}", scene.video.title);
        let mine = server
            .anonymous(Method::GET, &mine)
            .bearer_auth(&scene.ana.token);
        assert_eq!(json(mine).await["seconds"], 17);

        let given = code(server, &scene.cookie).await;
        let state = format!("/api/v1/me/handoff/{}", text(&given["id"]));
        let used = || with_cookie(server, Method::GET, &state, &scene.cookie);
        assert_eq!(json(used()).await, json!({"used": false}));
        assert_eq!(status(trade(device, &text(&given["code"]))).await, 200);
        assert_eq!(json(used()).await, json!({"used": true}));
        let (status, problem) = refusal(trade(device, &text(&given["code"]))).await;
        assert_eq!((status, problem.code.as_str()), (403, "handoff_over"));
        // It is in the log, with the device, and without a secret.
        let log = server.get("/api/v1/audit?action=session.handed_over").await;
        let row = &log["items"][0];
        assert_eq!(
            (&row["actor"], &row["detail"]["device"]),
            (&json!("ana"), &json!(device.id.to_string()))
        );
        assert!(!log.to_string().contains("dms_"), "{log}");
        scene.server.stop().await;
    }
}

#[tokio::test]
async fn a_code_is_worth_nothing_elsewhere() {
    let scene = scene(Server::with(|config| config.media.jobs = 0).await).await;
    let Scene {
        server,
        device,
        token,
        title,
        ..
    } = &scene;
    let other = Device::enroll(server, "PC 2").await;
    assert_eq!(
        status(ask(&other, Method::GET, title, token)).await,
        401,
        "another device"
    );
    let public = server.anonymous(Method::GET, title).bearer_auth(token);
    assert_eq!(status(public).await, 401, "the public listener, as a token");
    let name = server.app.cookie_name();
    let public = with_cookie(server, Method::GET, title, &format!("{name}={token}"));
    assert_eq!(
        status(public).await,
        401,
        "the public listener, as a cookie"
    );
    // On the device listener nothing but such a session counts.
    for secret in [&scene.ana.token, &server.owner] {
        assert_eq!(status(ask(device, Method::GET, title, secret)).await, 401);
    }
    let with_cookie = device.client().get(device.url(&format!("/v1/page{title}")));
    assert_eq!(
        status(with_cookie.header("cookie", &scene.cookie)).await,
        401
    );
    // Nor is a code a session, or a session a code.
    let given = code(server, &scene.cookie).await;
    assert_eq!(
        status(ask(device, Method::GET, title, &text(&given["code"]))).await,
        401
    );
    assert_eq!(status(trade(device, token)).await, 403);
    // Who is no person has nothing to hand over, and a foreign page gets no code.
    assert_eq!(
        status(server.request(Method::POST, "/api/v1/me/handoff")).await,
        409
    );
    let foreign = server
        .anonymous(Method::POST, "/api/v1/me/handoff")
        .header("cookie", &scene.cookie);
    assert_eq!(
        status(foreign.header("origin", "https://evil.example")).await,
        403
    );
    // Nor does anybody learn what became of another's code.
    let bob = server.someone("bob", Role::Viewer).await;
    let state = format!("/api/v1/me/handoff/{}", text(&given["id"]));
    let spied = server
        .anonymous(Method::GET, &state)
        .bearer_auth(&bob.token);
    assert_eq!(status(spied).await, 404);
    scene.server.stop().await;
}

#[tokio::test]
async fn a_page_asks_only_what_watching_needs() {
    let scene = scene(Server::with(|config| config.media.jobs = 0).await).await;
    let Scene {
        server,
        device,
        title,
        ..
    } = &scene;
    // Also an owner's page has a viewer's rights.
    let owner = server.someone("olga", Role::Publisher).await;
    let given = server
        .anonymous(Method::POST, "/api/v1/me/handoff")
        .bearer_auth(&owner.token);
    let given = json(given).await;
    let token = text(&json(trade(device, &text(&given["code"]))).await["token"]);
    assert_eq!(status(ask(device, Method::GET, title, &token)).await, 200);
    for (method, path) in [
        (Method::GET, "/session"),
        (Method::GET, "/api/v1/tokens"),
        (Method::POST, "/api/v1/me/handoff"),
        (Method::GET, "/api/v1/sites"),
        (Method::DELETE, title.as_str()),
        (Method::GET, "/api/v1/titles/../people"),
    ] {
        let refused = status(ask(device, method.clone(), path, &token)).await;
        assert_eq!(refused, 404, "{method} {path}");
    }
    scene.server.stop().await;
}

#[tokio::test]
async fn a_session_ends_with_what_it_was_handed_over_from() {
    for server in Server::both_with(|config| config.media.jobs = 0).await {
        let scene = scene(server).await;
        let Scene {
            server,
            device,
            token,
            title,
            ..
        } = &scene;
        let answers = async |token: &str| status(ask(device, Method::GET, title, token)).await;
        let from_token = async || {
            let given = server.anonymous(Method::POST, "/api/v1/me/handoff");
            let given = json(given.bearer_auth(&scene.ana.token)).await;
            text(&json(trade(device, &text(&given["code"]))).await["token"])
        };
        // Signing out ends it, and a code that was not used yet.
        let waiting = text(&code(server, &scene.cookie).await["code"]);
        assert_eq!(
            status(with_cookie(
                server,
                Method::DELETE,
                "/session",
                &scene.cookie
            ))
            .await,
            204
        );
        assert_eq!(answers(token).await, 401);
        assert_eq!(status(trade(device, &waiting)).await, 403);
        // So does closing the account, whatever it was handed over from.
        let by_token = from_token().await;
        assert_eq!(answers(&by_token).await, 200);
        let change = json!({"active": false});
        let path = format!("/api/v1/people/{}", scene.ana.id);
        assert_eq!(
            status(server.request(Method::PATCH, &path).json(&change)).await,
            200
        );
        assert_eq!(answers(&by_token).await, 401);
        let change = json!({"active": true});
        assert_eq!(
            status(server.request(Method::PATCH, &path).json(&change)).await,
            200
        );
        // And revoking the device.
        let by_token = from_token().await;
        assert_eq!(answers(&by_token).await, 200);
        let path = format!("/api/v1/devices/{}", Uuid::from_bytes(device.id.0));
        assert_eq!(status(server.request(Method::DELETE, &path)).await, 204);
        assert!(matches!(answers(&by_token).await, 401 | 403));
        scene.server.stop().await;
    }
}

#[tokio::test]
async fn codes_are_few_and_end() {
    for server in Server::both_with(|config| config.media.jobs = 0).await {
        let ana = server.someone("ana", Role::Viewer).await;
        let device = Device::enroll(&server, "PC 1").await;
        let mut codes = Vec::new();
        for _ in 0..=CODES_MAX {
            let given = server.anonymous(Method::POST, "/api/v1/me/handoff");
            let given = json(given.bearer_auth(&ana.token)).await;
            codes.push(text(&given["code"]));
        }
        assert_eq!(
            status(trade(&device, &codes[0])).await,
            403,
            "the oldest went"
        );
        assert_eq!(status(trade(&device, &codes[1])).await, 200);
        server.app.clock.advance_ms(super::CODE_MS);
        assert_eq!(
            status(trade(&device, &codes[2])).await,
            403,
            "a minute is over"
        );
        server.stop().await;
    }
}
