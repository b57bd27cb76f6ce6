//! How the rules are proved: a document that passes them all, and for each rule documents that fail it.

use super::Finding;
use serde_json::{Value, json};

/// The component of the good document that most cases change.
pub(super) const PRICE: &str = "/components/schemas/Price";
/// Its operation.
pub(super) const GET: &str = "/paths/~1price/post";
/// Its webhook.
pub(super) const HOOK: &str = "/x-webhooks/orderChanged/post";

/// Changes to the good document, and how often the rule must then be broken.
pub(super) struct Case {
    pub(super) rule: &'static str,
    pub(super) count: usize,
    edits: Vec<(String, Value)>,
    also: &'static [&'static str],
}

impl Case {
    pub(super) fn new(rule: &'static str, count: usize, edits: Vec<(&str, Value)>) -> Self {
        Self::owned(
            rule,
            count,
            edits
                .into_iter()
                .map(|(pointer, value)| (pointer.to_owned(), value))
                .collect(),
        )
    }

    pub(super) fn owned(rule: &'static str, count: usize, edits: Vec<(String, Value)>) -> Self {
        Self {
            rule,
            count,
            edits,
            also: &[],
        }
    }

    /// Other rules that the same document may break.
    pub(super) fn also(mut self, rules: &'static [&'static str]) -> Self {
        self.also = rules;
        self
    }
}

/// A small document that breaks no rule of either group.
pub(super) fn good() -> Value {
    let answers = json!({
        "200": {"description": "d", "content": {"application/json": {
            "schema": {"$ref": "#/components/schemas/PriceEnvelope"},
            "examples": {"p1": {"value": {"retcode": "200", "retdata": {"price": "1.10", "lines": null}}}}
        }}},
        "4XX": {"description": "d", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorEnvelope"}}}},
        "5XX": {"description": "d", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorEnvelope"}}}}
    });
    let inferred = json!({"level": "inferred", "source": "FACTS"});
    let mut operation = json!({
        "operationId": "getPrice",
        "summary": "s", "description": "d", "tags": ["Trade"],
        "externalDocs": {"url": "https://docs.example/p1"},
        "x-apifox-pages": ["p1"], "x-apifox-at": "p1-price.txt:9",
        "x-evidence": {"level": "documented", "pages": ["p1"]},
        "x-retry": {"policy": "safe", "reason": "it changes nothing"},
        "parameters": [
            {"name": "kind", "in": "query", "required": true, "schema": {"type": "string", "enum": ["spot"]}, "x-apifox-at": "p1-price.txt:12"}
        ],
        "requestBody": {"required": true, "content": {"application/json": {
            "schema": {"$ref": "#/components/schemas/PriceRequest"},
            "examples": {"p1": {"value": {"amount": 1.5, "requestId": "a", "merchant": "m"}}}
        }}}
    });
    set(&mut operation, "/responses", answers);
    json!({
        "openapi": "3.0.3",
        "info": {"title": "t", "version": "1"},
        "servers": [{"url": "https://api.example"}],
        "security": [{"bearer": []}],
        "tags": [{"name": "Trade"}],
        "paths": {"/price": {"post": operation}},
        "x-webhooks": {"orderChanged": {"post": {
            "operationId": "receiveOrderChanged",
            "summary": "s", "description": "d", "tags": ["Trade"],
            "security": [],
            "x-apifox-pages": ["w1"],
            "x-evidence": {"level": "partial", "pages": ["w1"], "note": "no address of its page is known"},
            "x-retry": {"policy": "never", "reason": "the gateway calls"},
            "requestBody": {"required": true, "content": {"application/json": {
                "schema": {"$ref": "#/components/schemas/OrderChanged"},
                "examples": {"w1": {"value": {"status": "PAID", "total": "5"}}}
            }}},
            "responses": {"200": {"description": "d", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Receipt"}}}}}
        }}},
        "components": {
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
            "schemas": {
                "PriceRequest": {
                    "type": "object", "description": "d", "x-apifox-at": "p1-price.txt:20", "x-apifox-pages": ["p1"],
                    "required": ["amount"],
                    "properties": {
                        "amount": {"type": "number", "format": "decimal", "x-money": "number", "x-apifox-at": "p1-price.txt:21"},
                        "requestId": {"type": "string", "x-apifox-at": "p1-price.txt:22"},
                        "merchant": {"type": "string", "x-apifox-at": "p1-price.txt:23"}
                    }
                },
                "PriceEnvelope": {
                    "type": "object", "description": "d", "x-apifox-at": "p1-price.txt:30", "x-apifox-pages": ["p1"],
                    "required": ["retcode"],
                    "properties": {
                        "retcode": {"$ref": "#/components/schemas/Retcode"},
                        "retdata": {"$ref": "#/components/schemas/Price"}
                    }
                },
                "Price": {
                    "type": "object", "description": "d", "x-apifox-at": "p1-price.txt:32", "x-apifox-pages": ["p1"],
                    "properties": {
                        "price": {"type": "string", "format": "decimal", "x-money": "string", "x-apifox-at": "p1-price.txt:33"},
                        "note": {"type": "string", "x-apifox-at": "p1-price.txt:34"},
                        "lines": {"type": "array", "nullable": true, "items": {"$ref": "#/components/schemas/PriceLine"}, "x-apifox-at": "p1-price.txt:35"}
                    }
                },
                "PriceLine": {
                    "type": "object", "description": "d", "x-apifox-at": "p1-price.txt:36",
                    "properties": {"validUntil": {"type": "string", "format": "date-time-local", "x-apifox-at": "p1-price.txt:37"}}
                },
                "Retcode": {"description": "d", "x-evidence": inferred, "oneOf": [{"type": "integer", "format": "int64"}, {"type": "string"}]},
                "ErrorEnvelope": {
                    "type": "object", "description": "d", "x-evidence": inferred,
                    "properties": {"retcode": {"$ref": "#/components/schemas/Retcode"}}
                },
                "OrderChanged": {
                    "type": "object", "description": "d", "x-apifox-at": "w1.txt:5",
                    "properties": {
                        "status": {"$ref": "#/components/schemas/OrderStatus"},
                        "total": {"type": "string", "x-apifox-at": "w1.txt:7"}
                    }
                },
                "OrderStatus": {"type": "string", "description": "d", "x-evidence": inferred, "x-extensible-enum": ["PAYING", "PAID"]},
                "Receipt": {
                    "type": "object", "description": "d", "x-evidence": inferred,
                    "required": ["retcode"], "properties": {"retcode": {"type": "integer", "format": "int64"}}
                }
            }
        }
    })
}

/// Sets the member at a pointer; null takes it out. What is above it must be there.
fn set(document: &mut Value, pointer: &str, value: Value) {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let name = name.replace("~1", "/").replace("~0", "~");
    match document
        .pointer_mut(parent)
        .unwrap_or_else(|| panic!("{parent} is not there"))
    {
        Value::Object(members) if value.is_null() => {
            members
                .shift_remove(&name)
                .unwrap_or_else(|| panic!("{pointer} is not there"));
        }
        Value::Object(members) => {
            members.insert(name, value);
        }
        Value::Array(list) if name == "-" => list.push(value),
        other => panic!("{parent} is {other}"),
    }
}

/// Runs the cases of one file of rules: each case breaks its rule as often as it has_text, and no other
/// rule than it has_text. Gives all messages, for a snapshot.
pub(super) fn prove(lint: fn(&Value) -> Vec<Finding>, cases: &[Case]) -> String {
    assert_eq!(
        lint(&good())
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>(),
        Vec::<String>::new()
    );
    let mut shown = String::new();
    let mut wrong = String::new();
    for case in cases {
        let mut document = good();
        for (pointer, value) in &case.edits {
            set(&mut document, pointer, value.clone());
        }
        let findings = lint(&document);
        let of_rule: Vec<&Finding> = findings
            .iter()
            .filter(|finding| finding.rule == case.rule)
            .collect();
        let others = findings
            .iter()
            .any(|finding| finding.rule != case.rule && !case.also.contains(&finding.rule));
        if of_rule.len() != case.count || others {
            let edits: Vec<String> = case
                .edits
                .iter()
                .map(|(pointer, value)| format!("{pointer} = {value}\n"))
                .collect();
            let text: Vec<String> = findings
                .iter()
                .map(|finding| format!("    {finding}\n"))
                .collect();
            wrong.push_str(&format!(
                "{} {}\n{}{}\n",
                case.rule,
                case.count,
                edits.concat(),
                text.concat()
            ));
        }
        for finding in of_rule {
            let line = format!("{finding}\n");
            if !shown.contains(&line) {
                shown.push_str(&line);
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    shown
}
