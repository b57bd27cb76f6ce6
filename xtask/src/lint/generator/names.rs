//! Names as the generator turns them into Rust.

use crate::lint::finding::Report;
use crate::openapi::Document;
use crate::openapi::child;
use crate::openapi::text;
use std::collections::HashMap;

/// A method is named by the operationId: it is there, and no other operation has it.
pub(super) fn operation_id(document: &Document, report: &mut Report) {
    let mut seen: HashMap<&str, &str> = HashMap::new();
    for operation in document
        .operations
        .iter()
        .filter(|operation| !operation.is_webhook())
    {
        match text(operation.value, "operationId") {
            None => report.add(
                &operation.pointer,
                "the operation has no operationId",
                "give it one in an overlay",
            ),
            Some(id) => {
                if let Some(first) = seen.insert(id, &operation.pointer) {
                    report.add(
                        &operation.pointer,
                        format!("the operationId `{id}` is taken by `{first}`"),
                        "give one of them another name",
                    );
                }
            }
        }
    }
}

/// Two operations must not become one method.
pub(super) fn operation_names(document: &Document, report: &mut Report) {
    let mut seen: HashMap<String, &str> = HashMap::new();
    for operation in document
        .operations
        .iter()
        .filter(|operation| !operation.is_webhook())
    {
        let Some(id) = text(operation.value, "operationId") else {
            continue;
        };
        let name = words(id).join("_").to_lowercase();
        match seen.insert(name.clone(), id) {
            Some(other) if other != id => {
                report.add(
                    &operation.pointer,
                    format!("the operations `{other}` and `{id}` both become `{name}`"),
                    "give one of them another name",
                );
            }
            _ => {}
        }
    }
}

/// Two components must not become one type.
pub(super) fn component_names(document: &Document, report: &mut Report) {
    let mut seen: HashMap<String, &str> = HashMap::new();
    for (component, _) in &document.components {
        let name: String = words(component).iter().map(|word| pascal(word)).collect();
        if let Some(other) = seen.insert(name.clone(), component) {
            let place = child("/components/schemas", component);
            report.add(
                &place,
                format!("the components `{other}` and `{component}` both become `{name}`"),
                "give one of them another name by `x-schema-name`",
            );
        }
    }
}

/// The words of a name: they begin at an upper-case letter after a lower-case one, at the last of several
/// upper-case ones, and after what is neither letter nor digit.
fn words(name: &str) -> Vec<String> {
    let letters: Vec<char> = name.chars().collect();
    let mut words: Vec<String> = vec![String::new()];
    for (index, letter) in letters.iter().enumerate() {
        if !letter.is_alphanumeric() {
            words.push(String::new());
            continue;
        }
        let before = index.checked_sub(1).and_then(|before| letters.get(before));
        let after = letters.get(index + 1);
        let begins = letter.is_uppercase()
            && before.is_some_and(|before| {
                !before.is_uppercase() || after.is_some_and(|after| after.is_lowercase())
            });
        if begins {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut() {
            word.push(*letter);
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

fn pascal(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or(String::new(), |first| {
        first
            .to_uppercase()
            .chain(letters.flat_map(char::to_lowercase))
            .collect()
    })
}

#[cfg(test)]
pub(in crate::lint::generator) mod tests {
    use super::words;
    use crate::lint::proof::{Case, GET};
    use serde_json::{Value, json};

    #[test]
    fn names_fall_into_words() {
        for (name, expected) in [
            ("getPrice", "get Price"),
            ("get_price", "get price"),
            ("getKYBInfo", "get KYB Info"),
            ("V2Order", "V2 Order"),
            ("__", ""),
            ("A", "A"),
        ] {
            assert_eq!(words(name).join(" "), expected, "{name}");
        }
    }

    /// The operation once more on another path, with another name.
    fn twin(id: Value) -> Vec<(String, Value)> {
        let mut operation = crate::lint::proof::good()
            .pointer(GET)
            .cloned()
            .unwrap_or_default();
        operation["operationId"] = id;
        vec![("/paths/~1twin".to_owned(), json!({"post": operation}))]
    }

    pub(in crate::lint::generator) fn cases() -> Vec<Case> {
        let component = |name: &str, count| {
            Case::owned(
                "component-names",
                count,
                vec![(
                    format!("/components/schemas/{name}"),
                    json!({"type": "string"}),
                )],
            )
        };
        vec![
            Case::new(
                "operation-id",
                1,
                vec![(&format!("{GET}/operationId"), json!(null))],
            ),
            Case::owned("operation-id", 1, twin(json!("getPrice"))),
            Case::owned("operation-names", 1, twin(json!("get_price"))),
            Case::owned("operation-names", 1, twin(json!("GetPrice"))),
            Case::owned("operation-names", 0, twin(json!("getPrices"))),
            component("price_line", 1),
            component("priceLine", 1),
            component("Priceline", 0),
        ]
    }
}
