//! The bodies of webhooks.

use axum::body::Bytes;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::ledger::{LedgerEvent, Product};
use crate::settings::WebhookData;

/// The documented form.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CheckoutBody<'a> {
    event_id: &'a str,
    event_type: &'a str,
    /// Seconds since the epoch.
    timestamp: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<WebhookEventData<'a>>,
}

/// A form that is inferred from the request for a simulated event.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PaymentsBody<'a> {
    event: &'a str,
    event_id: &'a str,
    #[serde(rename = "paymentRequestDTO", skip_serializing_if = "Option::is_none")]
    payment_request: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    remark: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    develop_client_id: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum WebhookEventData<'a> {
    Object(&'a RawValue),
    String(&'a str),
}

/// Returns the id of an event and the body of its webhook.
pub(super) fn encode(event: &LedgerEvent, form: WebhookData) -> (String, Bytes) {
    let event_id = format!("EV{}", event.id);
    let data = event.data.as_deref();
    let body = match event.product {
        Product::Checkout => serde_json::to_vec(&CheckoutBody {
            event_id: &event_id,
            event_type: &event.name,
            timestamp: event.created.div_euclid(1000),
            data: data.map(|data| match form {
                WebhookData::Object => WebhookEventData::Object(data),
                WebhookData::String => WebhookEventData::String(data.get()),
            }),
        }),
        Product::Payments => {
            let simulated = event.simulated.as_ref();
            let as_string = form == WebhookData::String;
            serde_json::to_vec(&PaymentsBody {
                event: &event.name,
                event_id: &event_id,
                payment_request: data.filter(|_| !as_string),
                data: data.filter(|_| as_string).map(RawValue::get),
                remark: simulated.and_then(|it| it.remark.as_deref()),
                develop_client_id: simulated.and_then(|it| it.develop_client_id.as_deref()),
            })
        }
    };
    // Serialization cannot fail: the fields are strings, numbers and raw JSON.
    (event_id, Bytes::from(body.unwrap_or_default()))
}
