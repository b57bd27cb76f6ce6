//! Prism: a server that is made of the document alone, and answers from its examples.

use reqwest::{Method, RequestBuilder};
use serde_json::Value;

use crate::job::running::Running;
use crate::job::{Job, read as read_file, stop::Stop};
use crate::loopback::{Answer, Loopback};
use crate::openapi::{self, Operation};

use super::installed::node;
use super::request::{self, Sample};
use super::said::Said;

/// What parts a form from the next; no value here holds it.
const BOUNDARY: &str = "part-of-the-survey";

/// Starts Prism on `document` and calls every operation. What is no success, or not one of the examples of the document
/// where it has some, is a warning.
pub(super) fn read(job: &mut Job<'_>, document: &str) -> Result<Said, Stop> {
    let parsed: Value = serde_json::from_str(&read_file(job.root, document)?)
        .map_err(|error| Stop(format!("{document}: {error}")))?;
    let call = node("@stoplight/prism-cli/dist/index.js")
        // With `--errors` a request that the document does not allow is refused.
        .args(["mock", "--errors", "--host", "127.0.0.1", "--port", "0"])
        .args([document]);
    writeln!(job.out, "$ {call}")?;
    let process = Running::start(&call, job.root)?;
    let address = loop {
        let line = process.line()?;
        if let Some((_, address)) = line.split_once("listening on ") {
            break address.trim().to_owned();
        }
    };
    let client = Loopback::new()?;
    let mut said = Said::default();
    let mut calls = 0;
    for operation in openapi::operations(&parsed) {
        if operation.section == "paths" {
            let request = built(&client, &address, &parsed, &operation)?;
            let answer = client.send(request)?;
            if let Err(why) = check(&operation, &answer) {
                let id = &operation.value["operationId"];
                said.warnings.push(format!("{id}: {why}"));
            }
            calls += 1;
        }
    }
    writeln!(job.out, "  {calls} operations called")?;
    Ok(said)
}

fn built(
    client: &Loopback,
    address: &str,
    document: &Value,
    operation: &Operation<'_>,
) -> Result<RequestBuilder, Stop> {
    let Sample {
        query,
        headers,
        body,
    } = request::sample(document, operation);
    let method = Method::from_bytes(operation.method.to_uppercase().as_bytes())
        .map_err(|error| Stop(error.to_string()))?;
    let url = reqwest::Url::parse_with_params(&format!("{address}{}", operation.path), query)
        .map_err(|error| Stop(error.to_string()))?;
    let mut request = client.request(method, url.as_str());
    for (name, value) in headers {
        request = request.header(name, value);
    }
    Ok(match body {
        None => request,
        Some((media, body)) if media == "multipart/form-data" => request
            .header("Content-Type", format!("{media}; boundary={BOUNDARY}"))
            .body(form(&body)),
        Some((media, body)) => request.header("Content-Type", media).body(body.to_string()),
    })
}

/// Each member as a part.
fn form(body: &Value) -> String {
    let mut text = String::new();
    for (name, value) in body.as_object().into_iter().flatten() {
        let value = value.as_str().unwrap_or_default();
        text.push_str(&format!(
            "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"a.txt\"\r\nContent-Type: text/plain\r\n\r\n{value}\r\n"
        ));
    }
    text + &format!("--{BOUNDARY}--\r\n")
}

fn check(operation: &Operation<'_>, answer: &Answer) -> Result<(), String> {
    let told = || format!("HTTP {}: {}", answer.status, answer.text);
    if answer.status != 200 {
        return Err(told());
    }
    let body: Value =
        serde_json::from_str(&answer.text).map_err(|error| format!("{error}: {}", told()))?;
    let content = &operation.value["responses"]["200"]["content"]["application/json"];
    let mut examples = request::examples(content).peekable();
    if examples.peek().is_some() {
        return match examples.any(|example| *example == body) {
            true => Ok(()),
            false => Err(format!("none of the examples: {}", answer.text)),
        };
    }
    let retcode = &body["retcode"];
    match retcode == 200 || retcode == "200" {
        true => Ok(()),
        false => Err(format!("not a success, says retcode {retcode}")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_answer_is_an_example_or_else_a_success() {
        let with = json!({"responses": {"200": {"content": {"application/json": {
            "examples": {"1e0": {"value": {"retcode": "200", "retdata": 2.5}}}
        }}}}});
        let without = json!({"responses": {}});
        for (operation, status, text, passes) in [
            (&with, 200, r#"{"retdata": 2.5, "retcode": "200"}"#, true),
            (&with, 200, r#"{"retdata": 2, "retcode": "200"}"#, false),
            (&without, 200, r#"{"retcode": 200}"#, true),
            (&without, 200, r#"{"retcode": -1}"#, false),
            (&without, 422, r#"{"retcode": 200}"#, false),
            (&without, 200, "no JSON", false),
        ] {
            let operation = Operation {
                section: "paths",
                path: "/a",
                method: "get",
                value: operation,
                pointer: String::new(),
                shared_parameters: None,
            };
            let answer = Answer {
                status,
                text: text.to_owned(),
            };
            assert_eq!(
                check(&operation, &answer).is_ok(),
                passes,
                "{status} {text}"
            );
        }
    }
}
