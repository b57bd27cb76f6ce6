//! Tests of the transport hooks. They build requests like the generated methods do, and so do not
//! depend on any operation.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::{Arc, Mutex};

use progenitor_client::{ClientHooks, OperationInfo};
use stablelink_api::hooks::{BoxFuture, Transport, UnsignedTransport, downcast_error, wrap_error};
use stablelink_api::{Client, Error};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// Runs a request through the hooks `pre`, `exec` and `post`, as every generated method does.
async fn call(
    client: &Client,
    mut request: reqwest::Request,
) -> Result<reqwest::Response, Error<()>> {
    let info = OperationInfo {
        operation_id: "some_operation",
    };
    client.pre(&mut request, &info).await?;
    let result = client.exec(request, &info).await;
    client.post(&result, &info).await?;
    Ok(result?)
}

fn client(transport: impl Transport) -> Client {
    Client::new_with_client(
        "http://127.0.0.1",
        reqwest::Client::new(),
        Arc::new(transport),
    )
}

fn request(address: &str) -> reqwest::Request {
    reqwest::Client::new()
        .post(format!("{address}/order"))
        .query(&[("orderNo", "a b/ö&")])
        .header("api-version", "2026")
        .header("content-type", "application/json")
        .body(r#"{"amount":0.00}"#)
        .build()
        .unwrap()
}

/// Answers one request with an empty 200 and gives its bytes.
async fn serve(listener: TcpListener) -> String {
    let (mut stream, _) = listener.accept().await.unwrap();
    let mut seen = Vec::new();
    while !seen.ends_with(b"}") {
        let mut bytes = [0; 1024];
        let length = stream.read(&mut bytes).await.unwrap();
        assert_ne!(length, 0, "cut: {}", String::from_utf8_lossy(&seen));
        seen.extend_from_slice(&bytes[..length]);
    }
    stream
        .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
        .await
        .unwrap();
    String::from_utf8(seen).unwrap()
}

#[derive(Default, Clone)]
struct Recorder(Arc<Mutex<Option<Seen>>>);

struct Seen {
    operation_id: &'static str,
    query: String,
    body: Vec<u8>,
    has_api_version: bool,
}

impl Transport for Recorder {
    fn send<'a>(
        &'a self,
        http: &'a reqwest::Client,
        request: reqwest::Request,
        operation_id: &'static str,
    ) -> BoxFuture<'a, reqwest::Result<reqwest::Response>> {
        *self.0.lock().unwrap() = Some(Seen {
            operation_id,
            query: request.url().query().unwrap().to_owned(),
            body: request.body().unwrap().as_bytes().unwrap().to_vec(),
            has_api_version: request.headers().contains_key("api-version"),
        });
        assert!(request.try_clone().is_some(), "it can be sent again");
        UnsignedTransport.send(http, request, operation_id)
    }
}

#[tokio::test]
async fn a_transport_sees_the_bytes_that_go_out() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let recorder = Recorder::default();
    let client = client(recorder.clone());
    let (response, wire) = tokio::join!(call(&client, request(&address)), serve(listener));

    assert_eq!(response.unwrap().status(), 200);
    let seen = recorder.0.lock().unwrap().take().unwrap();
    assert_eq!(seen.operation_id, "some_operation");
    assert!(!seen.has_api_version);
    let (head, body) = wire.split_once("\r\n\r\n").unwrap();
    assert_eq!(body.as_bytes(), seen.body);
    assert_eq!(
        head.lines().next().unwrap(),
        format!("POST /order?{} HTTP/1.1", seen.query)
    );
    assert!(!head.to_lowercase().contains("api-version"), "{head}");
}

#[derive(Debug, PartialEq)]
struct Refused {
    retcode: &'static str,
}

struct Refusing;

impl Transport for Refusing {
    fn send<'a>(
        &'a self,
        _: &'a reqwest::Client,
        _: reqwest::Request,
        _: &'static str,
    ) -> BoxFuture<'a, reqwest::Result<reqwest::Response>> {
        Box::pin(async { Ok(wrap_error(Refused { retcode: "00006" })) })
    }
}

#[tokio::test]
async fn a_typed_error_travels_out_and_comes_back() {
    // `post` returns the error before a generated method checks the status. So no documented
    // response, not even `default`, can hide the error.
    let error = call(&client(Refusing), request("http://127.0.0.1"))
        .await
        .unwrap_err();
    for text in [
        format!("{error}"),
        format!("{error:?}"),
        format!("{error:#}"),
    ] {
        assert!(!text.contains("00006"), "{text}");
    }

    let error = downcast_error::<String, _>(error).expect_err("another type is left where it is");
    assert_eq!(
        downcast_error::<Refused, _>(error).unwrap(),
        Refused { retcode: "00006" }
    );
}

#[tokio::test]
async fn other_errors_are_handed_back() {
    for error in [
        Error::<()>::Custom("x".to_owned()),
        Error::UnexpectedResponse(http::Response::new("x").into()),
    ] {
        let before = error.to_string();
        assert_eq!(
            downcast_error::<Refused, _>(error).unwrap_err().to_string(),
            before
        );
    }
    // No server listens on this port: reqwest's error is returned unchanged.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let error = call(&client(UnsignedTransport), request(&address))
        .await
        .unwrap_err();
    assert!(matches!(error, Error::CommunicationError(_)), "{error:?}");
}

#[test]
fn a_client_prints_nothing() {
    let mut headers = reqwest::header::HeaderMap::new();
    headers.insert("signature", "hidden".parse().unwrap());
    let http = reqwest::Client::builder()
        .default_headers(headers)
        .build()
        .unwrap();
    let client = Client::new_with_client(
        "http://name:hidden@127.0.0.1",
        http,
        Arc::new(UnsignedTransport),
    );
    assert_eq!(format!("{client:?}"), "Client { .. }");
}

#[test]
fn calls_can_be_spawned() {
    fn is_send<T: Send>(_: T) {}
    let client = client(UnsignedTransport);
    is_send(call(&client, request("http://127.0.0.1")));
}
