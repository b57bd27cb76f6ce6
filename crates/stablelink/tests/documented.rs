//! The rustdoc of each operation names its page, its errors and its retries.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;
use std::path::Path;

/// A public function in a source file.
struct PublicFunction {
    docs: String,
    head: String,
    body: String,
}

fn functions(source: &str) -> Vec<PublicFunction> {
    let mut all = Vec::new();
    let mut docs = String::new();
    let lines: Vec<&str> = source.lines().collect();
    for (at, line) in lines.iter().enumerate() {
        let text = line.trim();
        if let Some(doc) = text.strip_prefix("///") {
            docs += doc;
        } else if text.starts_with("pub fn ") {
            let rest = lines[at..].join("\n");
            let end = rest.find("\n    }\n").unwrap_or(rest.len());
            let (head, body) = rest[..end].split_once('{').unwrap();
            all.push(PublicFunction {
                docs: std::mem::take(&mut docs),
                head: head.to_owned(),
                body: body.to_owned(),
            });
        } else if !text.starts_with("#[") {
            docs.clear();
        }
    }
    all
}

/// Returns whether the rustdoc names the source of the operation.
fn has_source(docs: &str) -> bool {
    ["Page: <https://", "**Inferred**", "No page of it was seen"]
        .iter()
        .any(|words| docs.contains(words))
}

/// The rustdoc of each operation agrees with the OpenAPI document.
#[test]
fn rustdoc_of_each_operation_names_page_errors_and_retries() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/resource");
    let mut checked = 0;
    for file in fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        for function in functions(&fs::read_to_string(&path).unwrap()) {
            let Some((_, operation)) = function.body.split_once("operations::") else {
                continue;
            };
            if !function.head.contains("-> Call<") {
                continue;
            }
            checked += 1;
            let name = operation.split(|c: char| !c.is_ascii_uppercase() && c != '_');
            let name = name.take(1).collect::<String>().to_lowercase();
            let docs = &function.docs;
            assert!(has_source(docs), "{name}: no page: {docs}");
            let (_, errors) = docs.split_once("# Errors").expect(&name);
            // Without the feature `provisional`, inferred operations have no entry.
            let Some(info) = stablelink::operations::find(&name) else {
                continue;
            };
            match info.retry {
                stablelink::operations::RetrySafety::Safe => {
                    assert!(errors.contains("It only reads"), "{name}: {errors}");
                }
                stablelink::operations::RetrySafety::Keyed { field } => {
                    assert!(errors.contains(&format!("`{field}`")), "{name}: {errors}");
                }
                stablelink::operations::RetrySafety::Never => {
                    assert!(docs.contains("never repeated"), "{name}: {docs}");
                    assert!(errors.contains("look for what it did"), "{name}: {errors}");
                }
                other => panic!("{name}: {other:?}"),
            }
        }
    }
    assert!(checked >= 36, "only {checked} operations found");
}
