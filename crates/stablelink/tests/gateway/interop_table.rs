//! The client against `tests/interop/responses.json`, the table to which the programs in other languages are held too.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use stablelink::operations::{
    ALL_WITH_INFERRED, EvidenceLevel, ISSUE_ACCESS_TOKEN, OperationInfo, RetrySafety,
};
use stablelink::testing::TestDelivery;
use stablelink::webhook::{EventPayload, WebhookVerifier};
use stablelink::{Decimal, Error, ErrorKind, NewCheckoutOrder, Response};

use crate::raw_server::{Raw, Say};
use crate::watch;

#[derive(Deserialize)]
struct Table {
    reads: Vec<String>,
    numbered: Vec<String>,
    calls: Vec<CallCase>,
    tokens: Vec<TokenCase>,
    #[cfg(feature = "provisional")]
    lists: Vec<ListCase>,
    deliveries: Vec<DeliveryCase>,
}

#[derive(Deserialize)]
struct CallCase {
    name: String,
    /// `None` if the gateway closes the connection without a response.
    status: Option<u16>,
    body: String,
    #[serde(default = "default_number")]
    number: String,
    outcomes: BTreeMap<String, String>,
    #[serde(flatten)]
    expected: ExpectedRecord,
}

#[derive(Deserialize)]
struct TokenCase {
    name: String,
    status: Option<u16>,
    body: String,
    outcome: String,
}

#[cfg(feature = "provisional")]
#[derive(Deserialize)]
struct ListCase {
    name: String,
    pages: Vec<String>,
    orders: Vec<String>,
    outcome: String,
    requests: Vec<[u64; 2]>,
}

#[derive(Deserialize)]
struct DeliveryCase {
    name: String,
    body: String,
    outcome: String,
    #[serde(flatten)]
    expected: ExpectedRecord,
}

#[derive(Deserialize)]
struct ExpectedRecord {
    retcode: Option<String>,
    #[serde(default)]
    fields: BTreeMap<String, String>,
    #[serde(default)]
    unreadable: Vec<String>,
    #[serde(default)]
    unreadable_times: Vec<String>,
    path: Option<String>,
}

fn table() -> Table {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../tests/interop/responses.json"
    );
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// Returns the bytes of a response; none for a connection that is closed instead.
fn response(status: Option<u16>, body: &str) -> Say {
    let text = status.map(|status| Raw::answer(&format!("{status} Status"), body));
    Say::Bytes(text.unwrap_or_default().into_bytes())
}

fn outcome(error: &Error) -> &'static str {
    let text = error.to_string();
    match error.kind() {
        ErrorKind::Ambiguous(_) => "ambiguous",
        _ if text.ends_with("; nothing else was sent") => "not-sent",
        // The record of another order.
        ErrorKind::Decode(decode) if decode.path() == "retdata.orderNo" => "failed",
        ErrorKind::Decode(decode) if decode.path().starts_with("retdata") => "unreadable",
        ErrorKind::Api(_) | ErrorKind::Authentication { .. } | ErrorKind::RateLimited { .. } => {
            "rejected"
        }
        _ => "failed",
    }
}

/// Returns the fields of a record as text, amounts without the zeros at their end.
fn texts(record: &impl Serialize) -> BTreeMap<String, String> {
    let json = serde_json::to_string(record).unwrap();
    let fields: BTreeMap<String, Box<RawValue>> = serde_json::from_str(&json).unwrap();
    let text = |json: &str| match json.parse::<Decimal>() {
        Ok(number) => number.normalize().to_string(),
        Err(_) => serde_json::from_str(json).unwrap_or_else(|_| json.to_owned()),
    };
    fields
        .into_iter()
        .map(|(name, json)| (name, text(json.get())))
        .collect()
}

impl ExpectedRecord {
    fn check_fields(&self, name: &str, record: &impl Serialize) {
        let found = texts(record);
        for (field, text) in &self.fields {
            assert_eq!(found.get(field), Some(text), "{name}: {field}");
        }
    }

    fn check(&self, name: &str, record: &Response<impl Serialize>) {
        self.check_fields(name, &**record);
        let mut expected: Vec<String> = self
            .unreadable
            .iter()
            .chain(&self.unreadable_times)
            .map(|field| format!("retdata.{field}"))
            .collect();
        let mut found = record.unreadable_fields().to_vec();
        expected.sort();
        found.sort();
        assert_eq!(found, expected, "{name}");
    }

    fn check_error(&self, name: &str, number: &str, expected: &str, error: &Error) {
        let changes = !name.ends_with("/get");
        assert_eq!(outcome(error), expected, "{name}: {error:?}");
        let may_have_taken_effect = expected == "ambiguous" || expected == "unreadable" && changes;
        assert_eq!(
            error.may_have_taken_effect(),
            may_have_taken_effect,
            "{name}: {error:?}"
        );
        // A call without an idempotency key has no number in its error.
        if expected == "ambiguous" && !name.ends_with("/cancel") {
            assert_eq!(error.idempotency_key(), Some(number), "{name}");
        }
        if let Some(retcode) = &self.retcode {
            assert_eq!(error.retcode(), Some(retcode.as_str()), "{name}");
        }
        if let Some(path) = &self.path {
            assert!(error.to_string().contains(path), "{name}: {error}");
        }
    }
}

fn default_number() -> String {
    "A1".to_owned()
}

fn new_order(number: &str) -> NewCheckoutOrder {
    NewCheckoutOrder::usd(Decimal::ONE, "ETH_USDT", "6".into(), "1".into()).with_order_no(number)
}

fn checked<T>(result: Result<T, Error>) -> Result<T, Error> {
    watch::read(&result);
    result
}

#[tokio::test]
async fn calls_have_the_outcomes_of_the_interop_table() {
    let current = Arc::new(Mutex::new((None, String::new())));
    let tokens = AtomicU32::new(0);
    let shared = Arc::clone(&current);
    let server = Raw::start(move |line| {
        if line.contains("/oauth2/token") {
            let number = tokens.fetch_add(1, Ordering::Relaxed);
            let token = format!(r#"{{"access_token":"t{number}"}}"#);
            return response(Some(200), &token);
        }
        let (status, body) = &*shared.lock().unwrap();
        response(*status, body)
    })
    .await;
    let client = server.client().build().unwrap();
    let orders = client.checkout_orders();
    for case in table().calls {
        for (operation, expected) in &case.outcomes {
            let name = format!("{}/{operation}", case.name);
            *current.lock().unwrap() = (case.status, case.body.clone());
            let failure = match operation.as_str() {
                "create" => checked(orders.create(&new_order(&case.number)).await)
                    .map(|order| case.expected.check(&name, &order))
                    .err(),
                "cancel" => checked(orders.cancel(&case.number).await).err(),
                "get" => {
                    let found = checked(orders.get(&case.number).await);
                    if let Ok(order) = &found {
                        case.expected.check(&name, order);
                        let status_is_odd =
                            case.expected.unreadable.iter().any(|f| f == "orderStatus");
                        let problem = order.status().err().map(|error| error.to_string());
                        let says_so = problem.is_some_and(|text| text.contains("orderStatus"));
                        assert!(says_so || !status_is_odd, "{name}");
                    }
                    found.err()
                }
                other => panic!("{other}"),
            };
            match failure {
                None => assert_eq!("success", expected, "{name}"),
                Some(error) => {
                    let number = &case.number;
                    case.expected.check_error(&name, number, expected, &error);
                }
            }
        }
    }
}

#[tokio::test]
async fn token_requests_have_the_outcomes_of_the_interop_table() {
    for TokenCase {
        name,
        status,
        body,
        outcome: expected,
    } in table().tokens
    {
        let calls = Arc::new(Mutex::new(0));
        let counted = Arc::clone(&calls);
        let server = Raw::start(move |line| {
            if line.contains("/oauth2/token") {
                return response(status, &body);
            }
            *counted.lock().unwrap() += 1;
            let order = r#"{"retcode":200,"retdata":{"orderNo":"A1","depositAddress":"0x1"}}"#;
            response(Some(200), order)
        })
        .await;
        let client = server.client().build().unwrap();
        let result = checked(client.checkout_orders().create(&new_order("A1")).await);
        let found = result.as_ref().err().map_or("success", outcome);
        assert_eq!(found, expected, "{name}: {result:?}");
        let sent = u32::from(expected == "success");
        assert_eq!(*calls.lock().unwrap(), sent, "{name}");
        assert!(!result.is_err_and(|error| error.may_have_taken_effect()));
    }
}

#[cfg(feature = "provisional")]
#[tokio::test]
async fn lists_end_as_in_the_interop_table() {
    use stablelink_sandbox::{Fault, SandboxOperation};

    const LIST: SandboxOperation = SandboxOperation::ListCheckoutOrders;
    let (sandbox, client) = crate::setup::pair().await;
    for case in table().lists {
        let first = sandbox.request_count();
        for page in &case.pages {
            let body = format!(r#"{{"retcode":"200","retdata":{page}}}"#);
            let json = [("content-type", "application/json")];
            sandbox
                .faults()
                .add(Fault::custom(200, json, body).on(LIST));
        }
        let mut records = client.checkout_orders().list().records();
        let (mut orders, mut found) = (Vec::new(), "success");
        while let Some(order) = records.next().await {
            match checked(order) {
                Ok(order) => orders.push(order.order_no.clone().unwrap()),
                Err(error) => found = outcome(&error),
            }
        }
        assert_eq!(orders, case.orders, "{}", case.name);
        assert_eq!(found, case.outcome, "{}", case.name);
        let requests: Vec<[u64; 2]> = sandbox
            .requests()
            .iter()
            .filter(|request| request.number >= first && request.operation == Some(LIST))
            .map(|request| {
                let body: serde_json::Value = serde_json::from_slice(&request.body).unwrap();
                ["pageNum", "pageSize"].map(|field| body[field].as_u64().unwrap())
            })
            .collect();
        assert_eq!(requests, case.requests, "{}", case.name);
    }
}

#[test]
fn deliveries_are_read_as_in_the_interop_table() {
    let key = SecretString::from("unit-test-sign-key-not-real-0001");
    let verifier = WebhookVerifier::new(&key).unwrap();
    for case in table().deliveries {
        let name = &case.name;
        let now = std::time::SystemTime::now();
        let delivery = TestDelivery::raw(case.body.clone());
        let delivery = delivery.signed(&key, now).unwrap();
        let payload = verifier
            .verify(&delivery.headers, delivery.body, now)
            .unwrap()
            .parse()
            .and_then(|event| event.payload());
        match checked(payload) {
            Ok(payload) => {
                assert_eq!(case.outcome, "success", "{name}");
                match payload {
                    EventPayload::AbnormalPayment(payment) => {
                        case.expected.check_fields(name, &payment);
                    }
                    EventPayload::CheckoutOrder(order) => case.expected.check_fields(name, &order),
                    other => panic!("{name}: {other:?}"),
                }
            }
            Err(error) => {
                assert_eq!(case.outcome, "unreadable", "{name}: {error}");
                assert!(
                    matches!(error.kind(), ErrorKind::Decode(_)),
                    "{name}: {error}"
                );
                let path = case.expected.path.unwrap();
                assert!(error.to_string().contains(&path), "{name}: {error}");
            }
        }
    }
}

/// Returns the method and the path of each operation that the filter accepts.
fn operations_where(is_included: impl Fn(&OperationInfo) -> bool) -> Vec<String> {
    let mut found: Vec<String> = ALL_WITH_INFERRED
        .iter()
        .filter(|operation| is_included(operation))
        .map(|operation| format!("{} {}", operation.method, operation.path))
        .collect();
    found.sort();
    found
}

#[test]
fn reads_of_the_interop_table_are_the_operations_that_change_nothing() {
    let reads = operations_where(|operation| {
        operation.retry == RetrySafety::Safe && operation.id != ISSUE_ACCESS_TOKEN.id
    });
    assert_eq!(table().reads, reads);
}

#[test]
fn numbered_operations_of_the_interop_table_have_their_number_in_the_record() {
    let numbered = operations_where(|operation| match operation.retry {
        RetrySafety::Keyed { field } => operation.record_fields.contains(&field),
        // The record of any other read may lack the number: its page is not completely known.
        _ if operation.evidence != EvidenceLevel::Documented => false,
        _ => ["settlementOrderNo", "refundOrderNo", "requestId", "orderNo"]
            .iter()
            .any(|number| {
                operation.record_fields.contains(number)
                    && operation.fields.iter().any(|field| field.name == *number)
            }),
    });
    assert_eq!(table().numbered, numbered);
}
