//! Responses that are invalid at the level of HTTP.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use stablelink::Method;

use crate::raw_server::Raw;
use crate::setup::{Call, keyed, never, outcome, read};
use crate::watch::CheckedResult;

const GOOD: &str = r#"{"retcode":"200","retdata":{}}"#;

/// Returns a server that sends these bytes to every call, and its call counter.
async fn saying(bytes: String) -> (Raw, Arc<AtomicU32>) {
    let calls = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&calls);
    let server = Raw::start(move |line| {
        if !line.contains("/oauth2/token") {
            count.fetch_add(1, Ordering::Relaxed);
        }
        Raw::token_or(line, &bytes)
    })
    .await;
    (server, calls)
}

#[tokio::test]
async fn truncated_or_invalid_http_is_neither_success_nor_rejection() {
    let length = GOOD.len();
    let ok = "HTTP/1.1 200 OK\r\nconnection: close\r\n";
    let cases = [
        ("nothing", String::new()),
        ("no HTTP", "hello\r\n\r\n".to_owned()),
        ("half a head", "HTTP/1.1 200 OK\r\ncontent-len".to_owned()),
        (
            "a head alone",
            format!("{ok}content-length: {length}\r\n\r\n"),
        ),
        (
            "one byte too few",
            format!("{ok}content-length: {}\r\n\r\n{GOOD}", length + 1),
        ),
        (
            "a last chunk that is missing",
            format!("{ok}transfer-encoding: chunked\r\n\r\n{length:x}\r\n{GOOD}\r\n"),
        ),
        (
            "a chunk that is no number",
            format!("{ok}transfer-encoding: chunked\r\n\r\nzz\r\n{GOOD}\r\n0\r\n\r\n"),
        ),
        (
            "lengths that differ",
            format!("{ok}content-length: {length}\r\ncontent-length: 5\r\n\r\n{GOOD}"),
        ),
        (
            "a negative length",
            format!("{ok}content-length: -1\r\n\r\n{GOOD}"),
        ),
        (
            "a refusal that is cut off",
            "HTTP/1.1 400 Bad Request\r\ncontent-length: 900\r\n\r\n{\"retcode\":\"00008\""
                .to_owned(),
        ),
        (
            "an early hint and no answer",
            "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n".to_owned(),
        ),
        (
            "another protocol",
            "HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n"
                .to_owned(),
        ),
        (
            "a status that HTTP does not have",
            Raw::answer("600 Odd", GOOD),
        ),
    ];
    for (name, bytes) in cases {
        for (call, expected, sent) in [
            (read as Call, "transport", 3),
            (keyed as Call, "ambiguous", 3),
            (never as Call, "ambiguous", 1),
        ] {
            let (server, calls) = saying(bytes.clone()).await;
            let client = server.client().build().unwrap();
            let result = call(&client).await;
            assert_eq!(outcome(&result), expected, "{name}: {result:?}");
            let error = result.checked_err();
            assert_eq!(error.attempts(), sent, "{name}: {error:?}");
            assert_eq!(calls.load(Ordering::Relaxed), sent, "{name}");
        }
    }
}

/// Without a length, the end of the connection ends the response: only the JSON shows whether it is complete.
#[tokio::test]
async fn response_without_length_is_complete_if_json_is() {
    let head = "HTTP/1.0 200 OK\r\n\r\n";
    for end in 0..=GOOD.len() {
        let body = &GOOD[..end];
        for (call, cut) in [(never as Call, "ambiguous"), (read as Call, "decode")] {
            let (server, calls) = saying(format!("{head}{body}")).await;
            let client = server.client().build().unwrap();
            let result = call(&client).await;
            let expected = if end == GOOD.len() { "done" } else { cut };
            assert_eq!(outcome(&result), expected, "{body}: {result:?}");
            assert_eq!(calls.load(Ordering::Relaxed), 1, "{body}");
            if let Err(error) = result {
                // A retcode exists only if the envelope can be parsed.
                assert_eq!(error.retcode(), None, "{body}");
            }
        }
    }
}

#[tokio::test]
async fn unusual_but_complete_response_is_accepted() {
    let length = GOOD.len();
    for (name, bytes) in [
        (
            "a hint before it",
            format!("HTTP/1.1 103 Early Hints\r\n\r\n{}", Raw::answer("200 OK", GOOD)),
        ),
        (
            "chunks of one byte",
            GOOD.chars().fold(
                "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n".to_owned(),
                |all, c| format!("{all}1\r\n{c}\r\n"),
            ) + "0\r\n\r\n",
        ),
        ("no words for the status", Raw::answer("200", GOOD)),
        ("another success", Raw::answer("202 Accepted", GOOD)),
        (
            "bytes behind it",
            format!("{}HTTP/1.1 500 No\r\n\r\n", Raw::answer("200 OK", GOOD)),
        ),
        (
            "doubled headers",
            format!(
                "HTTP/1.1 200 OK\r\ncontent-length: {length}\r\ncontent-length: {length}\r\nconnection: close\r\n\
                 date: x\r\ndate: y\r\nx-request-id: first\r\nx-request-id: second\r\n\r\n{GOOD}"
            ),
        ),
        (
            "a header that is no text",
            format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\nconnection: close\r\nx-é: 1\r\n\r\n{GOOD}")
                .replace("x-é: 1", "retry-after: \u{e9}\r\ndate: \u{e9}"),
        ),
    ] {
        let (server, calls) = saying(bytes).await;
        let client = server.client().build().unwrap();
        let answer = client.request(Method::POST, "/a").await;
        let answer = answer.unwrap_or_else(|error| panic!("{name}: {error:?}"));
        assert_eq!(answer.raw_response().retcode(), Some("200"), "{name}");
        assert_eq!(answer.as_ref().unwrap().get(), "{}", "{name}");
        assert_eq!(calls.load(Ordering::Relaxed), 1, "{name}");
        if name == "doubled headers" {
            assert_eq!(answer.raw_response().request_id(), Some("first"));
        }
    }
}
