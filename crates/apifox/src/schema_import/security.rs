//! Authentication: security schemes of a page, and headers that it repeats as parameters.

use crate::json::{JsonNode, JsonValue};
use crate::names::camel_case;
use crate::page::{ApiParameter, ParameterLocation, SecurityScheme};
use serde_json::{Value, json};

/// Headers with a key or a token, in lower case without `-`, `_` and `x-`.
const KEYS: &[&str] = &[
    "apikey",
    "accesskey",
    "accesstoken",
    "appkey",
    "authtoken",
    "token",
    "sessiontoken",
    "usertoken",
];
/// Headers with a signature.
const SIGNATURES: &[&str] = &["sign", "signature", "signstr", "signdata", "reqsign"];

fn bare(name: &str) -> String {
    let bare: String = name
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|c| c.to_ascii_lowercase())
        .collect();
    match bare.strip_prefix('x') {
        Some(rest) if name.len() > 2 && name.as_bytes().get(1) == Some(&b'-') => rest.to_owned(),
        _ => bare,
    }
}

/// Removes the authentication headers from the parameters, and adds them to each set of schemes.
pub(crate) fn take_headers(
    parameters: &mut Vec<ApiParameter>,
    sets: &mut Vec<Vec<SecurityScheme>>,
) {
    let is_header = |parameter: &ApiParameter, words: &[&str]| {
        parameter.place == ParameterLocation::Header
            && words.contains(&bare(&parameter.field.name).as_str())
    };
    let mut found = Vec::new();
    parameters.retain(|parameter| {
        let security = if is_header(parameter, &["authorization"]) {
            authorization(parameter)
        } else if is_header(parameter, KEYS) || is_header(parameter, SIGNATURES) {
            key(parameter)
        } else {
            return true;
        };
        found.push(security);
        false
    });
    if found.is_empty() {
        return;
    }
    if sets.is_empty() {
        sets.push(Vec::new());
    }
    for set in sets {
        for security in &found {
            let known = set
                .iter()
                .any(|known| same(&known.scheme, &security.scheme));
            if !known {
                set.push(security.clone());
            }
        }
    }
}

/// Returns whether two schemes are equal except for their descriptions.
pub(crate) fn same(one: &Value, other: &Value) -> bool {
    let lower = |value: &Value, word: &str| value[word].as_str().map(str::to_ascii_lowercase);
    ["type", "scheme", "in", "name"]
        .iter()
        .all(|word| lower(one, word) == lower(other, word))
        && one["flows"] == other["flows"]
}

fn authorization(parameter: &ApiParameter) -> SecurityScheme {
    let shown = |scheme: &str| {
        parameter.samples.iter().any(|sample| {
            sample
                .text
                .get(..scheme.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(scheme))
        })
    };
    let scheme = ["basic", "digest"]
        .into_iter()
        .find(|scheme| shown(scheme))
        .unwrap_or("bearer");
    described(
        scheme.to_owned(),
        json!({ "type": "http", "scheme": scheme }),
        parameter,
    )
}

fn key(parameter: &ApiParameter) -> SecurityScheme {
    let header = &parameter.field.name;
    // `X-API-Key` and `TIMESTAMP` are separated words; `accessToken` is camel case.
    let is_one_word =
        !header.contains(['-', '_']) && header.chars().any(|c| c.is_ascii_lowercase());
    let name = if is_one_word {
        camel_case(header)
    } else {
        camel_case(&header.to_ascii_lowercase())
    };
    described(
        name,
        json!({ "type": "apiKey", "in": "header", "name": header }),
        parameter,
    )
}

fn described(name: String, mut scheme: Value, parameter: &ApiParameter) -> SecurityScheme {
    if let Some(description) = &parameter.field.description {
        scheme["description"] = json!(description);
    }
    SecurityScheme {
        name,
        scheme,
        line: parameter.field.line,
    }
}

/// Converts a page's scheme to an OpenAPI 3.0 security scheme. Returns `None` if it is not a
/// scheme.
pub(crate) fn scheme(node: &JsonNode) -> Option<Value> {
    let word = |name: &str| node.text_of(name).map(str::to_ascii_lowercase);
    let kind = word("type")?;
    let named = word("scheme");
    let mut scheme = match (kind.as_str(), named.as_deref()) {
        ("http" | "bearer" | "jwt", Some("basic")) | ("basic", _) => {
            json!({ "type": "http", "scheme": "basic" })
        }
        ("http", Some("digest")) | ("digest", _) => json!({ "type": "http", "scheme": "digest" }),
        ("http" | "bearer" | "jwt" | "token", _) => json!({ "type": "http", "scheme": "bearer" }),
        ("apikey", _) => {
            // The settings of a page have one group per kind of scheme.
            let inner = node
                .get("apikey")
                .filter(|inner| inner.is_object())
                .unwrap_or(node);
            let name = inner
                .text_of("name")
                .or(inner.text_of("key"))
                .or(inner.text_of("keyName"))?;
            let place = inner
                .text_of("in")
                .or(inner.text_of("addTo"))
                .unwrap_or("header");
            let place = match place.to_ascii_lowercase().as_str() {
                "query" | "queryparams" => "query",
                "cookie" => "cookie",
                _ => "header",
            };
            json!({ "type": "apiKey", "in": place, "name": name })
        }
        ("oauth2", _) => match flows(node.get("flows")) {
            Some(flows) => json!({ "type": "oauth2", "flows": flows }),
            // Without a flow only the transport of the token is known.
            None => json!({ "type": "http", "scheme": "bearer" }),
        },
        ("openidconnect", _) => {
            let url = node.text_of("openIdConnectUrl")?;
            json!({ "type": "openIdConnect", "openIdConnectUrl": url })
        }
        _ => return None,
    };
    if scheme["scheme"] == "bearer"
        && let Some(format) = node.text_of("bearerFormat")
    {
        scheme["bearerFormat"] = json!(format);
    }
    if let Some(description) = node.text_of("description") {
        scheme["description"] = json!(description);
    }
    Some(scheme)
}

/// Returns the flows that have their required URLs.
fn flows(node: Option<&JsonNode>) -> Option<Value> {
    let mut flows = serde_json::Map::new();
    for member in node?.fields() {
        let needed: &[&str] = match member.name.as_str() {
            "implicit" => &["authorizationUrl"],
            "password" | "clientCredentials" => &["tokenUrl"],
            "authorizationCode" => &["authorizationUrl", "tokenUrl"],
            _ => continue,
        };
        let mut flow = serde_json::Map::new();
        for word in ["authorizationUrl", "tokenUrl", "refreshUrl"] {
            if let Some(url) = member.value.text_of(word) {
                flow.insert(word.to_owned(), json!(url));
            }
        }
        if needed.iter().any(|word| !flow.contains_key(*word)) {
            continue;
        }
        let scopes = member
            .value
            .get("scopes")
            .map(JsonNode::fields)
            .unwrap_or_default();
        let scopes: serde_json::Map<String, Value> = scopes
            .iter()
            .filter_map(|scope| match &scope.value.value {
                JsonValue::String(text) => Some((scope.name.clone(), json!(text))),
                _ => None,
            })
            .collect();
        flow.insert("scopes".to_owned(), Value::Object(scopes));
        flows.insert(member.name.clone(), Value::Object(flow));
    }
    (!flows.is_empty()).then_some(Value::Object(flows))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::{Budget, parse};
    use crate::page::{FieldSpec, SampleValue, SchemaSource};

    fn header(name: &str, sample: &str) -> ApiParameter {
        ApiParameter {
            place: ParameterLocation::Header,
            field: FieldSpec {
                name: name.to_owned(),
                ..FieldSpec::default()
            },
            samples: vec![SampleValue {
                line: 1,
                text: sample.to_owned(),
            }],
            schema: SchemaSource::Inferred,
            style: None,
            explode: None,
        }
    }

    #[test]
    fn authentication_headers_become_schemes() {
        for (headers, names, left) in [
            (&[("Authorization", "Bearer x")][..], "bearer", 0),
            (&[("authorization", "Basic x")], "basic", 0),
            (&[("X-API-Key", "x"), ("X-Shop", "x")], "xApiKey", 1),
            (&[("TIMESTAMP", "1"), ("SIGNATURE", "x")], "signature", 1),
            (&[("timestamp", "1"), ("nonce", "x")], "", 2),
            (&[("token", "x"), ("timestamp", "1")], "token", 1),
            (&[("X-Request-Id", "1")], "", 1),
        ] {
            let mut parameters: Vec<ApiParameter> = headers
                .iter()
                .map(|(name, sample)| header(name, sample))
                .collect();
            let mut sets = Vec::new();
            take_headers(&mut parameters, &mut sets);
            let found: Vec<&str> = sets
                .iter()
                .flatten()
                .map(|security| security.name.as_str())
                .collect();
            assert_eq!(
                (found.join(" ").as_str(), parameters.len()),
                (names, left),
                "{headers:?}"
            );
        }
    }

    #[test]
    fn schemes_of_pages_are_converted() {
        for (text, wanted) in [
            (
                r#"{"type":"bearer","scheme":"bearer"}"#,
                Some(r#"{"type":"http","scheme":"bearer"}"#),
            ),
            (
                r#"{"type":"jwt","bearerFormat":"JWT"}"#,
                Some(r#"{"type":"http","scheme":"bearer","bearerFormat":"JWT"}"#),
            ),
            (
                r#"{"type":"http","scheme":"Basic"}"#,
                Some(r#"{"type":"http","scheme":"basic"}"#),
            ),
            (
                r#"{"type":"apikey","apikey":{"key":"K","in":"query"}}"#,
                Some(r#"{"type":"apiKey","in":"query","name":"K"}"#),
            ),
            (r#"{"type":"apiKey"}"#, None),
            (
                r#"{"type":"oauth2","flows":{"password":{"tokenUrl":"/t"},"implicit":{}}}"#,
                Some(r#"{"type":"oauth2","flows":{"password":{"tokenUrl":"/t","scopes":{}}}}"#),
            ),
            (
                r#"{"type":"oauth2"}"#,
                Some(r#"{"type":"http","scheme":"bearer"}"#),
            ),
            (r#"{"type":"noauth"}"#, None),
            ("{}", None),
        ] {
            let node = parse(text, 1, 1, &mut Budget::default()).unwrap().node;
            assert_eq!(
                scheme(&node).map(|scheme| scheme.to_string()).as_deref(),
                wanted,
                "{text}"
            );
        }
    }
}
