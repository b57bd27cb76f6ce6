//! Reads the fields of a request, checks common rules, and writes pages of lists.

use std::collections::BTreeMap;
use std::sync::{Arc, MutexGuard};

use axum::body::Bytes;
use http::request::Parts;
use rust_decimal::Decimal;
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use crate::api_error::ApiError;
use crate::envelope::OperationResult;
use crate::gateway::GatewayState;
use crate::ledger::{Ledger, RecordKey};
use crate::request::{CallerIndex, ReceivedRequest, parse_query};
use crate::{SandboxOperation, auth};

pub(super) type CallResult = Result<OperationResult, ApiError>;

/// An authenticated call.
pub(crate) struct AuthenticatedCall {
    pub(super) gateway: Arc<GatewayState>,
    client: usize,
    /// The number of the request in the log.
    number: u64,
    body: Bytes,
    /// Whether the body is a form, which only its handler reads.
    is_multipart: bool,
    /// The parameters in the query and in the path.
    parameters: BTreeMap<String, String>,
}

impl AuthenticatedCall {
    pub(super) fn new(gateway: Arc<GatewayState>, parts: &Parts) -> Result<Self, ApiError> {
        let parameters = parse_query(&parts.uri)?;
        let mut parameters: BTreeMap<_, _> = parameters.into_iter().collect();
        let caller = parts.extensions.get::<CallerIndex>().copied();
        let received = parts.extensions.get::<ReceivedRequest>().cloned();
        let (Some(CallerIndex(client)), Some(received)) = (caller, received) else {
            return Err(ApiError::internal(&"a call was not authenticated"));
        };
        if let Some(operation) = received.operation {
            parameters.extend(operation.path_parameters(parts.uri.path()));
        }
        Ok(Self {
            gateway,
            client,
            number: received.number,
            body: received.body,
            is_multipart: auth::is_multipart(parts),
            parameters,
        })
    }

    /// Parses the JSON body. The error names the field.
    pub(super) fn json<T: DeserializeOwned>(&self) -> Result<T, ApiError> {
        let mut deserializer = serde_json::Deserializer::from_slice(&self.body);
        let parsed = serde_path_to_error::deserialize(&mut deserializer);
        let value = parsed.map_err(|error| {
            let path = error.path().to_string();
            ApiError::field(format!("{path}: {}", error.inner()))
        })?;
        let end = deserializer.end();
        end.map_err(|error| ApiError::field(format!("body: {error}")))?;
        Ok(value)
    }

    /// Returns the fields of the JSON body and the parameters. The body may be empty if the document does not require it.
    pub(super) fn fields(
        &self,
        operation: SandboxOperation,
    ) -> Result<Map<String, Value>, ApiError> {
        let parameters = self.parameters.iter();
        let parameters = parameters.map(|(name, text)| (name.clone(), json!(text)));
        let mut fields: Map<String, Value> = parameters.collect();
        let may_be_empty = operation.spec()["requestBody"]["required"] != true;
        if self.is_multipart || (self.body.is_empty() && may_be_empty) {
            return Ok(fields);
        }
        match self.json()? {
            Value::Object(body) => fields.extend(body),
            body => _ = fields.insert("body".to_owned(), body),
        }
        Ok(fields)
    }

    /// Returns a required query parameter.
    pub(super) fn parameter(&self, name: &str) -> Result<&str, ApiError> {
        self.optional_parameter(name)
            .ok_or_else(|| ApiError::missing_field(name))
    }

    /// Returns a required query parameter that is the id of a record.
    pub(super) fn id_parameter(&self, name: &str) -> Result<i64, ApiError> {
        parse_number(name, self.parameter(name)?)
    }

    /// Returns a query parameter that is present and not empty.
    pub(super) fn optional_parameter(&self, name: &str) -> Option<&str> {
        let value = self.parameters.get(name).map(String::as_str);
        value.filter(|value| !value.is_empty())
    }

    /// Cancels a record that has the expected status, for an operation with its number in the
    /// query.
    pub(super) fn cancel(
        &self,
        name: &str,
        status: impl FnOnce(&Ledger, &str) -> Option<String>,
        (key, pending, cancelled): (fn(String) -> RecordKey, &str, &str),
        operation: SandboxOperation,
    ) -> CallResult {
        let number = self.parameter(name)?;
        let mut ledger = self.ledger();
        let status = status(&ledger, number).ok_or_else(|| ApiError::not_found(name))?;
        if status != pending {
            let message = format!("the record of {name} is {status} and cannot be cancelled");
            return Err(ApiError::InvalidState(message));
        }
        ledger.set_status(&key(number.to_owned()), cancelled, self.now());
        ledger.effects.record(operation, number);
        Ok(OperationResult::EMPTY)
    }

    /// Returns the ledger of the caller.
    pub(super) fn ledger(&self) -> MutexGuard<'_, Ledger> {
        let mut ledger = self.gateway.ledger(self.client);
        ledger.request = Some(self.number);
        ledger
    }

    /// Returns the time in milliseconds since the epoch.
    pub(super) fn now(&self) -> i64 {
        self.gateway.clock.now_millis()
    }

    /// Parses the page of a list from the body.
    pub(super) fn page_in_body(&self) -> Result<RecordPageRequest, ApiError> {
        self.json::<RecordPageRequest>()?.check()
    }

    /// Parses the page of a list from the query.
    pub(super) fn page_in_query(&self) -> Result<RecordPageRequest, ApiError> {
        let number = |name: &str, default: u64| match self.optional_parameter(name) {
            None => Ok(default),
            Some(text) => parse_number(name, text),
        };
        let default = RecordPageRequest::default();
        let page = RecordPageRequest {
            page_num: number("pageNum", default.page_num)?,
            page_size: number("pageSize", default.page_size)?,
        };
        page.check()
    }
}

fn parse_number<T: std::str::FromStr>(name: &str, text: &str) -> Result<T, ApiError> {
    let number = text.parse();
    number.map_err(|_| ApiError::field(format!("{name} must be a number")))
}

/// The requested page of a list. No page of the documentation shows a list: the names and the form
/// are the sandbox's own.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct RecordPageRequest {
    /// The page number, which counts from 1.
    page_num: u64,
    page_size: u64,
}

impl Default for RecordPageRequest {
    fn default() -> Self {
        Self {
            page_num: 1,
            page_size: 20,
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RecordPage<T> {
    page_num: u64,
    page_size: u64,
    total: u64,
    records: Vec<T>,
}

impl RecordPageRequest {
    const MAX_SIZE: u64 = 100;

    fn check(self) -> Result<Self, ApiError> {
        if self.page_num == 0 {
            return Err(ApiError::field("pageNum must be at least 1"));
        }
        if !(1..=Self::MAX_SIZE).contains(&self.page_size) {
            let rule = format!("pageSize must be from 1 to {}", Self::MAX_SIZE);
            return Err(ApiError::field(rule));
        }
        Ok(self)
    }

    /// Writes the page of records that are ordered by creation. The newest record comes first.
    pub(super) fn respond<T: Serialize>(
        self,
        all: impl DoubleEndedIterator<Item = T> + Clone,
    ) -> CallResult {
        let skipped = (self.page_num - 1).saturating_mul(self.page_size);
        OperationResult::data(&RecordPage {
            page_num: self.page_num,
            page_size: self.page_size,
            total: all.clone().count() as u64,
            records: all
                .rev()
                .skip(usize::try_from(skipped).unwrap_or(usize::MAX))
                .take(usize::try_from(self.page_size).unwrap_or(usize::MAX))
                .collect(),
        })
    }

    /// Writes a page like [`respond`](Self::respond), for records that are ordered by a number of
    /// the caller. `order` is the order of creation.
    pub(super) fn respond_sorted<'a, T: Serialize + 'a, K: Ord>(
        self,
        all: impl Iterator<Item = &'a T>,
        order: fn(&T) -> K,
    ) -> CallResult {
        let mut all: Vec<&T> = all.collect();
        all.sort_by_key(|record| order(record));
        self.respond(all.iter())
    }
}

/// Writes a record, or the rejection that `name` does not exist.
pub(super) fn respond_found<T: Serialize>(name: &str, record: Option<&T>) -> CallResult {
    OperationResult::data(record.ok_or_else(|| ApiError::not_found(name))?)
}

/// Rejects an empty string.
pub(super) fn require_text(name: &str, text: &str) -> Result<(), ApiError> {
    if text.is_empty() {
        Err(ApiError::missing_field(name))
    } else {
        Ok(())
    }
}

/// Rejects an amount that is not positive.
pub(super) fn require_positive(name: &str, amount: Decimal) -> Result<Decimal, ApiError> {
    if amount > Decimal::ZERO {
        Ok(amount)
    } else {
        Err(ApiError::field(format!("{name} must be greater than 0")))
    }
}

/// Rejects a currency that the vendor's documentation does not mention.
pub(super) fn require_currency(name: &str, value: &str) -> Result<(), ApiError> {
    require_one_of(name, value, &["USD", "USDC", "USDT", "WUSD"])
}

/// Rejects a value that is not allowed.
pub(super) fn require_one_of(name: &str, value: &str, allowed: &[&str]) -> Result<(), ApiError> {
    if allowed.contains(&value) {
        return Ok(());
    }
    let allowed = allowed.join(", ");
    Err(ApiError::field(format!("{name} must be one of {allowed}")))
}

/// The text of a JSON number or string. The pages show ids and codes in both types.
#[derive(Clone, Debug)]
pub(super) struct NumberOrString(pub(super) String);

impl<'de> Deserialize<'de> for NumberOrString {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // An untagged enum does not read numbers if `arbitrary_precision` is enabled.
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        let text = raw.get();
        if text.starts_with('"') {
            serde_json::from_str(text)
                .map(Self)
                .map_err(D::Error::custom)
        } else if text.starts_with(|first: char| first == '-' || first.is_ascii_digit()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(D::Error::custom("must be a number or a string"))
        }
    }
}

impl NumberOrString {
    /// Parses the value as the id of a record.
    pub(super) fn id(&self, name: &str) -> Result<i64, ApiError> {
        let id = self.0.parse();
        id.map_err(|_| ApiError::field(format!("{name} must be a whole number")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn number_or_string_accepts_both_types() {
        for (json, text) in [
            ("12", "12"),
            ("-3", "-3"),
            ("\"12\"", "12"),
            ("\"a\\nb\"", "a\nb"),
        ] {
            let read: NumberOrString = serde_json::from_str(json).unwrap();
            assert_eq!(read.0, text);
        }
        for json in ["true", "null", "[]", "{}"] {
            let read = serde_json::from_str::<NumberOrString>(json);
            assert!(read.is_err(), "{json}");
        }
    }
}
