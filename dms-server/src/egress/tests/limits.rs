//! Time, size, and answers that are not what they should be.

use std::time::{Duration, Instant};

use super::*;
use crate::egress::client::{BODY_MAX, EXCHANGE_MAX};
use crate::testing::receiver::Part;

/// How much later than its limit an exchange may end on a busy machine.
const SLACK: Duration = Duration::from_secs(5);

fn bytes(text: &str) -> Part {
    Part::Bytes(text.as_bytes().to_vec())
}

/// A body in small pieces that outlasts any exchange.
fn trickle(head: &str) -> Vec<Part> {
    let mut parts = vec![bytes(head)];
    for _ in 0..200 {
        parts.push(bytes("x"));
        parts.push(Part::Wait(Duration::from_millis(100)));
    }
    parts
}

/// What one answer is taken for, all of it and its beginning only.
async fn taken(
    answer: impl Fn() -> Vec<Part> + Send + Sync + 'static,
) -> [Result<(u16, usize), EgressError>; 2] {
    let good = Receiver::http(GOOD, move |_, _| answer()).await;
    let url = good.url("/");
    let take = async |take| {
        let request = Outgoing {
            take,
            ..Outgoing::get(&url)
        };
        let answer = plain().send(request).await;
        answer.map(|answer| (answer.status.as_u16(), answer.body.len()))
    };
    let (all, first) = tokio::join!(take(Take::All(BODY_MAX)), take(Take::First(1_000)));
    [all, first]
}

#[tokio::test]
async fn a_body_of_a_mebibyte_is_taken_and_one_byte_more_is_not() {
    let exact = taken(|| reply(200, "", &vec![0; BODY_MAX])).await;
    assert_eq!(exact, [Ok((200, BODY_MAX)), Ok((200, 1_000))]);
    let long = taken(|| reply(200, "", &vec![0; BODY_MAX + 1])).await;
    assert_eq!(long, [Err(EgressError::TooLarge), Ok((200, 1_000))]);
}

#[tokio::test]
async fn a_body_without_a_length_is_counted_while_it_comes() {
    let endless = |head: &'static str, piece: Vec<u8>| {
        move || {
            let mut parts = vec![bytes(head)];
            // More than the limit, and far more than anybody reads.
            parts.extend((0..64).map(|_| Part::Bytes(piece.clone())));
            parts
        }
    };
    let chunk = [b"10000\r\n".as_slice(), &[0; 0x10000], b"\r\n"].concat();
    let chunked = endless(
        "HTTP/1.1 200 x\r\ntransfer-encoding: chunked\r\n\r\n",
        chunk,
    );
    assert_eq!(
        taken(chunked).await,
        [Err(EgressError::TooLarge), Ok((200, 1_000))]
    );
    let until_closed = endless("HTTP/1.1 200 x\r\n\r\n", vec![0; 0x10000]);
    assert_eq!(
        taken(until_closed).await,
        [Err(EgressError::TooLarge), Ok((200, 1_000))]
    );
}

#[tokio::test]
async fn a_compressed_body_is_not_unpacked() {
    let answer = || reply(200, "content-encoding: gzip\r\n", b"\x1f\x8b and so on");
    assert_eq!(taken(answer).await, [Ok((200, 12)), Ok((200, 12))]);
}

#[tokio::test]
async fn a_body_that_breaks_off_is_no_whole_body() {
    let short = || vec![bytes("HTTP/1.1 200 x\r\ncontent-length: 10\r\n\r\nfour")];
    assert_eq!(
        taken(short).await,
        [Err(EgressError::Truncated), Ok((200, 4))]
    );
    let chunked = || {
        vec![bytes(
            "HTTP/1.1 200 x\r\ntransfer-encoding: chunked\r\n\r\n9\r\nfour",
        )]
    };
    assert_eq!(
        taken(chunked).await,
        [Err(EgressError::Truncated), Ok((200, 4))]
    );
    let unended = || {
        vec![bytes(
            "HTTP/1.1 200 x\r\ntransfer-encoding: chunked\r\n\r\n4\r\nfour\r\n",
        )]
    };
    assert_eq!(
        taken(unended).await,
        [Err(EgressError::Truncated), Ok((200, 4))]
    );
}

#[tokio::test]
async fn a_body_that_trickles_in_is_cut_off_in_time() {
    let begun = Instant::now();
    let slow = || trickle("HTTP/1.1 200 x\r\ncontent-length: 1000\r\n\r\n");
    let [whole, first] = taken(slow).await;
    assert_eq!(whole, Err(EgressError::TimedOut));
    let (status, length) = first.expect("the status is what matters");
    assert!(status == 200 && length < 1_000);
    assert!(begun.elapsed() < EXCHANGE_MAX + SLACK);
}

#[tokio::test]
async fn a_head_that_never_ends_is_cut_off_in_time() {
    let begun = Instant::now();
    let slow = || trickle("HTTP/1.1 200 x\r\nx-a: ");
    let timed_out = Err(EgressError::TimedOut);
    assert_eq!(taken(slow).await, [timed_out.clone(), timed_out]);
    assert!(begun.elapsed() < EXCHANGE_MAX + SLACK);
}

#[tokio::test]
async fn redirects_share_the_time_of_one_exchange() {
    let good = Receiver::http(GOOD, |n, _| {
        let mut parts = vec![Part::Wait(Duration::from_secs(2))];
        parts.extend(redirect(302, &format!("/{n}")));
        parts
    })
    .await;
    let begun = Instant::now();
    let ended = get(&plain(), &good.url("/")).await.expect_err("too slow");
    assert_eq!(ended, EgressError::TimedOut);
    assert!(begun.elapsed() < EXCHANGE_MAX + SLACK);
    assert!(good.requests().len() <= 3);
}

#[tokio::test]
async fn answers_that_are_no_http_or_too_much_of_it_are_refused() {
    let many = format!("HTTP/1.1 200 x\r\n{}\r\n", "x-a: b\r\n".repeat(101));
    let large = format!("HTTP/1.1 200 x\r\nx-a: {}\r\n\r\n", "b".repeat(17 << 10));
    let endless = format!("HTTP/1.1 200 x\r\nx-a: {}", "b".repeat(1 << 20));
    for answer in [
        String::new(),
        "SSH-2.0-OpenSSH_9.2\r\n".to_owned(),
        "-ERR unknown command\r\n".to_owned(),
        "HTTP/0.9 200 x\r\n\r\n".to_owned(),
        "HTTP/1.1 2x0 x\r\n\r\n".to_owned(),
        "HTTP/1.1 200 x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n".to_owned(),
        "HTTP/1.1 200 x\r\ncontent-length: -1\r\n\r\n".to_owned(),
        "HTTP/1.1 200 x\r\na b: c\r\n\r\n".to_owned(),
        "HTTP/1.1 200".to_owned(),
        many,
        large,
        endless,
    ] {
        let said: String = answer.chars().take(40).collect();
        let protocol = Err(EgressError::Protocol);
        let taken = taken(move || vec![bytes(&answer)]).await;
        assert_eq!(taken, [protocol.clone(), protocol], "{said}");
    }
}

#[tokio::test]
async fn nobody_at_home_is_unreachable_and_says_no_more() {
    let gone = Receiver::http(GOOD, |_, _| Vec::new()).await;
    let url = gone.url("/secret-path");
    drop(gone);
    tokio::time::sleep(Duration::from_millis(50)).await;
    let said = get(&plain(), &url).await.expect_err("nobody listens");
    assert_eq!(said, EgressError::Unreachable);
    assert!(!said.to_string().contains("127.77") && !said.to_string().contains("secret"));
}
