use std::{collections::HashSet, sync::Arc};
use hostile_client::{Client, Error, hooks, open_enums::OrderStatus, types};

// Open enums: what is not listed is kept, and text decides what is equal.
let read = |text: &str| serde_json::from_str::<OrderStatus>(text).unwrap();
assert!(matches!(read("\"PARTIAL_REFUNDED\""), OrderStatus::PartialRefunded));
assert!(matches!(OrderStatus::from("NEW".to_owned()), OrderStatus::Other(_)));
assert_eq!(serde_json::to_string(&read("\"NEW\"")).unwrap(), "\"NEW\"");
assert_eq!(OrderStatus::Other("PAYING".to_owned()), OrderStatus::Paying);
assert_eq!(HashSet::from([OrderStatus::Other("PAYING".to_owned()), OrderStatus::Paying]).len(), 1);
assert_eq!(format!("{:>8}", OrderStatus::Paying), "  PAYING");
assert!(serde_json::from_str::<OrderStatus>("1").is_err());

// Unions: both forms of a token response are parsed, and serialising returns the same JSON.
for text in [
    r#"{"retcode":"200","retdata":{"access_token":"t","expires_in":21600},"success":true}"#,
    r#"{"access_token":"t","expires_in":21600}"#,
] {
    let answer: types::TokenAnswer = serde_json::from_str(text).unwrap();
    assert_eq!(matches!(answer, types::TokenAnswer::Token(_)), !text.contains("retcode"));
    assert_eq!(
        serde_json::to_value(&answer).unwrap(),
        serde_json::from_str::<serde_json::Value>(text).unwrap()
    );
}

// Money, dates and further fields.
let text = r#"{"amount":12345678901234567890.10,"sellCurrency":"USDT","more":[1],"quoteId":"7"}"#;
let request: types::ExchangeRateRequest = serde_json::from_str(text).unwrap();
assert_eq!(serde_json::to_string(&request).unwrap(), text);
let text = r#"{"channelRate":40,"day":"1988-08-05","rate":"0.9900","rateExpiryTime":"2025-05-14 17:46:00","rates":[0.00]}"#;
let rate: types::ExchangeRate = serde_json::from_str(text).unwrap();
assert_eq!(serde_json::to_string(&rate).unwrap(), text);
let nulls: types::ExchangeRate = serde_json::from_str(r#"{"rates":null,"channelRate":null}"#).unwrap();
assert_eq!(serde_json::to_string(&nulls).unwrap(), "{}");
let _ = schemars::schema_for!(types::TokenAnswer);
let _ = schemars::schema_for!(types::ExchangeRateRequest);

// A wrapped error is returned even if the operation documents every status.
struct Refusing;
impl hooks::Transport for Refusing {
    fn send<'a>(
        &'a self,
        _: &'a reqwest::Client,
        request: reqwest::Request,
        operation_id: &'static str,
    ) -> hooks::BoxFuture<'a, reqwest::Result<reqwest::Response>> {
        assert!(!request.headers().contains_key("api-version"));
        Box::pin(async move { Ok(hooks::wrap_error((operation_id, request.url().to_string()))) })
    }
}
fn refused<E>(error: Error<E>) -> (&'static str, String) {
    hooks::downcast_error(error).ok().unwrap()
}
let client = Client::new_with_client("http://127.0.0.1", reqwest::Client::new(), Arc::new(Refusing));
let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
runtime.block_on(async {
    let (operation_id, _) = refused(client.simulate_event(&Default::default()).await.err().unwrap());
    assert_eq!(operation_id, "simulate_event");
    let limit = "0.10".parse().unwrap();
    let (_, url) = refused(client.get_checkout_order(Some(&limit), "a&b").await.err().unwrap());
    assert_eq!(url, "http://127.0.0.1/checkout/order/info?minimum=0.10&orderNo=a%26b");
    let (_, url) = refused(client.get_refund("a/../b").await.err().unwrap());
    assert_eq!(url, "http://127.0.0.1/trade/refund/a%2F..%2Fb");
    let kind = hostile_client::open_enums::GrantType::ClientCredentials;
    let (_, url) = refused(client.get_access_token(None, &kind).await.err().unwrap());
    assert_eq!(url, "http://127.0.0.1/user/auth/oauth2/token?grant_type=client_credentials");
});

std::fs::write(std::env::var("STABLELINK_CONTROL_MARKER").unwrap(), "ran").unwrap();
