use serde_json::{Map, Value, json};

use super::{PREFIX, Reader, members};
use crate::json::JsonNode;
use crate::message::quoted;

/// Returns the key of a reference: `#/components/schemas/Page%C2%ABOrder%C2%BB` → `Page«Order»`,
/// `#/definitions/12` → `12`.
pub(super) fn key(reference: &str) -> Option<String> {
    let reference = reference.trim();
    let rest = [PREFIX, "#/definitions/", "#/$defs/"]
        .iter()
        .find_map(|prefix| reference.strip_prefix(prefix))?;
    let key = percent_decoded(rest).replace("~1", "/").replace("~0", "~");
    (!key.is_empty()).then_some(key)
}

/// Decodes percent escapes. Invalid escapes, and escapes that are not UTF-8, are kept.
fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, behind @ ..] = rest {
        let digit = |at: usize| Some((*behind.get(at)? as char).to_digit(16)? as u8);
        match (first, digit(0), digit(1)) {
            (b'%', Some(high), Some(low)) => {
                bytes.push(high * 16 + low);
                rest = &behind[2..];
            }
            _ => {
                bytes.push(*first);
                rest = behind;
            }
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

impl Reader<'_> {
    /// Imports a schema that is a reference, with its sibling keywords.
    pub(super) fn refer(&mut self, node: &JsonNode, reference: &str) -> Map<String, Value> {
        let nullable = node.says("nullable");
        let target = self.target(reference, node.line);
        let description = self.description(node);
        let mut schema = match target {
            Some(name) if !nullable && description.is_none() => {
                return members([("$ref", json!(format!("{PREFIX}{name}")))]);
            }
            Some(name) => members([("allOf", json!([{ "$ref": format!("{PREFIX}{name}") }]))]),
            None => Map::new(),
        };
        if nullable {
            schema.insert("nullable".to_owned(), json!(true));
        }
        if let Some(description) = description {
            schema.insert("description".to_owned(), json!(description));
        }
        schema
    }

    /// Returns the name of the target.
    fn target(&mut self, reference: &str, line: u32) -> Option<String> {
        let Some(key) = key(reference) else {
            self.warn(
                line,
                format!(
                    "the reference {} leads out of the page; any value is accepted",
                    quoted(reference)
                ),
                "define the schema in an overlay",
            );
            return None;
        };
        let lookup = self.lookup;
        let Some(named) = lookup.find(&key) else {
            self.missing(&key, line);
            return None;
        };
        if self.met.insert(key.clone()) {
            self.used.push(key);
        }
        Some(named.name.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reference_keys_are_decoded() {
        for (reference, wanted) in [
            ("#/components/schemas/Order", Some("Order")),
            (
                "#/components/schemas/Page%C2%ABOrder%C2%BB",
                Some("Page«Order»"),
            ),
            ("#/components/schemas/Page«Order»", Some("Page«Order»")),
            ("#/components/schemas/a%2Fb~1c~0d", Some("a/b/c~d")),
            ("#/components/schemas/100%25", Some("100%")),
            ("#/components/schemas/50%", Some("50%")),
            ("#/components/schemas/%FF", Some("%FF")),
            ("#/definitions/12", Some("12")),
            ("#/components/schemas/", None),
            ("other.json#/Order", None),
            ("#/paths/x", None),
        ] {
            assert_eq!(key(reference).as_deref(), wanted, "{reference}");
        }
    }
}
