//! Reads what a request carries.

use std::collections::HashMap;
use std::sync::{Arc, MutexGuard};

use axum::extract::{FromRequestParts, Query};
use http::request::Parts;
use rust_decimal::Decimal;
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::auth::Caller;
use crate::refusal::Refusal;
use crate::state::{Arrival, Books, Gateway};

/// A call that may be made: who makes it, and what it carries.
pub(crate) struct Call {
    pub(crate) gateway: Arc<Gateway>,
    pub(crate) client: usize,
    arrival: Arrival,
    query: HashMap<String, String>,
}

impl FromRequestParts<Arc<Gateway>> for Call {
    type Rejection = Refusal;

    async fn from_request_parts(
        parts: &mut Parts,
        gateway: &Arc<Gateway>,
    ) -> Result<Self, Refusal> {
        let query = Query::<HashMap<String, String>>::try_from_uri(&parts.uri)
            .map_err(|error| Refusal::field(format!("the query can't be read: {error}")))?;
        let caller = parts.extensions.get::<Caller>().copied();
        let arrival = parts.extensions.get::<Arrival>().cloned();
        let (Some(caller), Some(arrival)) = (caller, arrival) else {
            return Err(Refusal::internal(&"a call was let in without a check"));
        };
        Ok(Self {
            gateway: Arc::clone(gateway),
            client: caller.client,
            arrival,
            query: query.0,
        })
    }
}

impl Call {
    /// The JSON of the body. The refusal of another body names the member.
    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T, Refusal> {
        let mut deserializer = serde_json::Deserializer::from_slice(&self.arrival.body);
        let read = serde_path_to_error::deserialize(&mut deserializer);
        let value = read.map_err(|error| {
            let path = error.path().to_string();
            Refusal::field(format!("{path}: {}", error.inner()))
        })?;
        deserializer
            .end()
            .map_err(|error| Refusal::field(format!("body: {error}")))?;
        Ok(value)
    }

    /// A parameter of the query that is needed.
    pub(crate) fn parameter(&self, name: &str) -> Result<&str, Refusal> {
        self.optional(name)
            .ok_or_else(|| Refusal::missing_field(name))
    }

    /// A parameter of the query that is the id of a record.
    pub(crate) fn id(&self, name: &str) -> Result<i64, Refusal> {
        let text = self.parameter(name)?;
        text.parse()
            .map_err(|_| Refusal::field(format!("{name} must be a number")))
    }

    /// A parameter of the query; an empty one counts as none.
    pub(crate) fn optional(&self, name: &str) -> Option<&str> {
        let value = self.query.get(name).map(String::as_str);
        value.filter(|value| !value.is_empty())
    }

    /// The records of the caller.
    pub(crate) fn books(&self) -> MutexGuard<'_, Books> {
        self.gateway.books(self.client)
    }

    /// Milliseconds since the epoch.
    pub(crate) fn now(&self) -> i64 {
        self.gateway.clock.now_millis()
    }

    /// The bytes of the body.
    pub(crate) const fn body(&self) -> &axum::body::Bytes {
        &self.arrival.body
    }
}

/// Refuses an empty text.
pub(crate) fn filled<'a>(name: &str, text: &'a str) -> Result<&'a str, Refusal> {
    if text.is_empty() {
        Err(Refusal::missing_field(name))
    } else {
        Ok(text)
    }
}

/// Refuses an amount that is zero or less.
pub(crate) fn positive(name: &str, amount: Decimal) -> Result<Decimal, Refusal> {
    if amount > Decimal::ZERO {
        Ok(amount)
    } else {
        Err(Refusal::field(format!("{name} must be greater than 0")))
    }
}

/// Refuses a currency that the pages don't show.
pub(crate) fn currency(name: &str, value: &str) -> Result<(), Refusal> {
    one_of(name, value, &["USD", "USDC", "USDT", "WUSD"])
}

/// Refuses a token that checkout does not have.
pub(crate) fn checkout_token(value: &str) -> Result<(), Refusal> {
    let tokens = [
        "ETH_USDT", "ETH_USDC", "ETH_WUSD", "TRX_USDT", "TRX_USDC", "SOL_USDT", "SOL_USDC",
    ];
    one_of("token", value, &tokens)
}

fn one_of(name: &str, value: &str, allowed: &[&str]) -> Result<(), Refusal> {
    if allowed.contains(&value) {
        Ok(())
    } else {
        let allowed = allowed.join(", ");
        Err(Refusal::field(format!("{name} must be one of {allowed}")))
    }
}

/// A JSON number or string, as the text that it holds: the pages write ids and codes both ways.
#[derive(Clone, Debug)]
pub(crate) struct NumberOrText(pub(crate) String);

impl<'de> Deserialize<'de> for NumberOrText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Not an untagged enum: with `arbitrary_precision` those read no numbers.
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        let text = raw.get();
        if text.starts_with('"') {
            let text = serde_json::from_str(text).map_err(D::Error::custom)?;
            Ok(Self(text))
        } else if text.starts_with(|first: char| first == '-' || first.is_ascii_digit()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(D::Error::custom("must be a number or a text"))
        }
    }
}

impl NumberOrText {
    /// It as the id of a record.
    pub(crate) fn id(&self, name: &str) -> Result<i64, Refusal> {
        let id = self.0.parse();
        id.map_err(|_| Refusal::field(format!("{name} must be a whole number")))
    }
}

/// Refuses an idempotency key that is empty or too long.
pub(crate) fn request_id(text: &str) -> Result<(), Refusal> {
    filled("requestId", text)?;
    if text.chars().count() > 64 {
        return Err(Refusal::field("requestId must have at most 64 characters"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_numbers_and_texts() {
        for (json, text) in [
            ("12", "12"),
            ("-3", "-3"),
            ("\"12\"", "12"),
            ("\"a\\nb\"", "a\nb"),
        ] {
            let read: NumberOrText = serde_json::from_str(json).unwrap();
            assert_eq!(read.0, text);
        }
        for json in ["true", "null", "[]", "{}"] {
            assert!(
                serde_json::from_str::<NumberOrText>(json).is_err(),
                "{json}"
            );
        }
    }
}
