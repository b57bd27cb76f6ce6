//! Every example of the documentation is read into its generated type and written back without loss.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::{collections::BTreeMap, fs, path::Path};

use serde::{Serialize, de::DeserializeOwned};
use serde_json::value::RawValue;
use stablelink_api::types;

/// Reads a text as a type and writes it.
type RoundTrip = fn(&str) -> Result<String, serde_json::Error>;

fn through<T: DeserializeOwned + Serialize>(text: &str) -> Result<String, serde_json::Error> {
    serde_json::to_string(&serde_json::from_str::<T>(text)?)
}

/// The type that parses the examples of each component.
const TYPES: &[(&str, RoundTrip)] = &[
    ("AccessTokenAnswer", through::<types::AccessTokenAnswer>),
    (
        "AbnormalPaymentEvent",
        through::<types::AbnormalPaymentEvent>,
    ),
    ("CheckoutEvent", through::<types::CheckoutEvent>),
    (
        "CheckoutOrderEnvelope",
        through::<types::CheckoutOrderEnvelope>,
    ),
    (
        "CreateAbnormalPaymentRefundRequest",
        through::<types::CreateAbnormalPaymentRefundRequest>,
    ),
    (
        "CreateCheckoutOrderRequest",
        through::<types::CreateCheckoutOrderRequest>,
    ),
    (
        "CreateSettlementOrderRequest",
        through::<types::CreateSettlementOrderRequest>,
    ),
    ("CreateUserRequest", through::<types::CreateUserRequest>),
    (
        "CreatedCheckoutOrderEnvelope",
        through::<types::CreatedCheckoutOrderEnvelope>,
    ),
    (
        "ExchangeRateEnvelope",
        through::<types::ExchangeRateEnvelope>,
    ),
    (
        "GetExchangeRateRequest",
        through::<types::GetExchangeRateRequest>,
    ),
    ("RefundOrderEnvelope", through::<types::RefundOrderEnvelope>),
    (
        "SettlementOrderEnvelope",
        through::<types::SettlementOrderEnvelope>,
    ),
    (
        "SimulateEventEnvelope",
        through::<types::SimulateEventEnvelope>,
    ),
    (
        "SimulateEventRequest",
        through::<types::SimulateEventRequest>,
    ),
    ("SubmitKybRequest", through::<types::SubmitKybRequest>),
];

/// JSON in one form: members sorted, null members left out, every number and text as it is written.
fn canonical(text: &RawValue) -> String {
    let text = text.get();
    match text.as_bytes().first() {
        Some(b'{') => {
            let members: BTreeMap<String, Box<RawValue>> = serde_json::from_str(text).unwrap();
            let members: Vec<String> = members
                .iter()
                .filter(|(_, value)| value.get() != "null")
                .map(|(key, value)| format!("{key:?}:{}", canonical(value)))
                .collect();
            format!("{{{}}}", members.join(","))
        }
        Some(b'[') => {
            let items: Vec<Box<RawValue>> = serde_json::from_str(text).unwrap();
            let items: Vec<String> = items.iter().map(|item| canonical(item)).collect();
            format!("[{}]", items.join(","))
        }
        Some(b'"') => format!("{:?}", serde_json::from_str::<String>(text).unwrap()),
        _ => text.to_owned(),
    }
}

fn same(one: &str, other: &str) -> bool {
    let canonical = |text: &str| canonical(&serde_json::from_str::<Box<RawValue>>(text).unwrap());
    canonical(one) == canonical(other)
}

type Raw = Box<RawValue>;
type Members = BTreeMap<String, Raw>;

fn members(value: &RawValue) -> Option<Members> {
    serde_json::from_str(value.get()).ok()
}

/// `(component, place, text of the example)` of every body of the document.
fn examples() -> Vec<(String, String, String)> {
    fn walk(value: &RawValue, place: &str, found: &mut Vec<(String, String, String)>) {
        if let Some(inner) = members(value) {
            if let (Some(schema), Some(examples)) = (inner.get("schema"), inner.get("examples"))
                && !inner.contains_key("in")
            {
                let reference: String =
                    serde_json::from_str(members(schema).unwrap()["$ref"].get()).unwrap();
                let component = reference.rsplit('/').next().unwrap().to_owned();
                for (key, example) in members(examples).unwrap() {
                    let text = members(&example).unwrap()["value"].get().to_owned();
                    found.push((component.clone(), format!("{place} {key}"), text));
                }
            }
            for (key, member) in &inner {
                walk(member, &format!("{place}/{key}"), found);
            }
        }
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../spec/openapi.json");
    let document: Raw = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let mut found = Vec::new();
    walk(&document, "", &mut found);
    found
}

#[test]
fn every_documented_example_goes_through_its_type_without_loss() {
    let examples = examples();
    assert!(examples.len() >= 15, "only {} examples", examples.len());
    for (component, place, text) in examples {
        let (_, through) = TYPES
            .iter()
            .find(|(name, _)| *name == component)
            .unwrap_or_else(|| panic!("{place}: add {component} to TYPES"));
        let back = through(&text).unwrap_or_else(|error| panic!("{place}: {error}"));
        assert!(same(&text, &back), "{place}:\n{text}\nbecame\n{back}");
    }
}

/// The forms that the documents do not show but the gateway is known for.
#[test]
fn other_known_forms_go_through_without_loss() {
    let cases: &[(&str, &str)] = &[
        (
            "ExchangeRateEnvelope",
            r#"{"retcode":"200","retmsg":"success","retdata":{"sellCurrency":"USDT","buyCurrency":"USD","rateExpiryTime":"2026-03-03 02:30:00","rate":"0.9900","quoteId":"3082028699554140734","sellBalance":"0"},"success":true}"#,
        ),
        (
            "ExchangeRateEnvelope",
            r#"{"retcode":"00006","retmsg":"Access denied: Missing header [SIGNATURE]"}"#,
        ),
        (
            "CreatedCheckoutOrderEnvelope",
            r#"{"retcode":"00008","retmsg":"orderNo must contain only letters and numbers","retdata":null,"success":false}"#,
        ),
        (
            "CheckoutOrderEnvelope",
            r#"{"retcode":200,"retmsg":null,"retdata":{"sysid":6825060174,"orderNo":"a","orderAmount":12345678901234567890.12,"payingAmount":0.00,"orderStatus":"FROZEN","token":"XRP_USDT","createdTime":"2025-09-26T14:49:09.294114"}}"#,
        ),
        (
            "AccessTokenAnswer",
            r#"{"access_token":"a","expires_in":21600,"token_type":"bearer"}"#,
        ),
        (
            "CreateSettlementOrderRequest",
            r#"{"settlementOrderNo":"25","amount":"1000.233567","remark":"a member that no page shows"}"#,
        ),
        (
            "CheckoutEvent",
            r#"{"eventId":"e","eventType":"NEVER_HEARD_OF","timestamp":1758701681,"data":{"amount":12345678901234567890.120}}"#,
        ),
    ];
    for (component, text) in cases {
        let (_, through) = TYPES.iter().find(|(name, _)| name == component).unwrap();
        let back = through(text).unwrap_or_else(|error| panic!("{component} {text}: {error}"));
        assert!(same(text, &back), "{component}:\n{text}\nbecame\n{back}");
    }
}

#[test]
fn the_union_takes_the_branch_that_fits() {
    let envelope = r#"{"retcode":200,"retdata":{"access_token":"a"}}"#;
    let bare = r#"{"access_token":"a"}"#;
    let refused = r#"{"retcode":"00006","retmsg":"no"}"#;
    for (text, is_envelope) in [(envelope, true), (refused, true), (bare, false)] {
        let answer: types::AccessTokenAnswer = serde_json::from_str(text).unwrap();
        assert_eq!(
            matches!(answer, types::AccessTokenAnswer::AccessTokenEnvelope(_)),
            is_envelope,
            "{text}"
        );
    }
    assert!(serde_json::from_str::<types::AccessTokenAnswer>("{}").is_err());
}

#[test]
fn a_loss_would_be_seen() {
    for (one, other, equal) in [
        (r#"{"a":1,"b":null}"#, r#"{"a":1}"#, true),
        (r#"{"b":2,"a":1}"#, r#"{ "a": 1, "b": 2 }"#, true),
        (r#"{"a":0.00}"#, r#"{"a":0.0}"#, false),
        (r#"{"a":"1"}"#, r#"{"a":1}"#, false),
        (r#"{"a":1,"b":2}"#, r#"{"a":1}"#, false),
        (
            r#"{"a":12345678901234567890.12}"#,
            r#"{"a":12345678901234567000}"#,
            false,
        ),
    ] {
        assert_eq!(same(one, other), equal, "{one} {other}");
    }
}
