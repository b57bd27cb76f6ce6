//! Secrets and personal data appear neither in TRACE logs, nor in errors, nor in `Debug` output.

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::future::IntoFuture;
use std::path::Path;

use aho_corasick::AhoCorasick;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use secrecy::ExposeSecret;
use stablelink::types::{CheckoutOrder, CreateUserRequest};
use stablelink::{Client, Error, Method, NewCheckoutOrder, NewSettlement, Response};
use stablelink_sandbox::{Fault, Sandbox, SandboxOperation};

use crate::capture::Capture;
use crate::raw_server::{Raw, Say};
use crate::setup::{builder, credentials, quick};
use crate::watch::texts;

// As long and random as real secrets, with characters that encoders change.
const API_KEY: &str = "plantedKey7Zq+/=&%41 é9Xw2Lr";
const API_SECRET: &str = "plantedSecret5Rt+/=&?#é8Vb3Nm";
const SIGN_KEY: &str = "plantedSign4Hd+/=&;é6Kp1Jf";

/// Personal data in requests and responses.
const PERSONAL: [&str; 8] = [
    "Planted Personson",
    "planted.person@personal.example",
    "+65 11918612760",
    "PLNT60161331926819",
    "17 Planted Lane, Road Town",
    "0xPlanted9D96DAB48f2E67BF93CCc7Ece46e09D5e4",
    "plantedOpaqueToken8f2E67BF93",
    "Planted Holding Limited",
];

/// Searches texts for secrets.
#[derive(Default)]
struct LeakSearch {
    needles: BTreeSet<String>,
    texts: BTreeSet<(String, String)>,
}

impl LeakSearch {
    /// Adds a random secret. Only its plain and its URL-encoded form are searched for.
    fn add_random(&mut self, secret: &str) {
        let form: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
        self.needles.insert(form.to_lowercase());
        self.needles.insert(secret.to_lowercase());
    }

    /// Adds a secret in all its encodings.
    fn add(&mut self, secret: &str) {
        if secret.is_empty() {
            return;
        }
        let form: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
        let mut address = url::Url::parse("http://h/").unwrap();
        address.set_query(Some(secret));
        let hex: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
        let bytes = format!("{:?}", secret.as_bytes());
        for needle in [
            secret.to_owned(),
            form.replace('+', "%20"),
            form,
            address.query().unwrap().to_owned(),
            STANDARD.encode(secret),
            URL_SAFE_NO_PAD.encode(secret),
            hex,
            bytes.trim_matches(['[', ']']).to_owned(),
            secret.escape_debug().to_string(),
            secret.escape_default().to_string(),
        ] {
            self.needles.insert(needle.to_lowercase());
        }
    }

    fn add_text(&mut self, place: impl Into<String>, text: impl Into<String>) {
        self.texts
            .insert((place.into(), text.into().to_lowercase()));
    }

    fn shown(&mut self, place: &str, value: &dyn Debug) {
        self.add_text(place, format!("{value:?} {value:#?}"));
    }

    /// Adds all texts of an error and its sources.
    fn error(&mut self, place: &str, error: &Error) {
        self.add_text(format!("error of {place}"), texts(error));
    }

    fn outcome<T>(&mut self, place: &str, outcome: Result<Response<T>, Error>) {
        match outcome {
            Ok(answer) => {
                self.shown(place, &answer);
                self.shown(place, answer.raw_response());
            }
            Err(error) => self.error(place, &error),
        }
    }

    /// Adds the tokens, signatures and token queries of all requests.
    fn add_requests(&mut self, sandbox: &Sandbox) {
        for request in sandbox.requests() {
            for name in ["authorization", "signature"] {
                if let Some(value) = request.headers.get(name) {
                    let value = value.to_str().unwrap();
                    self.add_random(value.trim_start_matches("Bearer "));
                }
            }
            if request.operation == Some(SandboxOperation::IssueAccessToken) {
                self.add_random(&request.query);
                for (name, value) in url::form_urlencoded::parse(request.query.as_bytes()) {
                    if name != "grant_type" {
                        self.add_random(&value);
                    }
                }
            }
        }
    }

    fn found(&self) -> Vec<(&str, &str)> {
        let needles: Vec<&String> = self.needles.iter().collect();
        let automaton = AhoCorasick::new(&needles).unwrap();
        let hit = |(place, text)| {
            let hit = automaton.find::<&String>(text)?;
            Some((place, needles[hit.pattern()].as_str()))
        };
        let texts = self
            .texts
            .iter()
            .map(|(place, text)| (place.as_str(), text));
        texts.filter_map(hit).collect()
    }
}

/// Starts a sandbox with the planted secrets.
async fn planted() -> Sandbox {
    let secrets = stablelink_sandbox::SandboxCredentials::new(API_KEY, API_SECRET, SIGN_KEY);
    Sandbox::builder().client(secrets).start().await.unwrap()
}

fn user() -> CreateUserRequest {
    let json = serde_json::json!({
        "fullName": PERSONAL[0], "email": PERSONAL[1], "mobileNumber": PERSONAL[2],
        "address": PERSONAL[4], "username": PERSONAL[6], "extraName": PERSONAL[7],
    });
    serde_json::from_value(json).unwrap()
}

/// Returns faults whose responses contain personal data and secrets, in each place where a response can be invalid.
fn leaking_faults() -> Vec<(String, Fault)> {
    let json = [("content-type", "application/json")];
    let mut all = vec![
        ("reset".to_owned(), Fault::reset()),
        ("cut".to_owned(), Fault::truncate()),
        ("503".to_owned(), Fault::status(503).retry_after(0)),
        ("401".to_owned(), Fault::unauthorized()),
        ("429".to_owned(), Fault::rate_limited(Some(0))),
        ("date".to_owned(), Fault::date_skew(3_600_000)),
    ];
    let secrets = [API_KEY, API_SECRET, SIGN_KEY];
    let private = PERSONAL.into_iter().chain(secrets).collect::<Vec<_>>();
    for (number, status) in [200, 400, 401, 500, 503, 302].into_iter().enumerate() {
        // Like the error of a Java server, which quotes the invalid value.
        for part in private.iter().skip(number % 2).step_by(2) {
            let message = format!("Cannot read from String \"{part}\": bad `{part}`, not '{part}'");
            let body = serde_json::json!({"retcode": "00008", "retmsg": message}).to_string();
            all.push((
                format!("{status} quotes"),
                Fault::custom(status, json, body),
            ));
        }
    }
    let private = private.join(", ");
    let quoted = serde_json::to_string(&private).unwrap();
    for (status, body) in [
        (200, format!("<html>{private}</html>")),
        (502, format!("<html>{private}</html>")),
        (403, private.clone()),
        (200, format!(r#"{{"retcode":"200","retdata":{quoted}}}"#)),
        (200, wrong_types(&quoted)),
        (
            200,
            format!(r#"{{"retcode":"200","retdata":{{"depositAddress":{quoted},{quoted}:1}}}}"#),
        ),
        (
            200,
            format!(r#"{{"retcode":"200","retdata":{{"orderNo":{quoted}"#),
        ),
        (200, format!("[{quoted}]")),
        (200, quoted.clone()),
        (
            200,
            format!(r#"{{"retcode":"13","retmsg":"no","retdata":{quoted}}}"#),
        ),
        (200, format!(r#"{{"retcode":{{"a":{quoted}}}}}"#)),
    ] {
        let name = format!("{status} {}", body.replace(&private, "…"));
        all.push((name, Fault::custom(status, json, body)));
    }
    for ascii in [PERSONAL[1], PERSONAL[3]] {
        let location = format!("https://{ascii}@elsewhere.example/?{ascii}#{ascii}");
        let redirect = Fault::redirect(302, &location).header("set-cookie", ascii);
        all.push(("302".to_owned(), redirect));
    }
    all
}

fn wrong_types(quoted: &str) -> String {
    let members = [
        "payingAmount",
        "orderAmount",
        "createdTime",
        "channelRate",
        "settlementOrderNo",
    ];
    let members = members.map(|name| format!(r#""{name}":[{quoted}]"#));
    format!(r#"{{"retcode":"200","retdata":{{{}}}}}"#, members.join(","))
}

/// Makes one call of each kind, and adds everything that a program could print.
async fn calls(search: &mut LeakSearch, place: &str, client: &Client) {
    let order = NewCheckoutOrder::usd(1, "ETH_USDT", PERSONAL[0].into(), PERSONAL[7].into())
        .pc_callback_url(format!("https://shop.example/?for={}", PERSONAL[6]));
    search.shown(place, &order);
    let create = client.checkout_orders().create(&order);
    search.shown(place, &create);
    search.outcome(place, create.await);
    search.outcome(place, client.checkout_orders().get(PERSONAL[3]).await);
    search.outcome(place, client.users().create(user()).await);
    let settlement = NewSettlement::new(
        1,
        "ETH_USDT",
        PERSONAL[5],
        PERSONAL[7].into(),
        [PERSONAL[3]],
    );
    search.shown(place, &settlement);
    search.outcome(place, client.settlements().create(&settlement).await);
    let by_hand = client
        .request(Method::POST, format!("/customers/{}", PERSONAL[3]))
        .query("name", PERSONAL[0])
        .query("requestId", "0")
        .json(&user())
        .idempotency_key("requestId", "0");
    search.shown(place, &by_hand);
    search.outcome(place, by_hand.await);
    let fetched = client.request(Method::GET, "/checkout/order/info");
    let fetched = fetched.query("orderNo", PERSONAL[3]);
    search.outcome(place, fetched.fetch::<CheckoutOrder>().await);
    let quote = client.exchange_rates().quote(PERSONAL[0], PERSONAL[7]);
    search.outcome(place, quote.await);
    let wrong = format!("//{}", PERSONAL[1]);
    search.outcome(place, client.request(Method::GET, wrong).await);
    let wrong =
        NewCheckoutOrder::usd(1, "ETH_USDT", "6".into(), "1".into()).with_order_no(PERSONAL[0]);
    search.outcome(place, client.checkout_orders().create(&wrong).await);
}

#[tokio::test]
async fn secrets_and_personal_data_are_never_shown() {
    let (capture, _guard) = Capture::unwatched();
    let mut search = LeakSearch::default();
    for secret in PERSONAL.into_iter().chain([API_KEY, API_SECRET, SIGN_KEY]) {
        search.add(secret);
    }
    let sandbox = planted().await;
    // The connection log of reqwest shows every byte: a caller cannot enable it for this client.
    let build = || {
        builder(&sandbox)
            .configure_http(|http| http.connection_verbose(true))
            .token_cooldown(std::time::Duration::ZERO)
            .retry(quick().retry_budget(1_000_000))
    };
    search.shown("builder", &build());
    let client = build().build().unwrap();
    search.shown("client", &client);
    search.shown("credentials", &credentials(&sandbox.credentials()));

    calls(&mut search, "no fault", &client).await;
    search.shown("bearer", &client.token().await.unwrap());
    for (name, fault) in leaking_faults() {
        sandbox.faults().add(fault.clone().on_calls().always());
        calls(&mut search, &name, &client).await;
        sandbox.faults().clear();
        for times in [1, 100] {
            // A new client requests its token by credentials, and then by refresh token.
            let client = build().build().unwrap();
            if times == 100 {
                client.token().await.unwrap();
                sandbox.revoke_tokens();
            }
            sandbox.faults().add(fault.clone().on_token().times(times));
            let get = client.checkout_orders().get("7").into_future();
            search.outcome(&format!("token: {name}"), get.await);
            if let Err(error) = client.token().await {
                search.error(&format!("token: {name}"), &error);
            }
            sandbox.faults().clear();
        }
    }
    // The queries of these requests contain the refresh tokens.
    assert!(sandbox.token_grants().refresh > 10);
    search.add_requests(&sandbox);

    // Responses that are not HTTP.
    for say in [
        (|_: &str| Say::Bytes(format!("{}\r\n\r\n", PERSONAL[0]).into_bytes())) as fn(&str) -> Say,
        |_| Say::Bytes(format!("HTTP/1.1 200 OK\r\n{}\r\n\r\n", PERSONAL[0]).into_bytes()),
        |_| {
            Say::Bytes(
                format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", PERSONAL[3]).into_bytes(),
            )
        },
        |_| {
            Say::Bytes(
                format!(
                    "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{}\r\n",
                    PERSONAL[3]
                )
                .into_bytes(),
            )
        },
        |_| {
            Say::Bytes(
                format!(
                    "HTTP/1.1 200 OK\r\ncontent-length: 900\r\n\r\n{}",
                    PERSONAL[0]
                )
                .into_bytes(),
            )
        },
        |_| Say::Bytes(Vec::new()),
    ] {
        let server = Raw::start(say).await;
        let environment = stablelink::Environment::at(&server.url()).unwrap();
        let client = build().environment(environment).build().unwrap();
        calls(&mut search, "no HTTP", &client).await;
    }

    let events = capture.events();
    let targets: BTreeSet<&str> = events
        .iter()
        .map(|event| event.target.split("::").next().unwrap())
        .collect();
    // Events of dependencies were captured, through `tracing` and through `log`.
    for target in ["span", "stablelink", "reqwest"] {
        assert!(targets.contains(target), "{targets:?}");
    }
    for event in &events {
        search.add_text(
            format!("{} {}", event.target, event.level),
            event.text.clone(),
        );
    }
    assert!(search.texts.len() > 1_000, "{}", search.texts.len());
    let found = search.found();
    assert!(
        found.is_empty(),
        "{} leaks: {:#?}",
        found.len(),
        &found[..found.len().min(20)]
    );
}

/// The search finds each secret in each encoding, in events of `tracing` and of `log`.
#[tokio::test]
async fn search_finds_planted_leaks() {
    let sandbox = planted().await;
    let secrets = sandbox.credentials();

    for secret in PERSONAL.into_iter().chain([API_KEY, API_SECRET, SIGN_KEY]) {
        let form: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
        for leak in [
            secret.to_owned(),
            form,
            STANDARD.encode(secret),
            secret.to_uppercase(),
        ] {
            let (capture, _guard) = Capture::unwatched();
            tracing::trace!(target: "hyper::proto", "writing {leak}");
            let mut search = LeakSearch::default();
            search.add(secret);
            for event in capture.events() {
                search.add_text(event.target, event.text);
            }
            assert!(!search.found().is_empty(), "{leak}");
        }
    }

    // The optional connection log of reqwest contains the token URL, and is written through `log`.
    let (capture, _guard) = Capture::unwatched();
    let http = reqwest::Client::builder()
        .no_proxy()
        .connection_verbose(true)
        .build()
        .unwrap();
    let query = [
        ("grant_type", "client_credentials"),
        ("api_key", secrets.api_key().expose_secret()),
        ("api_secret", secrets.api_secret().expose_secret()),
    ];
    let url = format!("{}/user/auth/oauth2/token", sandbox.url());
    let answer = http.post(url).query(&query).send().await.unwrap();
    answer.text().await.unwrap();
    let mut search = LeakSearch::default();
    search.add(API_KEY);
    search.add_requests(&sandbox);
    for event in capture.events() {
        search.add_text(event.target, event.text);
    }
    let found = search.found();
    assert!(
        found.iter().any(|(place, _)| place.starts_with("reqwest")),
        "{found:?}"
    );
}

/// Tests in this folder must call `checked_err`, so that every error is searched for leaked secrets.
#[test]
fn tests_check_every_error_for_leaks() {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/gateway"));
    let unchecked = [".unwrap_", "err()"].concat();
    let mut files = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        files += 1;
        for (index, line) in text.lines().enumerate() {
            let place = format!("{}:{}", path.display(), index + 1);
            assert!(
                !line.contains(&unchecked),
                "{place}: use `checked_err` instead"
            );
        }
    }
    assert!(files > 20, "{files} files");
}
