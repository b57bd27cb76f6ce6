//! The bodies of webhooks.

use axum::body::Bytes;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::settings::WebhookData;
use crate::state::books::Event;
use crate::state::books::event::Of;

/// Documented.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Checkout<'a> {
    event_id: &'a str,
    event_type: &'a str,
    /// Seconds since the epoch.
    timestamp: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<Data<'a>>,
}

/// Inferred from the request for a simulated event.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Payments<'a> {
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
enum Data<'a> {
    Object(&'a RawValue),
    Text(&'a str),
}

/// What identifies the event, and the body that tells of it.
pub(super) fn of(event: &Event, form: WebhookData) -> (String, Bytes) {
    let event_id = format!("EV{}", event.id);
    let data = event.data.as_deref();
    let body = match event.of {
        Of::Checkout => serde_json::to_vec(&Checkout {
            event_id: &event_id,
            event_type: &event.name,
            timestamp: event.created.div_euclid(1000),
            data: data.map(|data| match form {
                WebhookData::Object => Data::Object(data),
                WebhookData::String => Data::Text(data.get()),
            }),
        }),
        Of::Payments => {
            let simulated = event.simulated.as_ref();
            let text = form == WebhookData::String;
            serde_json::to_vec(&Payments {
                event: &event.name,
                event_id: &event_id,
                payment_request: data.filter(|_| !text),
                data: data.filter(|_| text).map(RawValue::get),
                remark: simulated.and_then(|asked| asked.remark.as_deref()),
                develop_client_id: simulated.and_then(|asked| asked.develop_client_id.as_deref()),
            })
        }
    };
    // Texts, numbers and raw JSON: there is nothing that serde_json could not write.
    (event_id, Bytes::from(body.unwrap_or_default()))
}
