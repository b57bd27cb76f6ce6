//! Create-or-get: finds the record that an earlier call created with the same number, and compares it with the request.

use std::borrow::Cow;
use std::future::Future;

use serde::Serialize;
use stablelink_api::scalars::DecimalNumber;
use stablelink_api::types;

use crate::call::{Call, CallContext};
use crate::error::{Conflict, Error, ErrorKind};
use crate::raw_object::RawObject;
use crate::response::{RawResponse, Response};

/// The argument of a call that creates a record: what happens if the number was used before.
#[derive(Clone, Copy, Debug, Default)]
pub struct CreateParameters {
    or_existing: bool,
}

macro_rules! or_existing {
    ($record:ty) => {
        impl Call<$record, CreateParameters> {
            /// Returns the existing record if the gateway rejects the number as a [duplicate](Error::is_duplicate), which is inferred
            /// from its message.
            ///
            /// The record must have the values of the request: otherwise, another payment uses the number, and the error is
            /// [`Conflict`](ErrorKind::Conflict) with both values. If the record cannot be looked up, the error is that of the
            /// rejection, with the error of the lookup as its source.
            pub fn or_existing(mut self) -> Self {
                self.parameters.or_existing = true;
                self
            }
        }
    };
}

or_existing!(types::CreatedCheckoutOrder);
#[cfg(feature = "provisional")]
or_existing!(types::SettlementOrder);
#[cfg(feature = "provisional")]
or_existing!(types::RefundOrder);
#[cfg(feature = "provisional")]
or_existing!(types::Trade);

/// How the record of a request is looked up and compared with it.
pub(super) struct Lookup {
    pub(super) fields: &'static [ComparedField],
    /// Whether the operation of the lookup is documented. An inferred one is used only if the caller asks for the existing record.
    pub(super) is_documented: bool,
}

/// A field of a request that its record has too.
pub(super) struct ComparedField {
    name: &'static str,
    /// Whether a record without this field is another one.
    required: bool,
}

/// A field that a record must have.
pub(super) const fn required(name: &'static str) -> ComparedField {
    ComparedField {
        name,
        required: true,
    }
}

/// A field that a record may lack.
pub(super) const fn optional(name: &'static str) -> ComparedField {
    ComparedField {
        name,
        required: false,
    }
}

/// Returns the created record, or the existing one if the gateway rejected the number as used and the caller accepts an
/// existing record. The record also shows whether the first attempt took effect if its outcome is unknown and a later one was
/// rejected: it is looked up if the caller accepts an existing record, or if the lookup is documented. `found` returns the
/// record with the number of the request.
pub(super) async fn created_or_existing<T>(
    context: &CallContext,
    created: Result<Response<T>, Error>,
    parameters: CreateParameters,
    request: &impl Serialize,
    lookup: &Lookup,
    found: impl Future<Output = Result<Response<T>, Error>>,
) -> Result<Response<T>, Error> {
    let is_resolved = |error: &Error| {
        let is_rejected_later = error.is_ambiguous() && error.api_error().is_some();
        parameters.or_existing && error.is_duplicate()
            || is_rejected_later && (parameters.or_existing || lookup.is_documented)
    };
    let error = match created {
        Err(error) if is_resolved(&error) => error,
        created => return created,
    };
    let found = match found.await {
        Ok(found) => found,
        Err(_) if error.is_ambiguous() => return Err(error),
        Err(lookup_error) => {
            let retryable = lookup_error.is_retryable();
            return Err(error.retryable(retryable).because(lookup_error));
        }
    };
    match find_conflict(request, found.raw_response(), lookup.fields) {
        None => Ok(found),
        Some(conflict) if parameters.or_existing => {
            let error = Error::new(ErrorKind::Conflict(conflict));
            Err(context.annotate(error.with_response(found.raw_response().clone())))
        }
        Some(_) => Err(error),
    }
}

/// Returns the first field in which the record differs from the request.
fn find_conflict(
    request: &impl Serialize,
    record: &RawResponse,
    fields: &[ComparedField],
) -> Option<Conflict> {
    let request = serde_json::to_vec(request).ok()?;
    let request = RawObject::parse(&request).ok()?;
    let record = record.retdata().unwrap_or("{}");
    let record = RawObject::parse(record.as_bytes()).ok();
    fields.iter().find_map(|field| {
        let requested = text_of(request.get(field.name)?)?;
        let existing = record.as_ref().and_then(|record| record.get(field.name));
        let existing = existing.filter(|json| *json != "null");
        let is_same = match existing {
            None => !field.required,
            Some(json) => {
                text_of(json).is_some_and(|existing| is_same(field.name, &requested, &existing))
            }
        };
        (!is_same).then(|| Conflict {
            field: field.name,
            requested: requested.into_owned(),
            existing: existing.and_then(text_of).map(Cow::into_owned),
        })
    })
}

/// Returns the text of a string or a number.
fn text_of(json: &str) -> Option<Cow<'_, str>> {
    match json.as_bytes().first()? {
        b'"' => serde_json::from_str(json).ok(),
        b'-' | b'0'..=b'9' => Some(json.into()),
        _ => None,
    }
}

/// Amounts are compared as numbers, and names of currencies regardless of their case.
fn is_same(field: &str, requested: &str, existing: &str) -> bool {
    if field.ends_with("mount") {
        let amount = |text: &str| text.parse::<DecimalNumber>().ok();
        return amount(requested).is_some() && amount(requested) == amount(existing);
    }
    if field.ends_with("urrency") {
        return requested.eq_ignore_ascii_case(existing);
    }
    requested == existing
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use serde_json::json;

    use super::*;

    const FIELDS: &[ComparedField] = &[
        required("orderNo"),
        required("orderAmount"),
        optional("customerId"),
        optional("token"),
        optional("fromCurrency"),
        optional("notRequested"),
    ];

    #[test]
    fn record_with_another_value_conflicts() {
        let request = json!({
            "orderNo": "7", "orderAmount": "0.50", "customerId": "6", "token": "ETH_USDT", "fromCurrency": "USD",
        });
        let same = r#"{"orderNo":"7","orderAmount":0.5,"customerId":6,"token":"ETH_USDT","fromCurrency":"usd"}"#;
        for (from, to, conflict) in [
            ("", "", None),
            (r#""customerId":6,"#, "", None),
            (":6", ":null", None),
            ("0.5", r#""0.500""#, None),
            ("0.5", "5e-1", None),
            ("0.5", "0.51", Some(("orderAmount", Some("0.51")))),
            ("0.5", r#""a lot""#, Some(("orderAmount", Some("a lot")))),
            ("0.5", "null", Some(("orderAmount", None))),
            (r#""orderAmount":0.5,"#, "", Some(("orderAmount", None))),
            (":6", ":7", Some(("customerId", Some("7")))),
            (":6", r#":"06""#, Some(("customerId", Some("06")))),
            (":6", ":[6]", Some(("customerId", None))),
            ("ETH_USDT", "TRX_USDT", Some(("token", Some("TRX_USDT")))),
            ("usd", "EUR", Some(("fromCurrency", Some("EUR")))),
            (
                r#"orderNo":"7"#,
                r#"orderNo":"8"#,
                Some(("orderNo", Some("8"))),
            ),
        ] {
            let record = if from.is_empty() {
                same.to_owned()
            } else {
                same.replace(from, to)
            };
            let body = Bytes::from(format!(r#"{{"retcode":"200","retdata":{record}}}"#));
            let response = RawResponse::classified(body);
            let found = find_conflict(&request, &response, FIELDS);
            let found = found
                .as_ref()
                .map(|found| (found.field(), found.existing()));
            assert_eq!(found, conflict, "{from} -> {to}");
        }
    }
}
