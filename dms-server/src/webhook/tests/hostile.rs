//! URLs that would make the server talk to itself or its neighbours: refused when a webhook is made, and
//! again at each delivery, because names change what they mean.

use super::*;

/// URLs, with the port of a canary as `PORT`, and what their refusal says.
const HOSTILE: [(&str, &str); 20] = [
    ("https://127.0.0.1:PORT/", "a loopback address"),
    ("http://127.0.0.1:PORT/metrics", "a loopback address"),
    ("https://localhost:PORT/", "a loopback address"),
    ("https://2130706433:PORT/", "a loopback address"),
    ("https://0x7f.1:PORT/", "a loopback address"),
    ("https://１２７.０.０.１:PORT/", "a loopback address"),
    ("https://[::1]:PORT/", "a loopback address"),
    ("https://[::ffff:127.0.0.1]:PORT/", "hides an IPv4 address"),
    ("https://0.0.0.0:PORT/", "the unspecified address"),
    ("http://169.254.169.254/latest/", "a link-local address"),
    ("https://10.0.0.1/", "egress.allow"),
    ("https://[fd00:ec2::254]/", "a private address"),
    ("http://93.184.216.34/", "write https://"),
    ("ftp://127.77.0.1/", "https://"),
    ("file:///etc/passwd", "https://"),
    ("https://user:pass@127.77.0.1/", "user name"),
    ("https://127.77.0.1\\@127.0.0.1:PORT/", "backslashes"),
    ("https://127.77.0.1:22/", "port 22"),
    ("hooks.example", "no URL"),
    ("https://nobody.invalid/", "cannot be resolved"),
];

#[tokio::test]
async fn hostile_urls_are_refused_when_a_webhook_is_made_or_replaced() {
    let server = start().await;
    let canary = Receiver::canary().await;
    let good = takes().await;
    let webhook = add(&server, &good, &[]).await;
    for (url, words) in HOSTILE {
        let url = url.replace("PORT", &canary.addr.port().to_string());
        let body = json!({"url": url});
        for (method, path) in [
            (Method::POST, WEBHOOKS.to_owned()),
            (Method::PUT, path(&webhook)),
        ] {
            let (status, problem) = refusal(server.request(method, &path).json(&body)).await;
            let refused = (status, problem.code.as_str());
            assert_eq!(refused, (400, "invalid_webhook"), "{url}");
            let field = &problem.errors[0];
            assert_eq!(field.pointer, "/url", "{url}");
            assert!(field.fix.contains(words), "{url}: {}", field.fix);
        }
    }
    assert_eq!(show(&server, &webhook).await["url"], good.url("/hook"));
    assert_eq!(canary.connections(), 0);
    server.stop().await;
}

#[tokio::test]
async fn hostile_urls_are_refused_at_each_delivery() {
    let server = start().await;
    let (canary, good) = (Receiver::canary().await, takes().await);
    let webhook = add(&server, &good, &[]).await;
    let id: Uuid = text(&webhook["id"]).parse().expect("an id");
    let port = canary.addr.port();
    let (mut sent, test) = (0, format!("{}/test", path(&webhook)));
    // As if the name had meant something else when the webhook was made.
    for url in [
        format!("https://localhost:{port}/"),
        format!("http://localhost:{port}/"),
        format!("http://127.0.0.1:{port}/"),
        format!("http://[::1]:{port}/"),
        format!("http://2130706433:{port}/"),
        format!("http://0:{port}/"),
        format!("http://[::ffff:127.0.0.1]:{port}/"),
        "http://169.254.169.254/latest/meta-data/".to_owned(),
    ] {
        let planted = db::replace(
            &server.app.db,
            id,
            &url,
            "[]",
            true,
            &crate::audit::testing::note(1),
        )
        .await;
        assert!(planted.expect("the database"));
        happen(&server, sent).await;
        sent += 1;
        let log = logged(&server, &webhook, |log| {
            log.len() as u64 == sent && log[0]["error"] != json!(null)
        })
        .await;
        assert_eq!(
            (&log[0]["state"], &log[0]["status"]),
            (&json!("pending"), &json!(null)),
            "{url}"
        );
        assert!(
            text(&log[0]["error"]).contains("address"),
            "{url}: {}",
            log[0]
        );
        let told = answer(server.request(Method::POST, &test)).await;
        assert_eq!(
            (&told["delivered"], &told["answer"]),
            (&json!(false), &json!("")),
            "{told}"
        );
    }
    assert_eq!((canary.connections(), good.connections()), (0, 0));
    server.stop().await;
}

#[tokio::test]
async fn a_redirect_leads_a_delivery_nowhere() {
    let server = start().await;
    let canary = Receiver::canary().await;
    let location = format!("location: http://127.0.0.1:{}/\r\n", canary.addr.port());
    let receiver = Receiver::http(AT, move |n, _| {
        reply([301, 302, 303, 307, 308][n % 5], &location, b"")
    })
    .await;
    let webhook = add(&server, &receiver, &[]).await;
    for number in 0..5 {
        happen(&server, number).await;
    }
    let log = logged(&server, &webhook, |log| {
        log.len() == 5 && log.iter().all(|d| d["status"] != json!(null))
    })
    .await;
    assert!(
        log.iter().all(|d| text(&d["error"]).contains("redirects")),
        "{log:?}"
    );
    assert_eq!(canary.connections(), 0);
    server.stop().await;
}

#[tokio::test]
async fn what_the_operator_shuts_again_is_called_no_more() {
    let server = start().await;
    let good = takes().await;
    let webhook = add(&server, &good, &[]).await;
    let shut = server
        .restart_with(|config| config.egress.allow.clear())
        .await;
    happen(&shut, 1).await;
    let log = logged(&shut, &webhook, |log| {
        log.iter().any(|d| d["error"] != json!(null))
    })
    .await;
    assert!(
        text(&log[0]["error"]).contains("a loopback address"),
        "{}",
        log[0]
    );
    assert_eq!(good.connections(), 0);
    // It can still be switched off.
    let body = json!({"url": good.url("/hook"), "enabled": false});
    let off = answer(shut.request(Method::PUT, &path(&webhook)).json(&body)).await;
    assert_eq!(off["enabled"], false);
    shut.stop().await;
}
