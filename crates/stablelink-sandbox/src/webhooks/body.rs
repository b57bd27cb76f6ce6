//! The bodies of webhooks.

use axum::body::Bytes;
use serde::Serialize;
use serde_json::value::RawValue;

use super::delivery::DeliveredEvent;
use crate::ledger::{LedgerEvent, Product};
use crate::settings::WebhookData;

/// The documented form of checkout, and the form of trades, which is inferred from the request for
/// a simulated event. A field without a value is omitted.
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct EventBody<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    event: Option<&'a str>,
    event_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    event_type: Option<&'a str>,
    /// Seconds since the epoch.
    #[serde(skip_serializing_if = "Option::is_none")]
    timestamp: Option<i64>,
    #[serde(rename = "paymentRequestDTO", skip_serializing_if = "Option::is_none")]
    payment_request: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    remark: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    develop_client_id: Option<&'a str>,
}

/// Writes the webhook of an event.
pub(super) fn encode(event: LedgerEvent, form: WebhookData) -> DeliveredEvent {
    let event_id = format!("EV{}", event.id);
    let object = event.data.as_deref();
    let string = object.and_then(|data| serde_json::value::to_raw_value(data.get()).ok());
    let (object, string) = match form {
        WebhookData::Object => (object, None),
        WebhookData::String => (None, string.as_deref()),
    };
    let body = match event.product {
        Product::Checkout => EventBody {
            event_id: &event_id,
            event_type: Some(&event.name),
            timestamp: Some(event.created.div_euclid(1000)),
            data: object.or(string),
            ..EventBody::default()
        },
        Product::Payments => {
            let simulated = event.simulated.as_ref();
            EventBody {
                event: Some(&event.name),
                event_id: &event_id,
                payment_request: object,
                data: string,
                remark: simulated.and_then(|it| it.remark.as_deref()),
                develop_client_id: simulated.and_then(|it| it.develop_client_id.as_deref()),
                ..EventBody::default()
            }
        }
    };
    // Serialization cannot fail: the fields are strings, numbers and raw JSON.
    let body = serde_json::to_vec(&body).unwrap_or_default();
    DeliveredEvent {
        id: event_id,
        name: event.name,
        body: Bytes::from(body),
        request: event.request,
    }
}
