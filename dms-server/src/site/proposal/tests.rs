//! Proposals, from real devices' observations to a site.

use http::Method;
use serde_json::{Value, json};
use swarm::wire::{Observation, ToDms, ToPeer};

use crate::testing::device::{Control, Device};
use crate::testing::{Server, refusal, text};

/// A device that calls from an address and says what it sees.
async fn sees(server: &Server, from: &str, gateway: u8, subnet: &str) -> Control {
    let device = Device::enroll(server, "pc").await;
    let mut control = device.control(from).await;
    let seen = Observation {
        gateway: Some([gateway; 16]),
        domain: Some("lyon.corp.example".into()),
        subnets: vec![subnet.into(), "no subnet".into()],
        rtt_ms: Some(20),
    };
    control.send(&ToDms::Observed(seen)).await;
    // Its answer comes after what was sent before.
    let (request, title) = (1, swarm::content::TitleId([0; 16]));
    control.send(&ToDms::Resolve { request, title }).await;
    while !matches!(control.expect().await, ToPeer::Head { .. }) {}
    control
}

async fn proposals(server: &Server) -> Vec<Value> {
    let board = server.get("/api/v1/site-proposals").await;
    board["proposals"].as_array().expect("proposals").clone()
}

async fn act(server: &Server, method: Method, path: &str, body: Value) -> u16 {
    let path = format!("/api/v1/site-proposals/{path}");
    let answer = server.request(method, &path).json(&body).send().await;
    answer.expect("an answer").status().as_u16()
}

#[tokio::test]
async fn pcs_in_no_site_become_one_when_somebody_approves() {
    for server in Server::both().await {
        let mut one = sees(&server, "127.20.4.1", 9, "127.20.4.0/24").await;
        assert_eq!(
            proposals(&server).await,
            Vec::<Value>::new(),
            "one PC may be a home"
        );
        let _two = sees(&server, "127.20.5.1", 9, "127.20.5.0/24").await;
        let board = proposals(&server).await;
        assert_eq!(board.len(), 1);
        let found = &board[0];
        assert_eq!(
            (&found["name"], &found["site"]),
            (&json!("Lyon"), &Value::Null)
        );
        assert_eq!(
            found["subnets_added"],
            json!(["127.20.4.0/24", "127.20.5.0/24"])
        );
        assert_eq!((&found["pcs"], &found["rtt_ms"]), (&json!(2), &json!(20)));
        let sites = server.get("/api/v1/sites").await;
        assert_eq!(sites["items"], json!([]), "nothing happens by itself");

        let path = format!("{}/approve", text(&found["key"]));
        let long = json!({"name": "x".repeat(101)});
        assert_eq!(act(&server, Method::POST, &path, long).await, 400);
        let body = json!({"name": "Lyon Part-Dieu"});
        assert_eq!(act(&server, Method::POST, &path, body).await, 204);
        loop {
            if let ToPeer::Site { site } = one.expect().await {
                assert_eq!(site.expect("a site").name, "Lyon Part-Dieu");
                break;
            }
        }
        assert_eq!(proposals(&server).await, Vec::<Value>::new());
        assert_eq!(act(&server, Method::POST, &path, json!({})).await, 404);

        let _three = sees(&server, "127.77.1.1", 9, "127.77.1.0/24").await;
        let board = proposals(&server).await;
        assert_eq!(
            board[0]["subnets_now"].as_array().expect("subnets").len(),
            2
        );
        assert_eq!(board[0]["subnets_added"], json!(["127.77.1.0/24"]));
        let path = format!("{}/approve", text(&board[0]["key"]));
        assert_eq!(act(&server, Method::POST, &path, json!({})).await, 204);
        let sites = server.get("/api/v1/sites").await;
        assert_eq!(
            sites["items"][0]["subnets"]
                .as_array()
                .expect("subnets")
                .len(),
            3
        );
        server.stop().await;
    }
}

#[tokio::test]
async fn a_dismissed_proposal_stays_away_until_its_subnets_change() {
    for server in Server::both().await {
        let _one = sees(&server, "127.20.4.1", 9, "127.20.4.0/24").await;
        let _two = sees(&server, "127.20.4.2", 9, "127.20.4.0/24").await;
        let key = text(&proposals(&server).await[0]["key"]);
        assert_eq!(act(&server, Method::DELETE, &key, json!({})).await, 204);
        assert_eq!(act(&server, Method::DELETE, &key, json!({})).await, 404);
        let _three = sees(&server, "127.20.4.3", 9, "127.20.4.0/24").await;
        let board = server.get("/api/v1/site-proposals").await;
        assert_eq!(
            (&board["proposals"], &board["dismissed"]),
            (&json!([]), &json!(1))
        );
        let _four = sees(&server, "127.20.5.1", 9, "127.20.5.0/24").await;
        assert_eq!(proposals(&server).await.len(), 1);
        server.stop().await;
    }
}

#[tokio::test]
async fn homes_are_told_apart_from_offices_and_a_revoked_device_says_nothing() {
    let server = Server::start().await;
    let _one = sees(&server, "127.20.4.1", 1, "127.20.4.0/24").await;
    let _two = sees(&server, "127.20.4.2", 2, "127.20.4.0/24").await;
    let board = server.get("/api/v1/site-proposals").await;
    assert_eq!(board["proposals"], json!([]));
    assert_eq!(
        board["ambiguous"][0],
        json!({"subnet": "127.20.4.0/24", "gateways": 2, "pcs": 2})
    );
    assert_eq!(board["pcs_left"], 2);
    let devices = server.get("/api/v1/devices").await;
    for device in devices["items"].as_array().expect("items") {
        let path = format!("/api/v1/devices/{}", text(&device["id"]));
        let gone = server.request(Method::DELETE, &path).send().await;
        assert_eq!(gone.expect("an answer").status(), 204);
    }
    let board = server.get("/api/v1/site-proposals").await;
    assert_eq!(
        (&board["ambiguous"], &board["pcs_left"]),
        (&json!([]), &json!(0))
    );
    let path = "/api/v1/site-proposals/x/approve";
    let (status, problem) = refusal(server.request(Method::POST, path).json(&json!({}))).await;
    assert_eq!((status, problem.code.as_str()), (404, "proposal_not_found"));
    server.stop().await;
}
