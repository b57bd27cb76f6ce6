//! The fields of a call of an operation by its ID: they are checked, and become the path, the query and the body of the request.

use serde::Serialize;
use serde::de::DeserializeOwned;
use stablelink_api::operations::{
    FieldLocation, FieldType, OperationInfo, RequestEncoding, RequestField, RetrySafety,
};
use stablelink_api::scalars::{DecimalNumber, DecimalString, RawJson};
use url::form_urlencoded;

use super::Client;
use crate::call::{RawRequest, check_key};
use crate::error::Error;
use crate::raw_object::RawObject;

/// The fields of a request: names and JSON texts, in the order of the caller.
pub(super) struct OperationFields {
    operation: &'static OperationInfo,
    fields: Vec<(String, String)>,
}

impl OperationFields {
    /// Reads a JSON object. Fails if a field is missing, occurs twice, or does not have the type of the document.
    pub(super) fn parse(operation: &'static OperationInfo, json: &str) -> Result<Self, Error> {
        let object = RawObject::parse(json.as_bytes())
            .map_err(|_| Error::invalid("json", "is not a JSON object"))?;
        let mut fields: Vec<(String, String)> = Vec::new();
        for (name, value) in object.iter() {
            if fields.iter().any(|(other, _)| other == name) {
                return Err(Error::invalid(name.to_owned(), "occurs twice"));
            }
            let info = operation.fields.iter().find(|info| info.name == name);
            let value = match info.map(|info| info.value_type) {
                Some(FieldType::Decimal) if value != "null" => {
                    decimal::<DecimalNumber>(name, value)?
                }
                Some(FieldType::DecimalText) if value != "null" => {
                    decimal::<DecimalString>(name, value)?
                }
                _ => compact(value),
            };
            check_type(operation, info, name, &value)?;
            fields.push((name.to_owned(), value));
        }
        let request = Self { operation, fields };
        let key = match operation.retry {
            RetrySafety::Keyed { field } => Some(field),
            _ => None,
        };
        for info in operation.fields.iter().filter(|info| info.required) {
            if request.get(info.name).is_none() && Some(info.name) != key {
                let problem = format!("is missing: {} requires it", operation.operation_id);
                return Err(Error::invalid(info.name, problem));
            }
        }
        if let Some(key) = key.filter(|key| request.get(key).is_none()) {
            let problem = "is missing: it is the idempotency key, which you choose and keep";
            return Err(Error::invalid(key, problem));
        }
        Ok(request)
    }

    /// Returns the JSON text of a field that is not null.
    fn get(&self, name: &str) -> Option<&str> {
        let field = self.fields.iter().find(|(other, _)| other == name);
        field
            .map(|(_, value)| value.as_str())
            .filter(|value| *value != "null")
    }

    /// Returns a string without its quotation marks, and any other value as its JSON text.
    fn get_text(&self, name: &str) -> Option<String> {
        self.get(name).map(unquoted)
    }

    fn location(&self, name: &str) -> FieldLocation {
        match self.operation.fields.iter().find(|info| info.name == name) {
            Some(info) => info.location,
            None if self.operation.encoding == RequestEncoding::Query => FieldLocation::Query,
            None => FieldLocation::Body,
        }
    }

    pub(super) fn request(&self, client: &Client) -> Result<RawRequest, Error> {
        let operation = self.operation;
        if operation.encoding == RequestEncoding::Multipart {
            let problem = format!(
                "`{}` uploads a file, see `Client::files`",
                operation.operation_id
            );
            return Err(Error::invalid("operation", problem));
        }
        let method = operation
            .method
            .parse()
            .map_err(|_| Error::configuration("invalid method in the operation table"))?;
        let key = match operation.retry {
            RetrySafety::Keyed { field } => self.get_text(field),
            _ => None,
        };
        check_key(operation.retry, key.as_deref())?;
        let mut request = RawRequest::new(client, method, self.path()?).of_operation(
            operation,
            key,
            self.identity(),
        );
        let mut body = Vec::new();
        for (name, value) in &self.fields {
            match self.location(name) {
                FieldLocation::Query if value != "null" => {
                    for value in query_values(name, value)? {
                        request = request.query(name, value);
                    }
                }
                FieldLocation::Body => {
                    let name = serde_json::Value::from(name.as_str());
                    body.push(format!("{name}:{value}"));
                }
                _ => {}
            }
        }
        if operation.encoding == RequestEncoding::Json {
            request = request.body(format!("{{{}}}", body.join(",")));
        }
        Ok(request)
    }

    /// Returns the path with the values of its parameters, percent-encoded.
    fn path(&self) -> Result<String, Error> {
        let mut path = self.operation.path.to_owned();
        let fields = self.operation.fields.iter();
        for info in fields.filter(|info| info.location == FieldLocation::Path) {
            let value = self.get_text(info.name).unwrap_or_default();
            if value.is_empty() || matches!(value.as_str(), "." | "..") {
                return Err(Error::invalid(info.name, "cannot be a part of the path"));
            }
            let encoded: String = form_urlencoded::byte_serialize(value.as_bytes()).collect();
            path = path.replace(&format!("{{{}}}", info.name), &encoded.replace('+', "%20"));
        }
        Ok(path)
    }

    /// Returns the fields that identify the requested record. A keyed operation is identified by its key.
    fn identity(&self) -> Vec<(&'static str, String)> {
        if matches!(self.operation.retry, RetrySafety::Keyed { .. }) {
            return Vec::new();
        }
        let fields = self
            .operation
            .fields
            .iter()
            .filter(|info| is_identifier(info));
        fields
            .filter_map(|info| Some((info.name, self.get_text(info.name)?)))
            .collect()
    }
}

/// Returns whether a field identifies a record: a number, an ID, a currency or a network.
fn is_identifier(info: &RequestField) -> bool {
    let suffixes = ["No", "Id", "urrency"];
    suffixes.iter().any(|suffix| info.name.ends_with(suffix))
        || ["id", "network"].contains(&info.name)
}

/// Returns the parameters of a query for a value: one for each element of a list.
fn query_values(name: &str, value: &str) -> Result<Vec<String>, Error> {
    let list: Vec<RawJson> = match value.starts_with('[') {
        true => serde_json::from_str(value).unwrap_or_default(),
        false => return scalar(name, value).map(|value| vec![value]),
    };
    list.iter().map(|value| scalar(name, value.get())).collect()
}

fn scalar(name: &str, value: &str) -> Result<String, Error> {
    match value.starts_with(['{', '[']) {
        true => Err(Error::invalid(
            name.to_owned(),
            "cannot be a parameter of the query",
        )),
        false => Ok(unquoted(value)),
    }
}

/// Fails if the idempotency key is not a string, or if a field of the body does not have the type of the document. The values
/// of a query or a path are always sent as text.
fn check_type(
    operation: &OperationInfo,
    info: Option<&RequestField>,
    name: &str,
    value: &str,
) -> Result<(), Error> {
    let is_key = matches!(operation.retry, RetrySafety::Keyed { field } if field == name);
    let value_type = match info {
        _ if is_key => FieldType::Text,
        Some(info) if info.location == FieldLocation::Body => info.value_type,
        _ => return Ok(()),
    };
    let is_string = value.starts_with('"');
    let is_integer = || serde_json::from_str::<i128>(value).is_ok();
    let (is_valid, expected) = match value_type {
        _ if value == "null" => return Ok(()),
        FieldType::Text | FieldType::Date => (is_string, "a string"),
        FieldType::Integer => (is_integer(), "an integer"),
        FieldType::Boolean => (matches!(value, "true" | "false"), "a boolean"),
        FieldType::IntegerOrText => (is_string || is_integer(), "an integer or a string"),
        FieldType::TextList => {
            let is_list = serde_json::from_str::<Vec<String>>(value).is_ok();
            (is_list, "a list of strings")
        }
        _ => return Ok(()),
    };
    match is_valid {
        true => Ok(()),
        false => Err(Error::invalid(
            name.to_owned(),
            format!("must be {expected}"),
        )),
    }
}

fn unquoted(value: &str) -> String {
    serde_json::from_str(value).unwrap_or_else(|_| value.to_owned())
}

/// Returns an amount in the JSON form of this type.
fn decimal<T: DeserializeOwned + Serialize>(name: &str, value: &str) -> Result<String, Error> {
    let amount = serde_json::from_str::<T>(value).and_then(|amount| serde_json::to_string(&amount));
    amount.map_err(|error| Error::invalid(name.to_owned(), error.to_string()))
}

/// Removes the whitespace between the tokens of a JSON text: the gateway requires a body without whitespace.
fn compact(json: &str) -> String {
    let mut in_string = false;
    let mut is_escaped = false;
    let keep = |c: &char| {
        let within = in_string;
        match c {
            '"' if !is_escaped => in_string = !in_string,
            _ => {}
        }
        is_escaped = in_string && *c == '\\' && !is_escaped;
        within || !c.is_ascii_whitespace()
    };
    json.chars().filter(keep).collect()
}

#[cfg(test)]
mod tests {
    use stablelink_api::operations;

    use super::super::operation::find;
    use super::*;
    use crate::{Credentials, Environment};

    fn argument_of(error: &Error) -> String {
        match error.kind() {
            crate::ErrorKind::InvalidArgument { argument, .. } => argument.to_string(),
            other => panic!("{other:?}"),
        }
    }

    fn info(id: &str) -> &'static OperationInfo {
        find(id).unwrap()
    }

    #[test]
    fn missing_repeated_or_mistyped_field_is_named() {
        let order = r#""orderAmount":1,"customerId":"6","merchantId":"1","token":"ETH_USDT""#;
        for (operation, json, argument) in [
            ("createCheckoutOrder", format!("{{{order}}}"), "orderNo"),
            (
                "createCheckoutOrder",
                format!(r#"{{"orderNo":null,{order}}}"#),
                "orderNo",
            ),
            (
                "createCheckoutOrder",
                r#"{"orderNo":"7"}"#.to_owned(),
                "orderAmount",
            ),
            (
                "createCheckoutOrder",
                format!(r#"{{"orderNo":"7","orderNo":"8",{order}}}"#),
                "orderNo",
            ),
            (
                "createCheckoutOrder",
                r#"{"orderAmount":"a lot"}"#.to_owned(),
                "orderAmount",
            ),
            (
                "createSettlementOrder",
                r#"{"settlementOrderNo":{"a":1}}"#.to_owned(),
                "settlementOrderNo",
            ),
            (
                "createCheckoutOrder",
                format!(r#"{{"orderNo":7,{order}}}"#),
                "orderNo",
            ),
            (
                "createCheckoutOrder",
                format!(r#"{{"orderNo":"7","fiat":["USD"],{order}}}"#),
                "fiat",
            ),
            (
                "createCheckoutOrder",
                format!(r#"{{"orderNo":"7","expiredIn":"soon",{order}}}"#),
                "expiredIn",
            ),
            ("getCheckoutOrder", "{}".to_owned(), "orderNo"),
            ("getCheckoutOrder", "[]".to_owned(), "json"),
        ] {
            let error = OperationFields::parse(info(operation), &json)
                .err()
                .unwrap();
            assert_eq!(argument_of(&error), argument, "{json}");
        }
    }

    #[test]
    fn request_has_the_form_of_the_document() {
        let client = Client::builder()
            .environment(Environment::Sandbox)
            .credentials(Credentials::new("key", "secret", "sign"))
            .build()
            .unwrap();
        for (operation, json, path, query, body) in [
            (
                "getCheckoutOrder",
                r#"{"orderNo":"A 7","page":2,"tags":["a","b"],"none":null}"#,
                "/checkout/order/info",
                vec![
                    ("orderNo", "A 7"),
                    ("page", "2"),
                    ("tags", "a"),
                    ("tags", "b"),
                ],
                None,
            ),
            (
                "createSettlementOrder",
                r#"{"settlementOrderNo":"7","amount":1000.50,"new":[ {"b c": 1.10 } ]}"#,
                "/checkout/settlement/create",
                vec![],
                Some(r#"{"settlementOrderNo":"7","amount":"1000.50","new":[{"b c":1.10}]}"#),
            ),
            (
                "getExchangeRate",
                r#"{"sellCurrency":"USDT","amount":"358.790"}"#,
                "/trade/exchange-rate",
                vec![],
                Some(r#"{"sellCurrency":"USDT","amount":358.790}"#),
            ),
        ] {
            let fields = OperationFields::parse(info(operation), json).unwrap();
            let request = fields.request(&client).unwrap();
            assert_eq!(request.parts(), (path, query, body), "{operation}");
        }
        let nested = OperationFields::parse(info("getCheckoutOrder"), r#"{"orderNo":{"a":1}}"#);
        assert_eq!(
            argument_of(&nested.unwrap().request(&client).unwrap_err()),
            "orderNo"
        );
    }

    #[test]
    fn identity_is_the_requested_record() {
        let identity =
            |id: &str, json: &str| OperationFields::parse(info(id), json).unwrap().identity();
        let order = identity("getCheckoutOrder", r#"{"orderNo":7}"#);
        assert_eq!(order, [("orderNo", "7".to_owned())]);
        let rate = identity(
            "getExchangeRate",
            r#"{"sellCurrency":"USDT","amount":1,"x":2}"#,
        );
        assert_eq!(rate, [("sellCurrency", "USDT".to_owned())]);
        let keyed = r#"{"settlementOrderNo":"7","merchantId":"1"}"#;
        assert_eq!(identity("createSettlementOrder", keyed), []);
    }

    #[test]
    fn compact_keeps_the_whitespace_of_strings() {
        for (json, compacted) in [
            (
                " { \"a b\" : [ 1 , \"c \\\" d\" ] } ",
                r#"{"a b":[1,"c \" d"]}"#,
            ),
            (r#""\\" "#, r#""\\""#),
            ("1.50\n", "1.50"),
        ] {
            assert_eq!(compact(json), compacted);
        }
    }

    #[test]
    fn path_parameter_is_encoded() {
        let mut field = operations::GET_CHECKOUT_ORDER.fields[0];
        field.location = FieldLocation::Path;
        let mut operation = operations::GET_CHECKOUT_ORDER;
        operation.path = "/orders/{orderNo}/info";
        operation.fields = Box::leak(Box::new([field]));
        let operation: &'static OperationInfo = Box::leak(Box::new(operation));
        for (number, path) in [
            ("A 7", Some("/orders/A%207/info")),
            ("a/../b?c", Some("/orders/a%2F..%2Fb%3Fc/info")),
            ("..", None),
            ("", None),
        ] {
            let json = serde_json::json!({ "orderNo": number }).to_string();
            let fields = OperationFields::parse(operation, &json).unwrap();
            assert_eq!(fields.path().ok().as_deref(), path, "{number}");
        }
    }
}
