//! The pages and their headers.

use http::Method;

use crate::testing::{Server, refusal};

#[tokio::test]
async fn pages_are_there_for_everybody_under_a_strict_policy() {
    let server = Server::start().await;
    for path in ["/watch/0192f0c1-2345-7000-8000-000000000000"] {
        let page = server
            .anonymous(Method::GET, path)
            .send()
            .await
            .expect("an answer");
        assert_eq!(page.status(), 200, "{path}");
        let header = |name: &str| page.headers()[name].to_str().expect("text").to_owned();
        assert!(header("content-type").starts_with("text/html"), "{path}");
        assert_eq!(header("x-content-type-options"), "nosniff");
        assert_eq!(header("referrer-policy"), "no-referrer");
        let policy = header("content-security-policy");
        assert!(policy.starts_with("default-src 'self'"), "{policy}");
        assert!(!policy.contains("unsafe"), "{policy}");
        let trusted = "require-trusted-types-for 'script'; trusted-types default";
        assert!(policy.contains(trusted), "{policy}");
        let etag = header("etag");
        let again = server
            .anonymous(Method::GET, path)
            .header("if-none-match", etag);
        assert_eq!(again.send().await.expect("an answer").status(), 304);
    }
    for path in [
        "/assets/none.js",
        "/assets/..%2findex.html",
        "/csp.txt",
        "/watch",
    ] {
        assert_eq!(
            refusal(server.anonymous(Method::GET, path)).await.0,
            404,
            "{path}"
        );
    }
    server.stop().await;
}

#[tokio::test]
async fn console_and_portal_are_pages_whose_styles_carry_the_nonce_of_the_answer() {
    let server = Server::start().await;
    let mut policies = Vec::new();
    let paths = [
        "/console",
        "/console/",
        "/console/titles/1",
        "/",
        "/search?q=q3",
        "/device?code=BCDF-GHJK",
    ];
    for path in paths {
        let page = server.anonymous(Method::GET, path).send().await;
        let page = page.expect("an answer");
        assert_eq!(page.status(), 200, "{path}");
        assert_eq!(page.headers()["cache-control"], "no-store");
        let policy = page.headers()["content-security-policy"]
            .to_str()
            .expect("text")
            .to_owned();
        let text = page.text().await.expect("a page");
        let nonce = policy.split("'nonce-").nth(1).expect("a nonce");
        let nonce = nonce.split('\'').next().expect("its end");
        // What stands here when the console was not built has no styles.
        assert!(
            text.contains(nonce) || text.contains("was not built"),
            "{text}"
        );
        assert!(!policy.contains("unsafe"), "{policy}");
        let trusted = "require-trusted-types-for 'script'; trusted-types default";
        assert!(policy.contains(trusted), "{policy}");
        policies.push(policy);
    }
    policies.sort();
    policies.dedup();
    assert_eq!(policies.len(), paths.len(), "each answer has its own nonce");
    for path in [
        "/console/assets/none.js",
        "/console/assets/..%2findex.html",
        "/portal/assets/none.js",
        "/portal/assets/..%2fportal.html",
        "/portal.html",
    ] {
        assert_eq!(
            refusal(server.anonymous(Method::GET, path)).await.0,
            404,
            "{path}"
        );
    }
    server.stop().await;
}

#[tokio::test]
async fn a_short_link_leads_to_the_moment_of_the_title() {
    let server = Server::start().await;
    let title = "0192f0c1-2345-7000-8000-000000000000";
    let plain = format!("/watch/{title}");
    for (query, place) in [
        ("", plain.clone()),
        ("?at=93", format!("{plain}?at=93")),
        ("?at=soon", plain.clone()),
        ("?at=1&at=2", plain),
    ] {
        let link = format!("/t/{title}{query}");
        let answer = server.anonymous(Method::GET, &link).send().await;
        let answer = answer.expect("an answer");
        assert_eq!(answer.status(), 307, "{query}");
        assert_eq!(answer.headers()["location"], place, "{query}");
    }
    let nothing = server.anonymous(Method::GET, "/t/%2e%2e%2fconsole");
    assert_eq!(refusal(nothing).await.0, 404);
    server.stop().await;
}
