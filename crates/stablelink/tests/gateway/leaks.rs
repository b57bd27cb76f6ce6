//! Nothing that is secret or personal is told: not to subscribers at TRACE, not in errors, not by `Debug`.

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
use stablelink_sandbox::{Fault, Operation, Sandbox};

use crate::capture::Capture;
use crate::raw::{Raw, Say};
use crate::setup::{builder, credentials, quick};
use crate::watch::texts;

// As long and as random as real ones are, and with all that an encoder changes.
const API_KEY: &str = "plantedKey7Zq+/=&%41 é9Xw2Lr";
const API_SECRET: &str = "plantedSecret5Rt+/=&?#é8Vb3Nm";
const SIGN_KEY: &str = "plantedSign4Hd+/=&;é6Kp1Jf";

/// Of a customer, in requests and in answers.
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

/// What must not be found, and what was looked through.
#[derive(Default)]
struct Hunt {
    needles: BTreeSet<String>,
    texts: BTreeSet<(String, String)>,
}

impl Hunt {
    /// A text that is random already: nobody would write it in another form.
    fn plant_random(&mut self, secret: &str) {
        let form: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
        self.needles.insert(form.to_lowercase());
        self.needles.insert(secret.to_lowercase());
    }

    /// A secret in every form that it may have on its way.
    fn plant(&mut self, secret: &str) {
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

    fn look(&mut self, place: impl Into<String>, text: impl Into<String>) {
        self.texts
            .insert((place.into(), text.into().to_lowercase()));
    }

    fn shown(&mut self, place: &str, value: &dyn Debug) {
        self.look(place, format!("{value:?} {value:#?}"));
    }

    /// The error in every form, and all that caused it.
    fn error(&mut self, place: &str, error: &Error) {
        self.look(format!("error of {place}"), texts(error));
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

    /// Everything that a gateway was told is private, but for what is not: methods, paths, hosts, lengths.
    fn plant_requests(&mut self, sandbox: &Sandbox) {
        for request in sandbox.requests() {
            for name in ["authorization", "signature"] {
                if let Some(value) = request.headers.get(name) {
                    let value = value.to_str().unwrap();
                    self.plant_random(value.trim_start_matches("Bearer "));
                }
            }
            if request.operation == Some(Operation::IssueAccessToken) {
                self.plant_random(&request.query);
                for (name, value) in url::form_urlencoded::parse(request.query.as_bytes()) {
                    if name != "grant_type" {
                        self.plant_random(&value);
                    }
                }
            }
        }
    }

    fn found(&self) -> Vec<(&str, &str)> {
        let needles: Vec<&String> = self.needles.iter().collect();
        let search = AhoCorasick::new(&needles).unwrap();
        let hit = |(place, text)| {
            let hit = search.find::<&String>(text)?;
            Some((place, needles[hit.pattern()].as_str()))
        };
        let texts = self
            .texts
            .iter()
            .map(|(place, text)| (place.as_str(), text));
        texts.filter_map(hit).collect()
    }
}

/// A gateway whose client has the planted secrets.
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

/// Answers that hold what is private, in all the places where an answer can be wrong.
fn spoiling() -> Vec<(String, Fault)> {
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
        // As a Java server quotes the value that it refuses.
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

/// One call of each kind, and what a program would print of it.
async fn calls(hunt: &mut Hunt, place: &str, client: &Client) {
    let order = NewCheckoutOrder::usd(1, "ETH_USDT", PERSONAL[0], PERSONAL[7])
        .pc_callback_url(format!("https://shop.example/?for={}", PERSONAL[6]));
    hunt.shown(place, &order);
    let create = client.checkout_orders().create(&order);
    hunt.shown(place, &create);
    hunt.outcome(place, create.await);
    hunt.outcome(place, client.checkout_orders().get(PERSONAL[3]).await);
    hunt.outcome(place, client.users().create(user()).await);
    let settlement = NewSettlement::new(1, "ETH_USDT", PERSONAL[5], PERSONAL[7], [PERSONAL[3]]);
    hunt.shown(place, &settlement);
    hunt.outcome(place, client.settlements().create(&settlement).await);
    let by_hand = client
        .request(Method::POST, format!("/customers/{}", PERSONAL[3]))
        .query("name", PERSONAL[0])
        .query("requestId", "0")
        .json(&user())
        .idempotency_key("requestId", "0");
    hunt.shown(place, &by_hand);
    hunt.outcome(place, by_hand.await);
    let fetched = client.request(Method::GET, "/checkout/order/info");
    let fetched = fetched.query("orderNo", PERSONAL[3]);
    hunt.outcome(place, fetched.fetch::<CheckoutOrder>().await);
    let quote = client.exchange_rates().quote(PERSONAL[0], PERSONAL[7]);
    hunt.outcome(place, quote.await);
    let wrong = format!("//{}", PERSONAL[1]);
    hunt.outcome(place, client.request(Method::GET, wrong).await);
    let wrong = NewCheckoutOrder::usd(1, "ETH_USDT", "6", "1").with_order_no(PERSONAL[0]);
    hunt.outcome(place, client.checkout_orders().create(&wrong).await);
}

#[tokio::test]
async fn nothing_private_is_told() {
    let (capture, _guard) = Capture::unwatched();
    let mut hunt = Hunt::default();
    for secret in PERSONAL.into_iter().chain([API_KEY, API_SECRET, SIGN_KEY]) {
        hunt.plant(secret);
    }
    let sandbox = planted().await;
    // The log of connections shows every byte: a caller can't turn it on for this client.
    let build = || {
        builder(&sandbox)
            .configure_http(|http| http.connection_verbose(true))
            .token_settings(
                stablelink::TokenSettings::default().cool_down(std::time::Duration::ZERO),
            )
            .retry(quick().retry_budget(1_000_000))
    };
    hunt.shown("builder", &build());
    let client = build().build().unwrap();
    hunt.shown("client", &client);
    hunt.shown("credentials", &credentials(&sandbox.credentials()));

    calls(&mut hunt, "no fault", &client).await;
    hunt.shown("bearer", &client.token().await.unwrap());
    for (name, fault) in spoiling() {
        sandbox.faults().add(fault.clone().on_calls().always());
        calls(&mut hunt, &name, &client).await;
        sandbox.faults().clear();
        for times in [1, 100] {
            // A new client: its token is asked for by credentials, and then by a refresh token.
            let client = build().build().unwrap();
            if times == 100 {
                client.token().await.unwrap();
                sandbox.revoke_tokens();
            }
            sandbox.faults().add(fault.clone().on_token().times(times));
            let get = client.checkout_orders().get("7").into_future();
            hunt.outcome(&format!("token: {name}"), get.await);
            if let Err(error) = client.token().await {
                hunt.error(&format!("token: {name}"), &error);
            }
            sandbox.faults().clear();
        }
    }
    // The refresh tokens are in the queries of those who used them.
    assert!(sandbox.token_grants().refresh > 10);
    hunt.plant_requests(&sandbox);

    // Answers that are no HTTP at all.
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
        calls(&mut hunt, "no HTTP", &client).await;
    }

    let told = capture.told();
    let targets: BTreeSet<&str> = told
        .iter()
        .map(|told| told.target.split("::").next().unwrap())
        .collect();
    // Those below us were heard, through `tracing` and through `log`.
    for heard in ["span", "stablelink", "reqwest"] {
        assert!(targets.contains(heard), "{targets:?}");
    }
    for told in &told {
        hunt.look(format!("{} {}", told.target, told.level), told.text.clone());
    }
    assert!(hunt.texts.len() > 1_000, "{}", hunt.texts.len());
    let found = hunt.found();
    assert!(
        found.is_empty(),
        "{} leaks: {:#?}",
        found.len(),
        &found[..found.len().min(20)]
    );
}

/// A leak that is planted is found: of each secret, in each form, in an event of `tracing`, of `log`, and in an error.
#[tokio::test]
async fn a_planted_leak_is_found() {
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
            let mut hunt = Hunt::default();
            hunt.plant(secret);
            for told in capture.told() {
                hunt.look(told.target, told.text);
            }
            assert!(!hunt.found().is_empty(), "{leak}");
        }
    }

    // The log of connections that reqwest writes if it is asked to: the token URL, through `log`.
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
    let mut hunt = Hunt::default();
    hunt.plant(API_KEY);
    hunt.plant_requests(&sandbox);
    for told in capture.told() {
        hunt.look(told.target, told.text);
    }
    let found = hunt.found();
    assert!(
        found.iter().any(|(place, _)| place.starts_with("reqwest")),
        "{found:?}"
    );
}

/// Whoever takes an error out of a result by `unwrap_err` shows it to nobody who looks for leaks.
#[test]
fn every_error_that_a_test_takes_out_is_read() {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/gateway"));
    let unread = [".unwrap_", "err()"].concat();
    let mut files = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        files += 1;
        for (index, line) in text.lines().enumerate() {
            let place = format!("{}:{}", path.display(), index + 1);
            assert!(!line.contains(&unread), "{place}: say `told_err` here");
        }
    }
    assert!(files > 20, "{files} files");
}
