//! Tried again, given up, resumed, and never in the way of another.

use std::time::Duration;

use super::super::runner::{DEAD_MAX, LEASE_MS, RETRIES_MS};
use super::*;

/// Longer than any wait between two attempts.
const LONG_MS: i64 = 10 * 3_600_000;

/// A receiver that answers so.
async fn answers(status: u16) -> Receiver {
    Receiver::http(AT, move |_, _| reply(status, "", b"no")).await
}

/// Whether so many attempts of every delivery have ended. While one is under way, it is still due.
fn tried(server: &Server, log: &[Value], attempts: usize) -> bool {
    let now_ms = server.app.clock.now_ms();
    log.iter().all(|d| {
        let waits = d["next_ms"].as_i64().is_none_or(|next_ms| next_ms > now_ms);
        waits && d["attempts"].as_u64() >= Some(attempts as u64)
    })
}

/// Lets every attempt of the deliveries happen, until none waits.
async fn give_up(server: &Server, webhook: &Value) -> Vec<Value> {
    for attempts in 1..=RETRIES_MS.len() {
        logged(server, webhook, |log| tried(server, log, attempts)).await;
        server.app.clock.advance_ms(LONG_MS);
    }
    logged(server, webhook, |log| {
        log.iter().all(|d| d["state"] == "dead")
    })
    .await
}

#[tokio::test]
async fn a_delivery_is_tried_again_under_the_same_id_on_both_databases() {
    for server in Server::both_with(open).await {
        let receiver = Receiver::http(AT, |n, _| reply([500, 429, 200][n.min(2)], "", b"")).await;
        let webhook = add(&server, &receiver, &[]).await;
        happen(&server, 1).await;
        let now = server.app.clock.now_ms();
        let log = logged(&server, &webhook, |log| {
            log.iter().any(|d| d["status"] == 500)
        })
        .await;
        assert_eq!(
            (&log[0]["state"], &log[0]["attempts"]),
            (&json!("pending"), &json!(1))
        );
        assert_eq!(log[0]["error"], "the receiver answered 500");
        let next = log[0]["next_ms"].as_i64().expect("a moment");
        assert!(next >= now + RETRIES_MS[0] * 4 / 5, "not at once");
        for (status, step_ms) in [(429, RETRIES_MS[0] * 2), (200, RETRIES_MS[1] * 2)] {
            server.app.clock.advance_ms(step_ms);
            logged(&server, &webhook, |log| log[0]["status"] == status).await;
        }
        let log = logged(&server, &webhook, |log| log[0]["state"] == "delivered").await;
        assert_eq!(
            (&log[0]["attempts"], &log[0]["error"]),
            (&json!(3), &json!(null))
        );
        let requests = receiver.requests();
        let ids: Vec<_> = requests.iter().map(|r| r.field("webhook-id")).collect();
        assert!(
            ids.len() == 3 && ids.iter().all(|id| *id == ids[0]),
            "{ids:?}"
        );
        assert_eq!(log[0]["id"].as_str(), ids[0]);
        let bodies: Vec<_> = requests.iter().map(|r| verified(&webhook, r)).collect();
        assert!(bodies.iter().all(|body| *body == bodies[0]));
        assert!(
            moment(&requests[0]) < moment(&requests[1]),
            "each is signed for its own moment"
        );
        let metrics = server.request(Method::GET, "/metrics").send().await;
        let metrics = metrics.expect("an answer").text().await.expect("text");
        for line in [
            "dms_webhook_deliveries_total{outcome=\"delivered\"} 1",
            "dms_webhook_deliveries_total{outcome=\"failed\"} 2",
            "dms_webhook_deliveries_total{outcome=\"dead\"} 0",
        ] {
            assert!(metrics.contains(line), "{line}");
        }
        server.stop().await;
    }
}

#[tokio::test]
async fn a_delivery_is_given_up_in_the_end_and_can_be_sent_again() {
    let server = start().await;
    let receiver = Receiver::http(AT, |n, _| {
        reply(if n <= RETRIES_MS.len() { 503 } else { 200 }, "", b"")
    })
    .await;
    let webhook = add(&server, &receiver, &[]).await;
    happen(&server, 1).await;
    let log = give_up(&server, &webhook).await;
    assert_eq!(
        (&log[0]["attempts"], &log[0]["next_ms"]),
        (&json!(8), &json!(null))
    );
    assert_eq!(
        (&log[0]["status"], &log[0]["error"]),
        (&json!(503), &json!("the receiver answered 503"))
    );
    let shown = show(&server, &webhook).await;
    assert_eq!(
        (&shown["enabled"], &shown["dead_in_a_row"]),
        (&json!(true), &json!(1))
    );
    let retry = format!(
        "{}/deliveries/{}/retry",
        path(&webhook),
        text(&log[0]["id"])
    );
    let (expected, again) = (RETRIES_MS.len() + 2, server.request(Method::POST, &retry));
    assert_eq!(answer(again).await["state"], "pending");
    let requests = receiver.wait(expected).await;
    let log = logged(&server, &webhook, |log| log[0]["state"] == "delivered").await;
    assert_eq!(log.len(), 1);
    let last = requests.last().expect("a request");
    assert_eq!(
        last.field("webhook-id"),
        log[0]["id"].as_str(),
        "the receiver knows it again"
    );
    assert_eq!(show(&server, &webhook).await["dead_in_a_row"], 0);
    // Also one that arrived.
    answer(server.request(Method::POST, &retry)).await;
    let requests = receiver.wait(expected + 1).await;
    assert_eq!(
        requests.last().expect("a request").field("webhook-id"),
        log[0]["id"].as_str()
    );
    server.stop().await;
}

#[tokio::test]
async fn a_receiver_that_takes_nothing_is_disabled_with_the_reason_and_enabled_by_hand() {
    for server in Server::both_with(open).await {
        let receiver = answers(500).await;
        let webhook = add(&server, &receiver, &[]).await;
        for number in 0..DEAD_MAX as u64 {
            happen(&server, number).await;
        }
        logged(&server, &webhook, |log| log.len() == DEAD_MAX as usize).await;
        give_up(&server, &webhook).await;
        let shown = show(&server, &webhook).await;
        assert_eq!(shown["enabled"], false);
        assert_eq!(
            shown["disabled_reason"],
            "5 deliveries in a row could not be delivered"
        );
        happen(&server, 99).await;
        let body = json!({"url": receiver.url("/hook"), "events": []});
        let enabled = answer(server.request(Method::PUT, &path(&webhook)).json(&body)).await;
        assert_eq!(
            (
                &enabled["enabled"],
                &enabled["disabled_reason"],
                &enabled["dead_in_a_row"]
            ),
            (&json!(true), &json!(null), &json!(0))
        );
        happen(&server, 100).await;
        let log = logged(&server, &webhook, |log| log.len() > DEAD_MAX as usize).await;
        assert_eq!(
            log.len(),
            DEAD_MAX as usize + 1,
            "what happened meanwhile is not told"
        );
        server.stop().await;
    }
}

#[tokio::test]
async fn a_receiver_that_says_it_is_gone_is_asked_no_more() {
    let server = start().await;
    let receiver = answers(410).await;
    let webhook = add(&server, &receiver, &[]).await;
    happen(&server, 1).await;
    let log = logged(&server, &webhook, |log| {
        log.iter().any(|d| d["state"] == "dead")
    })
    .await;
    assert_eq!(
        (&log[0]["attempts"], &log[0]["status"]),
        (&json!(1), &json!(410))
    );
    let shown = show(&server, &webhook).await;
    assert_eq!(shown["enabled"], false);
    assert_eq!(
        shown["disabled_reason"],
        "the receiver says that it is gone (410)"
    );
    server.stop().await;
}

#[tokio::test]
async fn deliveries_go_on_after_a_restart_and_after_a_kill() {
    for server in Server::both_with(open).await {
        let receiver =
            Receiver::http(AT, |n, _| reply(if n < 2 { 500 } else { 200 }, "", b"")).await;
        let webhook = add(&server, &receiver, &[]).await;
        let id: Uuid = text(&webhook["id"]).parse().expect("an id");
        happen(&server, 1).await;
        logged(&server, &webhook, |log| log[0]["status"] == 500).await;
        let server = server.restart().await;
        server.app.clock.advance_ms(RETRIES_MS[0] * 2);
        let log = logged(&server, &webhook, |log| tried(&server, log, 2)).await;
        let next_ms = log[0]["next_ms"].as_i64().expect("a moment");

        // A server takes it in time and is killed before anything else.
        let killed = db::claim(&server.app.db, id, next_ms, next_ms + LEASE_MS).await;
        assert!(killed.expect("the database").is_some());
        server
            .app
            .clock
            .advance_ms(next_ms - server.app.clock.now_ms());
        server.app.webhooks.stir();
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert_eq!(receiver.requests().len(), 2, "somebody has it");
        server.app.clock.advance_ms(LEASE_MS);
        let log = logged(&server, &webhook, |log| log[0]["state"] == "delivered").await;
        assert_eq!((log.len(), &log[0]["attempts"]), (1, &json!(4)));
        let requests = receiver.requests();
        assert_eq!(requests.len(), 3);
        assert_eq!(
            requests[0].field("webhook-id"),
            requests[2].field("webhook-id")
        );
        verified(&webhook, &requests[2]);
        server.stop().await;
    }
}

#[tokio::test]
async fn a_slow_receiver_delays_no_other() {
    const EVENTS: usize = 5;
    let server = start().await;
    let slow = Receiver::http(AT, |_, _| vec![Part::Wait(Duration::from_secs(60))]).await;
    let fast = takes().await;
    // The slow one was there first and is asked first.
    add(&server, &slow, &[]).await;
    add(&server, &fast, &[]).await;
    for number in 0..EVENTS as u64 {
        happen(&server, number).await;
    }
    slow.wait(1).await;
    fast.wait(EVENTS).await;
    assert!(slow.requests().len() < EVENTS, "{}", slow.requests().len());
    server.stop().await;
}

#[tokio::test]
async fn a_receiver_that_is_cut_off_by_the_stop_gets_it_again() {
    let server = start().await;
    let receiver = Receiver::http(AT, |n, _| {
        let mut parts = vec![Part::Wait(Duration::from_millis(if n == 0 {
            1_500
        } else {
            0
        }))];
        parts.extend(reply(200, "", b""));
        parts
    })
    .await;
    let webhook = add(&server, &receiver, &[]).await;
    happen(&server, 1).await;
    happen(&server, 2).await;
    receiver.wait(1).await;
    // What is being sent is sent to its end, what waits is sent by the next server.
    let server = server.restart().await;
    let log = logged(&server, &webhook, |log| {
        log.iter().all(|d| d["state"] == "delivered")
    })
    .await;
    assert_eq!(log.len(), 2);
    let ids: std::collections::BTreeSet<_> = receiver
        .requests()
        .iter()
        .map(|r| r.field("webhook-id").map(str::to_owned))
        .collect();
    assert_eq!((ids.len(), receiver.requests().len()), (2, 2));
    server.stop().await;
}
