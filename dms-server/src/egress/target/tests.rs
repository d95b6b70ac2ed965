//! What people type, and what programs that want to get in write.

use super::*;

fn host(text: &str) -> Result<String, TargetError> {
    Target::parse(text).map(|target| match target.host() {
        Place::Name(name) => name.clone(),
        Place::Address(address) => address.to_string(),
    })
}

#[test]
fn a_host_is_what_the_connection_will_use() {
    for (text, expected) in [
        ("https://hooks.example.com/dms", "hooks.example.com"),
        ("https://HOOKS.Example.COM", "hooks.example.com"),
        ("HTTPS://hooks.example.com", "hooks.example.com"),
        ("https:hooks.example.com", "hooks.example.com"),
        ("https:///hooks.example.com/", "hooks.example.com"),
        ("https://a_b.example", "a_b.example"),
        ("https://bücher.example/", "xn--bcher-kva.example"),
        ("https://xn--bcher-kva.example/", "xn--bcher-kva.example"),
        ("https://ｈｏｏｋｓ.example", "hooks.example"),
        ("https://hooks。example", "hooks.example"),
        ("https://hooks%2Eexample", "hooks.example"),
        ("https://localhost", "localhost"),
        ("https://intranet/hook", "intranet"),
        ("https://hooks.example#@evil.example/", "hooks.example"),
        ("https://hooks.example?@evil.example/", "hooks.example"),
        ("https://hooks.example/@evil.example/", "hooks.example"),
        // Every way to write one address.
        ("https://127.0.0.1", "127.0.0.1"),
        ("https://127.1", "127.0.0.1"),
        ("https://127.0.1", "127.0.0.1"),
        ("https://2130706433", "127.0.0.1"),
        ("https://0x7f000001", "127.0.0.1"),
        ("https://0X7F.0.0.1", "127.0.0.1"),
        ("https://0177.0.0.01", "127.0.0.1"),
        ("https://017700000001", "127.0.0.1"),
        ("https://0x7f.1", "127.0.0.1"),
        ("https://%31%32%37.0.0.1", "127.0.0.1"),
        ("https://127%2e0%2e0%2e1", "127.0.0.1"),
        ("https://１２７.０.０.１", "127.0.0.1"),
        ("https://127。0．0｡1", "127.0.0.1"),
        ("https://①②⑦.0.0.1", "127.0.0.1"),
        ("https://127.0.0.1.", "127.0.0.1"),
        ("https://0", "0.0.0.0"),
        ("https://127.0.0.0x", "127.0.0.0"),
        ("https://[::1]", "::1"),
        ("https://[0:0:0:0:0:0:0:1]", "::1"),
        ("https://[::FFFF:127.0.0.1]", "::ffff:127.0.0.1"),
        ("https://[::ffff:7f00:1]", "::ffff:127.0.0.1"),
    ] {
        assert_eq!(host(text).as_deref(), Ok(expected), "{text}");
    }
}

#[test]
fn what_is_not_taken_says_why() {
    let long = format!("https://hooks.example/{}", "a".repeat(URL_MAX));
    let grows = format!("https://hooks.example/{}", "é".repeat(URL_MAX / 2 - 20));
    let part = format!("https://{}.example", "a".repeat(64));
    let name = format!("https://{}", ["a"; 130].join("."));
    for (text, expected) in [
        ("", TargetError::Syntax),
        ("hooks.example", TargetError::Syntax),
        ("/hook", TargetError::Syntax),
        ("https://", TargetError::Syntax),
        ("https://256.256.256.256", TargetError::Syntax),
        ("https://1.2.3.4.5", TargetError::Syntax),
        ("https://[fe80::1%25eth0]", TargetError::Syntax),
        ("https://[fe80::1%eth0]", TargetError::Syntax),
        ("https://[::1", TargetError::Syntax),
        ("https://[127.0.0.1]", TargetError::Syntax),
        ("https://hooks.example:99999", TargetError::Syntax),
        ("https://hooks.example:port", TargetError::Syntax),
        ("https://exa%00mple", TargetError::Syntax),
        ("https://exa%2fmple", TargetError::Syntax),
        ("https://exa%40mple", TargetError::Syntax),
        ("https://xn--a", TargetError::Syntax),
        ("https://a\u{200b}\u{2060}..example", TargetError::Host),
        ("ftp://hooks.example", TargetError::Scheme),
        ("file:///etc/passwd", TargetError::Scheme),
        ("gopher://127.0.0.1:6379/_INFO", TargetError::Scheme),
        ("javascript:alert(1)", TargetError::Scheme),
        ("data:text/plain,x", TargetError::Scheme),
        ("jar:https://hooks.example!/", TargetError::Scheme),
        ("ws://hooks.example", TargetError::Scheme),
        ("unix:/run/docker.sock", TargetError::Scheme),
        ("https://user@hooks.example", TargetError::Userinfo),
        ("https://user:password@hooks.example", TargetError::Userinfo),
        ("https://:password@hooks.example", TargetError::Userinfo),
        ("https://hooks.example@127.0.0.1", TargetError::Userinfo),
        ("https://hooks.example:443@127.0.0.1", TargetError::Userinfo),
        ("https://hooks.example.", TargetError::Host),
        ("https://localhost.", TargetError::Host),
        ("https://hooks..example", TargetError::Host),
        ("https://.hooks.example", TargetError::Host),
        ("https://hooks!.example", TargetError::Host),
        ("https://$(id).example", TargetError::Host),
        ("https://a,b.example", TargetError::Host),
        ("https://*.example", TargetError::Host),
        ("https://hooks.example:22", TargetError::Port(22)),
        ("https://hooks.example:25", TargetError::Port(25)),
        ("https://hooks.example:0", TargetError::Port(0)),
        ("https://hooks.example:1023", TargetError::Port(1023)),
        ("http://hooks.example:445", TargetError::Port(445)),
        (" https://hooks.example", TargetError::Characters),
        ("https://hooks.example ", TargetError::Characters),
        ("https://hooks.example/\r\nx: y", TargetError::Characters),
        ("ht\ttps://hooks.example", TargetError::Characters),
        ("https://127.0.\n0.1", TargetError::Characters),
        ("https:\\\\hooks.example", TargetError::Characters),
        ("https://hooks.example\\@127.0.0.1", TargetError::Characters),
        ("https://hooks.example\u{a0}", TargetError::Characters),
        ("https://hooks.example\u{85}", TargetError::Characters),
        ("https://hooks.example\0", TargetError::Characters),
        (&long, TargetError::TooLong),
        (&grows, TargetError::TooLong),
        (&part, TargetError::Host),
        (&name, TargetError::Host),
    ] {
        assert_eq!(host(text), Err(expected), "{text:?}");
    }
}

#[test]
fn ports_for_http_and_those_from_1024_on_are_called() {
    for (text, port) in [
        ("https://hooks.example", 443),
        ("https://hooks.example:443", 443),
        ("http://hooks.example", 80),
        ("https://hooks.example:8443", 8_443),
        ("https://hooks.example:1024", 1_024),
        ("https://hooks.example:65535", 65_535),
        ("https://hooks.example:00443", 443),
    ] {
        assert_eq!(Target::parse(text).expect(text).port(), port, "{text}");
    }
}

#[test]
fn what_goes_over_the_wire_is_what_was_read() {
    let target = Target::parse("https://Hooks.Example:8443/a/../b%20c?x=1&y=%2F#secret");
    let target = target.expect("a URL");
    assert_eq!(target.authority(), "hooks.example:8443");
    assert_eq!(target.path_and_query(), "/b%20c?x=1&y=%2F");
    assert_eq!(
        target.as_str(),
        "https://hooks.example:8443/b%20c?x=1&y=%2F"
    );
    let six = Target::parse("http://[FD00::1]:8080").expect("a URL");
    assert_eq!(
        (six.authority().as_str(), six.path_and_query().as_str()),
        ("[fd00::1]:8080", "/")
    );
    assert!(!six.is_https());
    assert_eq!(
        format!("{target:?}"),
        "Target(https://hooks.example:8443)",
        "no path in logs"
    );
}

#[test]
fn a_redirect_is_read_like_a_url_that_was_typed() {
    let from = Target::parse("https://hooks.example/a/b").expect("a URL");
    for (location, expected) in [
        ("/c", "https://hooks.example/c"),
        ("c", "https://hooks.example/a/c"),
        ("?q", "https://hooks.example/a/b?q"),
        ("//other.example/x", "https://other.example/x"),
        ("http://other.example/", "http://other.example/"),
        ("", "https://hooks.example/a/b"),
    ] {
        assert_eq!(
            from.join(location)
                .map(|t| t.as_str().to_owned())
                .as_deref(),
            Ok(expected)
        );
    }
    for (location, expected) in [
        ("file:///etc/passwd", TargetError::Scheme),
        ("//user@other.example", TargetError::Userinfo),
        ("//other.example:22/", TargetError::Port(22)),
        ("/\\other.example", TargetError::Characters),
        ("//[fe80::1%25lo]/", TargetError::Syntax),
    ] {
        assert_eq!(from.join(location).map(|_| ()), Err(expected), "{location}");
    }
    let same = |other: &str| from.same_origin(&Target::parse(other).expect(other));
    assert!(same("https://HOOKS.example:443/else"));
    assert!(!same("http://hooks.example:443/"));
    assert!(!same("https://hooks.example:8443/"));
    assert!(!same("https://other.example/"));
}
