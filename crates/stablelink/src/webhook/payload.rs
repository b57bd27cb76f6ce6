//! The data of an event, by its type.

use std::fmt;

use serde::de::DeserializeOwned;
use stablelink_api::open_enums::CheckoutEventType;
use stablelink_api::scalars::RawJson;
use stablelink_api::types::{AbnormalPayment, CheckoutOrderChange};
#[cfg(feature = "provisional")]
use stablelink_api::types::{RefundOrderChange, SettlementOrderChange, Trade};

use super::WebhookEvent;
use super::event::decode_error;
use crate::error::DecodeError;
use crate::{Error, lenient, observe};

/// The data of an event, as the type of its [event type](WebhookEvent::event_type).
///
/// The feature `provisional` adds types without a documented body, whose fields are inferred. Without the feature they are
/// [`Other`](Self::Other).
///
/// `Debug` shows the variant, but not its content, which may be personal data.
#[derive(Clone)]
#[non_exhaustive]
pub enum EventPayload {
    /// `ABNORMAL_PAYMENT`: a payment with a wrong amount or a late payment.
    ///
    /// Page: <https://developer.en.wcheckout.app/407759335e0>. Documented in part; other fields are in
    /// [`WebhookEvent::data`].
    AbnormalPayment(Box<AbnormalPayment>),
    /// `CHECKOUT_ORDER_CHANGED`: the status of an order has changed, for example to PAID. Look up the order before you act on
    /// it: the page lists the type and the vendor's public receiver handles it, but the names of the fields are inferred.
    ///
    /// Page: <https://developer.en.wcheckout.app/407759335e0>
    CheckoutOrder(Box<CheckoutOrderChange>),
    /// `REFUND_ORDER_CHANGED`: the status of a refund has changed. Inferred.
    #[cfg(feature = "provisional")]
    RefundOrder(Box<RefundOrderChange>),
    /// `SETTLEMENT_ORDER_CHANGED`: the status of a settlement has changed. Inferred.
    #[cfg(feature = "provisional")]
    SettlementOrder(Box<SettlementOrderChange>),
    /// Any other type with a `paymentRequestDTO`: a trade of Global Payment. Inferred from the request that simulates an event,
    /// because no such delivery is documented.
    #[cfg(feature = "provisional")]
    Trade(Box<Trade>),
    /// An unknown type: its data as received, if there is any. The gateway may add types at any time, so acknowledge types
    /// that you do not need.
    Other(Option<RawJson>),
}

impl fmt::Debug for EventPayload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self {
            Self::AbnormalPayment(_) => "AbnormalPayment",
            Self::CheckoutOrder(_) => "CheckoutOrder",
            #[cfg(feature = "provisional")]
            Self::RefundOrder(_) => "RefundOrder",
            #[cfg(feature = "provisional")]
            Self::SettlementOrder(_) => "SettlementOrder",
            #[cfg(feature = "provisional")]
            Self::Trade(_) => "Trade",
            Self::Other(_) => "Other",
        };
        f.debug_tuple(name).finish_non_exhaustive()
    }
}

pub(super) fn read(event: &WebhookEvent) -> Result<EventPayload, Error> {
    match event.event_type().map(CheckoutEventType::from) {
        Some(CheckoutEventType::AbnormalPayment) => data(event).map(EventPayload::AbnormalPayment),
        Some(CheckoutEventType::CheckoutOrderChanged) => {
            data(event).map(EventPayload::CheckoutOrder)
        }
        #[cfg(feature = "provisional")]
        Some(CheckoutEventType::RefundOrderChanged) => data(event).map(EventPayload::RefundOrder),
        #[cfg(feature = "provisional")]
        Some(CheckoutEventType::SettlementOrderChanged) => {
            data(event).map(EventPayload::SettlementOrder)
        }
        _ => other(event),
    }
}

fn other(event: &WebhookEvent) -> Result<EventPayload, Error> {
    #[cfg(feature = "provisional")]
    if let Some(text) = event.field(TRADE).filter(|text| *text != "null") {
        let inner = super::event::json_in_string(text);
        return typed(TRADE, inner.as_deref().unwrap_or(text)).map(EventPayload::Trade);
    }
    event
        .data()
        .map(|text| typed("data", text))
        .transpose()
        .map(EventPayload::Other)
}

/// The field that holds the trade in an event of Global Payment.
#[cfg(feature = "provisional")]
const TRADE: &str = "paymentRequestDTO";

fn data<T: DeserializeOwned>(event: &WebhookEvent) -> Result<T, Error> {
    let text = event
        .data()
        .ok_or_else(|| decode_error(DecodeError::new("data", "it is missing")))?;
    typed("data", text)
}

fn typed<T: DeserializeOwned>(field: &str, text: &str) -> Result<T, Error> {
    let record = lenient::parse(field, text, lenient::is_amount_or_status).map_err(decode_error)?;
    for path in &record.unreadable {
        observe::unreadable_field("webhook", path);
    }
    Ok(record.value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn payload(body: &str) -> Result<EventPayload, Error> {
        WebhookEvent::read(body.as_bytes(), "".into())
            .unwrap()
            .payload()
    }

    /// Formats the payload for a comparison.
    fn shown(body: &str) -> String {
        match payload(body) {
            Ok(EventPayload::AbnormalPayment(data)) => format!("abnormal {}", json(&data)),
            Ok(EventPayload::CheckoutOrder(data)) => format!("order {}", json(&data)),
            #[cfg(feature = "provisional")]
            Ok(EventPayload::RefundOrder(data)) => format!("refund {}", json(&data)),
            #[cfg(feature = "provisional")]
            Ok(EventPayload::SettlementOrder(data)) => format!("settlement {}", json(&data)),
            #[cfg(feature = "provisional")]
            Ok(EventPayload::Trade(data)) => format!("trade {}", json(&data)),
            Ok(EventPayload::Other(data)) => {
                format!("other {}", data.as_ref().map_or("-", RawJson::get))
            }
            Err(error) => error.to_string(),
        }
    }

    fn json(value: &impl serde::Serialize) -> String {
        serde_json::to_string(value).unwrap()
    }

    #[test]
    fn documented_type_is_read_from_each_form() {
        for field in ["eventType", "event", "type"] {
            for (data, read) in [
                (
                    r#"{"amount":"818.89","pendingAmount":"739.00"}"#,
                    r#"abnormal {"amount":"818.89","pendingAmount":"739.00"}"#,
                ),
                (
                    r#""{\"amount\":1000.233567,\"token\":\"ETH_USDT\"}""#,
                    r#"abnormal {"amount":"1000.233567","token":"ETH_USDT"}"#,
                ),
                (
                    r#"{"amount":12345678901234567890.12,"token":"NEW","unknown":[]}"#,
                    r#"abnormal {"amount":"12345678901234567890.12","token":"NEW"}"#,
                ),
                ("{}", "abnormal {}"),
                // A field that is not needed does not have its documented type.
                (
                    r#"{"amount":"1","pendingAmount":"","orderNo":7777777,"createdTime":"","token":[]}"#,
                    r#"abnormal {"amount":"1"}"#,
                ),
            ] {
                let body = format!(r#"{{"{field}":"ABNORMAL_PAYMENT","data":{data}}}"#);
                assert_eq!(shown(&body), read, "{body}");
            }
        }
    }

    #[test]
    fn error_shows_the_path_but_no_value() {
        for (data, expected) in [
            (
                r#","data":{"amount":"Leo Secretive"}"#,
                "cannot read the delivery at `data.amount`: it does not have the documented form",
            ),
            (
                r#","data":{"pendingAmount":"1,000 Secretive"}"#,
                "cannot read the delivery at `data.pendingAmount`: it does not have the documented form",
            ),
            (
                r#","data":{"orderNo":"Leo \ud800Secretive"}"#,
                "cannot read the delivery at `data.orderNo`: it is not JSON",
            ),
            (
                r#","data":"SUCCESS""#,
                "cannot read the delivery at `data`: expected an object",
            ),
            ("", "cannot read the delivery at `data`: it is missing"),
            (
                r#","data":null"#,
                "cannot read the delivery at `data`: it is missing",
            ),
        ] {
            let body = format!(r#"{{"eventType":"ABNORMAL_PAYMENT"{data}}}"#);
            let error = payload(&body).unwrap_err();
            assert_eq!(error.to_string(), expected, "{body}");
            assert!(!format!("{error:?}").contains("Secretive"), "{error:?}");
        }
    }

    #[test]
    fn debug_shows_which_it_is_alone() {
        for (body, shown) in [
            (
                r#"{"type":"ABNORMAL_PAYMENT","data":{"orderNo":"hidden"}}"#,
                "AbnormalPayment(..)",
            ),
            (r#"{"type":"NEW","data":{"orderNo":"hidden"}}"#, "Other(..)"),
        ] {
            assert_eq!(format!("{:?}", payload(body).unwrap()), shown);
        }
    }

    #[test]
    fn unknown_type_returns_the_data_unchanged() {
        for (body, read) in [
            (
                r#"{"eventType":"NEW","data":{"a":12345678901234567890.120}}"#,
                r#"other {"a":12345678901234567890.120}"#,
            ),
            (
                r#"{"type":"NEW","data":"{\"a\":1e400}"}"#,
                r#"other {"a":1e400}"#,
            ),
            (r#"{"type":"NEW","data":"text"}"#, r#"other "text""#),
            (r#"{"event":"NEW"}"#, "other -"),
            (r#"{"data":null}"#, "other -"),
            ("{}", "other -"),
            // Types are compared exactly.
            (r#"{"type":"abnormal_payment","data":7}"#, "other 7"),
            (r#"{"type":"ABNORMAL_PAYMENT ","data":7}"#, "other 7"),
        ] {
            assert_eq!(shown(body), read, "{body}");
        }
    }

    /// One case per inferred event type: the body, and the expected payload with and without the `provisional` feature.
    const INFERRED: [(&str, &str, &str); 4] = [
        (
            r#"{"eventType":"REFUND_ORDER_CHANGED","data":"{\"refundStatus\":\"NEW\"}"}"#,
            r#"refund {"refundStatus":"NEW"}"#,
            r#"other {"refundStatus":"NEW"}"#,
        ),
        (
            r#"{"eventType":"SETTLEMENT_ORDER_CHANGED","data":{"settlementOrderNo":"25"}}"#,
            r#"settlement {"settlementOrderNo":"25"}"#,
            r#"other {"settlementOrderNo":"25"}"#,
        ),
        (
            r#"{"event":"event_1","paymentRequestDTO":{"txNo":"TR1","amount":1000.233567,"requestType":"OnRamp"},"remark":"r"}"#,
            r#"trade {"amount":1000.233567,"requestType":"OnRamp","txNo":"TR1"}"#,
            "other -",
        ),
        (
            r#"{"event":"event_1","paymentRequestDTO":"{\"amount\":12345678901234567890.12}"}"#,
            r#"trade {"amount":12345678901234567890.12}"#,
            "other -",
        ),
    ];

    #[test]
    fn changed_order_needs_no_feature() {
        for (body, read) in [
            (
                r#"{"eventType":"CHECKOUT_ORDER_CHANGED","data":{"orderNo":"7","orderStatus":"PAID","x":0.10}}"#,
                r#"order {"orderNo":"7","orderStatus":"PAID"}"#,
            ),
            (
                r#"{"eventType":"CHECKOUT_ORDER_CHANGED","data":{"orderNo":"7","orderStatus":"NEW"}}"#,
                r#"order {"orderNo":"7","orderStatus":"NEW"}"#,
            ),
        ] {
            assert_eq!(shown(body), read, "{body}");
        }
    }

    #[test]
    fn inferred_types_need_the_feature() {
        for (body, with, without) in INFERRED {
            let expected = if cfg!(feature = "provisional") {
                with
            } else {
                without
            };
            assert_eq!(shown(body), expected, "{body}");
        }
    }
}
