//! What every operation has: texts, a page, security, a good answer and error answers.

use crate::lint::finding::Report;
use crate::openapi::{Document, Operation, content};
use crate::openapi::{PAGE_SECURITY, child};
use crate::openapi::{has_text, members, strings, text};
use serde_json::Value;
use std::collections::HashSet;

/// Summary, description, and a tag that the document declares.
pub(super) fn texts(document: &Document, report: &mut Report) {
    let tags = document
        .root
        .get("tags")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    let declared: HashSet<&str> = tags.filter_map(|tag| text(tag, "name")).collect();
    for operation in &document.operations {
        for name in ["summary", "description"] {
            if !has_text(operation.value, name) {
                report.add(
                    &operation.pointer,
                    format!("the operation has no {name}"),
                    "give it one in an overlay",
                );
            }
        }
        let own: Vec<&str> = strings(operation.value.get("tags")).collect();
        if own.is_empty() {
            report.add(
                &operation.pointer,
                "the operation has no tag",
                "give it the tag of its section in an overlay",
            );
        }
        for tag in own.into_iter().filter(|tag| !declared.contains(tag)) {
            report.add(
                &operation.pointer,
                format!("the document declares no tag `{tag}`"),
                "declare it under `tags`, or correct it",
            );
        }
    }
}

/// A link to its page, or a note that has_text why there is none.
pub(super) fn page(document: &Document, report: &mut Report) {
    for operation in &document.operations {
        let linked = operation
            .value
            .get("externalDocs")
            .is_some_and(|docs| has_text(docs, "url"));
        let noted = operation
            .value
            .get("x-evidence")
            .is_some_and(|evidence| has_text(evidence, "note"));
        if !linked && !noted {
            report.add(&operation.pointer, "the operation names no page", "give it `externalDocs.url`, or a note in `x-evidence` that has_text that no page was seen");
        }
    }
}

/// Security is said, here or for the whole document, names schemes that exist, and has what the page asks
/// for, unless the operation itself has_text otherwise.
pub(super) fn security(document: &Document, report: &mut Report) {
    let schemes: HashSet<&str> = members(document.root.pointer("/components/securitySchemes"))
        .map(|(name, _)| name)
        .collect();
    for operation in &document.operations {
        let Some(security) = operation
            .value
            .get("security")
            .or(document.root.get("security"))
            .and_then(Value::as_array)
        else {
            report.add(
                &operation.pointer,
                "nothing has_text which security the operation needs",
                "write `security` here or for the document; `[]` means none",
            );
            continue;
        };
        for name in security
            .iter()
            .flat_map(|needed| members(Some(needed)))
            .map(|(name, _)| name)
        {
            if !schemes.contains(name) {
                report.add(
                    &operation.pointer,
                    format!("there is no security scheme `{name}`"),
                    "add it to `components.securitySchemes`, or correct the name",
                );
            }
        }
        if operation.value.get("security").is_none() {
            unheard(document, operation, security, report);
        }
    }
}

/// The page asks for schemes that the operation does not ask for.
fn unheard(document: &Document, operation: &Operation, security: &[Value], report: &mut Report) {
    let of_page = operation.value.get(PAGE_SECURITY).and_then(Value::as_array);
    let schemes = document.root.pointer("/components/securitySchemes");
    let asked: Vec<Vec<&Value>> = security
        .iter()
        .map(|set| {
            members(Some(set))
                .filter_map(|(name, _)| schemes?.get(name))
                .collect()
        })
        .collect();
    let is_heard = |set: &Value| {
        asked.iter().any(|asked| {
            members(Some(set)).all(|(_, scheme)| asked.iter().any(|other| is_same(scheme, other)))
        })
    };
    let sets = of_page.map(Vec::as_slice).unwrap_or_default();
    if let Some(first) = sets.first()
        && !sets.iter().any(is_heard)
    {
        let names: Vec<String> = members(Some(first))
            .map(|(name, _)| format!("`{name}`"))
            .collect();
        report.add(
            &operation.pointer,
            format!(
                "the page asks for {}, and the document for something else",
                names.join(" and ")
            ),
            "see what the call needs, and give the operation its `security` in an overlay",
        );
    }
}

/// Whether two schemes prove the same in the same place.
fn is_same(one: &Value, other: &Value) -> bool {
    let word = |scheme: &Value, name| text(scheme, name).map(str::to_ascii_lowercase);
    ["type", "scheme", "in", "name"]
        .iter()
        .all(|name| word(one, name) == word(other, name))
}

/// A 200 answer with a schema.
pub(super) fn success(document: &Document, report: &mut Report) {
    for operation in &document.operations {
        let answers = document.responses(operation);
        let Some((_, answer)) = answers.iter().find(|(status, _)| *status == "200") else {
            report.add(
                &operation.pointer,
                "the operation has no answer 200",
                "add it in an overlay, from the page or with evidence",
            );
            continue;
        };
        let content = content(answer);
        if content.is_empty()
            || content
                .iter()
                .any(|(_, media)| media.value.get("schema").is_none())
        {
            report.add(
                &answer.pointer,
                "the answer 200 has no schema",
                "give it the component of the envelope in an overlay",
            );
        }
    }
}

/// Answers 4XX and 5XX, all of one component. The gateway does not describe errors of a webhook's
/// receiver: those need none.
pub(super) fn errors(document: &Document, report: &mut Report) {
    let mut first: Option<&str> = None;
    for operation in document
        .operations
        .iter()
        .filter(|operation| !operation.is_webhook())
    {
        let answers = document.responses(operation);
        for wanted in ["4XX", "5XX"] {
            if !answers.iter().any(|(status, _)| *status == wanted) {
                report.add(
                    &operation.pointer,
                    format!("the operation has no answer {wanted}"),
                    "add it in an overlay, with the error component",
                );
            }
        }
        for (status, answer) in answers
            .iter()
            .filter(|(status, _)| status.starts_with(['4', '5']) || *status == "default")
        {
            let content = content(answer);
            if content.is_empty() {
                report.add(
                    &answer.pointer,
                    format!("the answer {status} has no schema"),
                    "give it the error component",
                );
            }
            for (_, media) in content {
                let place = child(&media.pointer, "schema");
                match media
                    .value
                    .get("schema")
                    .and_then(|schema| text(schema, "$ref"))
                {
                    None => report.add(
                        &place,
                        format!("the answer {status} is no reference to a component"),
                        "refer to the error component",
                    ),
                    Some(reference) => {
                        let expected = *first.get_or_insert(reference);
                        if reference != expected {
                            report.add(
                                &place,
                                format!(
                                    "the answer {status} is `{reference}`, others are `{expected}`"
                                ),
                                "use one error component in all operations",
                            );
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
pub(in crate::lint::house) mod tests {
    use crate::lint::proof::{Case, GET, HOOK};
    use crate::openapi::PAGE_SECURITY;
    use serde_json::json;

    pub(in crate::lint::house) fn cases() -> Vec<Case> {
        let at = |name: &str| format!("{GET}/{name}");
        let schema = |status: &str| {
            at(&format!(
                "responses/{status}/content/application~1json/schema"
            ))
        };
        vec![
            Case::new(
                "operation-texts",
                2,
                vec![
                    (&at("summary"), json!(null)),
                    (&at("description"), json!(" ")),
                ],
            ),
            Case::new("operation-texts", 1, vec![(&at("tags"), json!([]))]),
            Case::new("operation-texts", 1, vec![(&at("tags"), json!(["Else"]))]),
            Case::new(
                "operation-texts",
                1,
                vec![(&format!("{HOOK}/summary"), json!(null))],
            ),
            Case::new(
                "operation-page",
                1,
                vec![(&at("externalDocs"), json!(null))],
            ),
            Case::new(
                "operation-page",
                1,
                vec![(&format!("{HOOK}/x-evidence/note"), json!(null))],
            ),
            Case::new("operation-security", 1, vec![("/security", json!(null))]),
            Case::new(
                "operation-security",
                1,
                vec![(&at("security"), json!([{"signature": []}]))],
            ),
            Case::new(
                "operation-security",
                1,
                vec![(
                    &at(PAGE_SECURITY),
                    json!([{"key": {"type": "apiKey", "in": "header", "name": "K"}}]),
                )],
            ),
            Case::new(
                "operation-security",
                0,
                vec![(
                    &at(PAGE_SECURITY),
                    json!([{"key": {"type": "apiKey"}}, {"token": {"type": "http", "scheme": "Bearer"}}]),
                )],
            ),
            Case::new(
                "operation-security",
                0,
                vec![
                    (&at("security"), json!([])),
                    (&at(PAGE_SECURITY), json!([{"key": {"type": "apiKey"}}])),
                ],
            ),
            Case::new(
                "success-answer",
                1,
                vec![(&at("responses/200"), json!(null))],
            )
            .also(&["unused-component"]),
            Case::new("success-answer", 1, vec![(&schema("200"), json!(null))])
                .also(&["unused-component", "named-body"]),
            Case::new(
                "success-answer",
                1,
                vec![(&format!("{HOOK}/responses/200/content"), json!(null))],
            )
            .also(&["unused-component"]),
            Case::new(
                "error-answer",
                2,
                vec![
                    (&at("responses/4XX"), json!(null)),
                    (&at("responses/5XX"), json!(null)),
                ],
            )
            .also(&["unused-component"]),
            Case::new(
                "error-answer",
                1,
                vec![(&at("responses/4XX/content"), json!(null))],
            ),
            Case::new(
                "error-answer",
                1,
                vec![(&schema("4XX"), json!({"type": "string"}))],
            )
            .also(&["named-body"]),
            Case::new(
                "error-answer",
                1,
                vec![(
                    &schema("5XX"),
                    json!({"$ref": "#/components/schemas/Receipt"}),
                )],
            ),
        ]
    }
}
