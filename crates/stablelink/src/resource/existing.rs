//! Create-or-get: finds the record that an earlier call created with the same number, and compares it with the request.

use std::borrow::Cow;
use std::future::Future;

use serde::Serialize;
use stablelink_api::scalars::DecimalNumber;
use stablelink_api::types;

use crate::call::{Call, CallContext, is_other};
use crate::error::{Conflict, DecodeError, Error, ErrorKind};
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
            /// The existing record may have any status: an order may be paid, cancelled or timed out. Check the status before
            /// you use the record.
            ///
            /// The record must have the values of the request: otherwise, the error is [`Conflict`](ErrorKind::Conflict) with
            /// both values. If the record cannot be looked up, or lacks its number or its amount, the error is that of the
            /// rejection, with the reason as its source. If an attempt of this call has an unknown outcome, the error stays
            /// [ambiguous](Error::is_ambiguous) in both cases.
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
    /// Whether a record without this field cannot be compared.
    required: bool,
}

/// A field without which a record cannot be compared.
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
    context.set_failure(&error);
    let found = match found.await {
        Ok(found) => found,
        Err(lookup_error) => return Err(error.with_lookup_error(lookup_error)),
    };
    let difference = match find_conflict(request, found.raw_response(), lookup.fields) {
        Ok(None) => return Ok(found.existing()),
        Ok(Some(conflict)) => Error::new(ErrorKind::Conflict(conflict)),
        Err(missing) => Error::new(ErrorKind::Decode(missing)),
    };
    let difference = context.annotate(difference.with_response(found.raw_response().clone()));
    match difference.kind() {
        // The record may be that of an attempt whose outcome is unknown, with a value that the gateway writes in another form.
        ErrorKind::Conflict(_) if !error.is_ambiguous() => Err(difference),
        _ => Err(error.with_lookup_error(difference)),
    }
}

/// Returns the first field in which the record differs from the request.
///
/// Fails if the record has no such field but lacks a required one: it may be the record of the request or another one.
fn find_conflict(
    request: &impl Serialize,
    record: &RawResponse,
    fields: &[ComparedField],
) -> Result<Option<Conflict>, DecodeError> {
    let unreadable = || DecodeError::new("retdata", "it cannot be compared with the request");
    let request = serde_json::to_vec(request).map_err(|_| unreadable())?;
    let request = RawObject::parse(&request).map_err(|_| unreadable())?;
    let record = record.retdata().unwrap_or("{}");
    let record = RawObject::parse(record.as_bytes()).map_err(|_| unreadable())?;
    let mut missing = None;
    for field in fields {
        let Some(requested) = request.get(field.name).and_then(text_of) else {
            continue;
        };
        match record.get(field.name).filter(|json| *json != "null") {
            None if field.required => missing = missing.or(Some(field.name)),
            None => {}
            Some(json) if is_same(field.name, &requested, json) => {}
            Some(json) => {
                return Ok(Some(Conflict {
                    field: field.name,
                    requested: requested.into_owned(),
                    existing: text_of(json).map(Cow::into_owned),
                }));
            }
        }
    }
    match missing {
        None => Ok(None),
        Some(name) => Err(DecodeError::new(format!("retdata.{name}"), "it is missing")),
    }
}

/// Returns the text of a string or a number.
fn text_of(json: &str) -> Option<Cow<'_, str>> {
    match json.as_bytes().first()? {
        b'"' => serde_json::from_str(json).ok(),
        b'-' | b'0'..=b'9' => Some(json.into()),
        _ => None,
    }
}

/// Returns whether the JSON value of a field is the requested value. Amounts and numbers are compared as numbers, and strings
/// by [`is_other`], which treats a number that it cannot compare as the requested one.
fn is_same(field: &str, requested: &str, json: &str) -> bool {
    text_of(json).is_some_and(|existing| {
        if field.ends_with("mount") {
            let amount = |text: &str| text.parse::<DecimalNumber>().ok();
            amount(requested).is_some() && amount(requested) == amount(&existing)
        } else if json.starts_with('"') {
            !is_other(field, json, requested)
        } else {
            let number = |text: &str| text.parse::<i128>().ok();
            number(requested).is_some() && number(requested) == number(&existing)
        }
    })
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
        optional("address"),
        optional("notRequested"),
    ];

    #[test]
    fn number_is_the_requested_value_only_if_equal() {
        for (requested, json, same) in [
            ("6", "6", true),
            ("6", r#""6""#, true),
            ("06", "6", true),
            ("6", "7", false),
            ("C6", "7", false),
            ("1", "2.5", false),
            ("1", "1.0", false),
            ("A1", "7", false),
            ("A1", "true", false),
        ] {
            assert_eq!(
                is_same("customerId", requested, json),
                same,
                "{requested} {json}"
            );
        }
    }

    #[test]
    fn record_with_another_value_conflicts() {
        let request = json!({
            "orderNo": "7", "orderAmount": "0.50", "customerId": "6", "token": "ETH_USDT", "fromCurrency": "USD",
            "address": "0xAb12",
        });
        let same = r#"{"orderNo":"7","orderAmount":0.5,"customerId":6,"token":"ETH_USDT","fromCurrency":"usd","address":"0xaB12"}"#;
        for (from, to, conflict) in [
            ("", "", None),
            (r#""customerId":6,"#, "", None),
            (":6", ":null", None),
            ("0.5", r#""0.500""#, None),
            ("0.5", "5e-1", None),
            ("0.5", "0.51", Some(("orderAmount", Some("0.51")))),
            ("0.5", r#""a lot""#, Some(("orderAmount", Some("a lot")))),
            (":6", ":7", Some(("customerId", Some("7")))),
            (":6", r#":"06""#, Some(("customerId", Some("06")))),
            (":6", ":[6]", Some(("customerId", None))),
            ("ETH_USDT", "TRX_USDT", Some(("token", Some("TRX_USDT")))),
            ("usd", "EUR", Some(("fromCurrency", Some("EUR")))),
            ("0xaB12", "0xaB13", Some(("address", Some("0xaB13")))),
            (r#""7""#, "7", None),
            (r#""7""#, "8", Some(("orderNo", Some("8")))),
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
            let found = find_conflict(&request, &response, FIELDS).unwrap();
            let found = found
                .as_ref()
                .map(|found| (found.field(), found.existing()));
            assert_eq!(found, conflict, "{from} -> {to}");
        }
    }

    #[test]
    fn record_without_a_required_field_is_no_conflict_unless_another_field_differs() {
        let request = json!({ "orderNo": "7", "orderAmount": "0.50", "token": "ETH_USDT" });
        for (record, missing) in [
            (r#"{"orderNo":"7"}"#, Some("orderAmount")),
            (r#"{"orderNo":"7","orderAmount":null}"#, Some("orderAmount")),
            (r#"{"sysid":"1"}"#, Some("orderNo")),
            (r#"{"orderNo":"7","token":"TRX_USDT"}"#, None),
        ] {
            let body = Bytes::from(format!(r#"{{"retcode":"200","retdata":{record}}}"#));
            let found = find_conflict(&request, &RawResponse::classified(body), FIELDS);
            match (found, missing) {
                (Err(error), Some(name)) => assert!(error.to_string().contains(name), "{error}"),
                (Ok(Some(conflict)), None) => assert_eq!(conflict.field(), "token"),
                (found, _) => panic!("{record}: {found:?}"),
            }
        }
    }
}
