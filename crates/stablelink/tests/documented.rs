//! What the docs of the operations must say.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;
use std::path::Path;

/// A public function of a file: its docs, and what it is declared as.
struct Function {
    docs: String,
    head: String,
    body: String,
}

fn functions(source: &str) -> Vec<Function> {
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
            all.push(Function {
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

/// Whether it is documented where it comes from.
fn has_source(docs: &str) -> bool {
    ["Page: <https://", "**Inferred**", "No page of it was seen"]
        .iter()
        .any(|words| docs.contains(words))
}

/// Each operation says where it comes from, its errors, and what its repeats are: as the document has it.
#[test]
fn each_operation_says_page_errors_and_repeats() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/resource");
    let mut seen = 0;
    for file in fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        for function in functions(&fs::read_to_string(&path).unwrap()) {
            let Some((_, operation)) = function.body.split_once("operations::") else {
                continue;
            };
            if !function.head.contains("-> Call<") {
                continue;
            }
            seen += 1;
            let name = operation.split(|c: char| !c.is_ascii_uppercase() && c != '_');
            let name = name.take(1).collect::<String>().to_lowercase();
            let docs = &function.docs;
            assert!(has_source(docs), "{name}: no page: {docs}");
            let (_, errors) = docs.split_once("# Errors").expect(&name);
            // Without the feature those that are inferred have no facts.
            let Some(facts) = stablelink::operations::find(&name) else {
                continue;
            };
            match facts.retry {
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
    assert!(seen >= 36, "{seen}: the docs were not found");
}
