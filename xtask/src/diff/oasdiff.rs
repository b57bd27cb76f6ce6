//! Runs oasdiff and turns its output into changes.
//!
//! oasdiff classifies changes for any client. Its errors and warnings are breaking changes here too. Some
//! changes that it reports as information break the source code that uses the generated crate: `consequence`
//! lists them.

use std::{
    collections::HashMap,
    fs, io,
    path::{Path, PathBuf},
    process::Command,
};

use serde::Deserialize;
use serde_json::{Value, json};

use super::change::{AffectedOperation, Change};
use crate::job::{Job, command::CommandLine, error::JobError, install};
use crate::openapi::{Operation, operations};

/// The version of oasdiff. Its check ids are part of the recorded test results.
pub const VERSION: &str = "1.38.0";

const FOLDER: &str = "target/tools/oasdiff";

/// The environment variable with the path of the program. The suite sets it for the tests.
pub const PROGRAM_VARIABLE: &str = "XTASK_OASDIFF";

/// oasdiff did not compare the documents.
#[derive(Debug, thiserror::Error)]
#[error("oasdiff {VERSION}: {0}")]
pub struct OasdiffError(String);

impl From<io::Error> for OasdiffError {
    fn from(error: io::Error) -> Self {
        Self(format!("cannot exchange the documents: {error}"))
    }
}

/// The oasdiff program.
#[derive(Debug, Clone)]
pub struct Oasdiff {
    program: PathBuf,
}

/// A change as oasdiff reports it.
#[derive(Deserialize)]
struct Reported {
    id: String,
    text: String,
    /// 1 is information, 2 a warning, 3 an error.
    level: u8,
    #[serde(default)]
    operation: String,
    #[serde(default)]
    path: String,
}

impl Oasdiff {
    /// Finds the program: in the variable [`PROGRAM_VARIABLE`], in `target/tools`, or on `PATH` in the right
    /// version.
    pub fn find(root: &Path) -> Option<Self> {
        if let Some(program) = std::env::var_os(PROGRAM_VARIABLE) {
            return Some(Self {
                program: program.into(),
            });
        }
        let installed = root.join(FOLDER).join("oasdiff");
        if installed.is_file() {
            return Some(Self { program: installed });
        }
        let output = Command::new("oasdiff").arg("--version").output().ok()?;
        let is_right = String::from_utf8_lossy(&output.stdout)
            .split_whitespace()
            .any(|word| word.trim_start_matches('v') == VERSION);
        is_right.then(|| Self {
            program: "oasdiff".into(),
        })
    }

    /// Finds the program, and installs it with Go if it is missing.
    ///
    /// # Errors
    /// Fails if the installation fails.
    pub fn find_or_install(root: &Path) -> Result<Self, OasdiffError> {
        if let Some(found) = Self::find(root) {
            return Ok(found);
        }
        // Standard output is reserved for the report.
        let mut log = io::stderr();
        let mut job = Job::new(root, &mut log);
        match install(&mut job) {
            Ok(program) => Ok(Self { program }),
            Err(JobError(reason)) => Err(OasdiffError(format!(
                "not available: {reason}\n  help: install Go, or put oasdiff {VERSION} on PATH"
            ))),
        }
    }

    /// Compares two documents.
    ///
    /// # Errors
    /// Fails if the program does not run or rejects a document.
    pub fn compare(&self, old: &Value, new: &Value) -> Result<Vec<Change>, OasdiffError> {
        let folder = tempfile::tempdir()?;
        let write = |name: &str, document: &Value| -> Result<PathBuf, io::Error> {
            let path = folder.path().join(name);
            fs::write(&path, prepare(document).to_string())?;
            Ok(path)
        };
        let (base, revision) = (write("base.json", old)?, write("revision.json", new)?);
        let output = Command::new(&self.program)
            .arg("changelog")
            .args([&base, &revision])
            .args(["--format", "json", "--flatten-allof", "--flatten-params"])
            .arg("--allow-external-refs=false")
            // A configuration file of this machine must not change the result.
            .current_dir(folder.path())
            .env_remove("OASDIFF_CONFIG")
            .output()
            .map_err(|error| OasdiffError(format!("{}: {error}", self.program.display())))?;
        if !output.status.success() {
            let message = String::from_utf8_lossy(&output.stderr);
            return Err(OasdiffError(format!("failed: {}", message.trim())));
        }
        let reported: Vec<Reported> = match output.stdout.trim_ascii() {
            [] => Vec::new(),
            text => serde_json::from_slice(text)
                .map_err(|error| OasdiffError(format!("unexpected output: {error}")))?,
        };
        let affected = AffectedOperations::new(old, new);
        Ok(reported
            .into_iter()
            // `extensions` reports these for responses too.
            .filter(|change| !change.id.contains("x-extensible-enum"))
            .map(|change| {
                let operation = affected.get(&change);
                convert(&change).on(operation)
            })
            .collect())
    }
}

/// Installs the program with Go into `target/tools`, unless it is there. Returns its absolute path.
pub(crate) fn install(job: &mut Job<'_>) -> Result<PathBuf, JobError> {
    let folder = std::path::absolute(job.root.join(FOLDER))?;
    install::ensure(job, FOLDER, &format!("oasdiff {VERSION}\n"), |job| {
        let package = format!("github.com/oasdiff/oasdiff@v{VERSION}");
        job.require(
            &CommandLine::new("go", ["install", package.as_str()])
                .env("GOBIN", folder.display().to_string()),
            "Go must be installed and its module proxy must be reachable; about 2 minutes on 2 cores",
        )
    })?;
    Ok(folder.join("oasdiff"))
}

fn convert(reported: &Reported) -> Change {
    let change = Change::compatible(reported.id.as_str(), &reported.text);
    let change = match reported.level {
        0 | 1 => change,
        _ => change.breaks_wire(""),
    };
    match consequence(&reported.id) {
        Some(Consequence::Wire(reason)) => change.breaks_wire(reason),
        Some(Consequence::Code(reason)) => change.breaks_code(reason),
        Some(Consequence::Docs) => Change::docs(reported.id.as_str(), &reported.text),
        None => change,
    }
}

enum Consequence {
    Wire(&'static str),
    Code(&'static str),
    Docs,
}

/// Returns the consequence of a change that oasdiff reports as information, and of a removed property, which
/// breaks the source code as well.
fn consequence(id: &str) -> Option<Consequence> {
    use Consequence::{Code, Docs, Wire};
    let is_response = id.starts_with("response-");
    let is_request = id.starts_with("request-");
    Some(match id {
        "api-path-removed-with-deprecation" | "api-removed-with-deprecation" => {
            Code("the method is removed")
        }
        "api-operation-id-removed" => Code("the method is renamed"),
        "api-schema-removed" => Code("the type is removed or renamed"),
        "new-optional-request-parameter" => {
            Code("the parameters of a method are positional: every call needs the new one")
        }
        "request-parameter-became-optional" => Code("the parameter becomes an `Option`"),
        "request-property-removed"
        | "response-required-property-removed"
        | "response-optional-property-removed" => Code("the field of the type is removed"),
        "request-parameter-removed" => Code("the parameter of the method is removed"),
        "request-body-added-optional" | "request-body-added-required" | "request-body-removed" => {
            Code("the parameters of the method change")
        }
        "api-tag-added" | "api-tag-removed" => Docs,
        _ if is_request && id.ends_with("type-generalized") => Code("the Rust type changes"),
        _ if is_response && id.ends_with("type-specialized") => Code("the Rust type changes"),
        _ if id.ends_with("type-compatible") => Code("the Rust type changes"),
        _ if is_request && id.ends_with("became-not-enum") => Code("the Rust type changes"),
        _ if is_response && id.ends_with("became-enum") => Code("the Rust type changes"),
        _ if id.ends_with("media-type-schema-added")
            || id.ends_with("media-type-schema-removed") =>
        {
            Code("the Rust type changes")
        }
        _ if is_response && id.ends_with("enum-value-removed") => Code("the variant is removed"),
        _ if is_response && (id.ends_with("one-of-removed") || id.ends_with("any-of-removed")) => {
            Code("the variant is removed")
        }
        _ if is_request
            && (id.ends_with("default-value-changed") || id.ends_with("default-value-removed")) =>
        {
            Wire("a request without the value has another meaning")
        }
        _ => return None,
    })
}

/// The prefix of the path under which a webhook is compared.
const WEBHOOK: &str = "/x-webhooks/";

/// Returns the document as oasdiff can read it. OpenAPI 3.0 has no webhooks, so each entry of `x-webhooks`
/// becomes a path. The request body is used as the response and the other way round: the user of the API
/// receives the body of a webhook.
fn prepare(document: &Value) -> Value {
    let mut prepared = document.clone();
    let Some(object) = prepared.as_object_mut() else {
        return prepared;
    };
    object.entry("info").or_insert_with(|| json!({}));
    for (name, default) in [("title", "untitled"), ("version", "0")] {
        if object["info"].get(name).is_none() && object["info"].is_object() {
            object["info"][name] = default.into();
        }
    }
    object.shift_remove("x-webhooks");
    for webhook in operations(document).iter().filter(|it| it.is_webhook()) {
        let mut operation = webhook.value.clone();
        let Some(fields) = operation.as_object_mut() else {
            continue;
        };
        let received = fields.shift_remove("requestBody");
        let sent = webhook.value.pointer("/responses/200/content").cloned();
        fields.shift_remove("parameters");
        let content = received.and_then(|body| body.get("content").cloned());
        fields.insert(
            "responses".into(),
            json!({"200": {"description": "The body of the webhook.", "content": content.unwrap_or(json!({}))}}),
        );
        if let Some(content) = sent {
            fields.insert("requestBody".into(), json!({"content": content}));
        }
        let path = format!("{WEBHOOK}{}", webhook.path);
        prepared["paths"][&path] = json!({ "post": operation });
    }
    prepared
}

/// The operations of both documents by method and path, as oasdiff names them.
struct AffectedOperations(HashMap<(String, String), AffectedOperation>);

impl AffectedOperations {
    fn new(old: &Value, new: &Value) -> Self {
        let key = |operation: &Operation| {
            if operation.is_webhook() {
                ("POST".to_owned(), format!("{WEBHOOK}{}", operation.path))
            } else {
                (operation.method.to_uppercase(), operation.path.to_owned())
            }
        };
        let all = operations(old).into_iter().chain(operations(new));
        Self(
            all.map(|operation| (key(&operation), AffectedOperation::new(&operation)))
                .collect(),
        )
    }

    fn get(&self, change: &Reported) -> Option<AffectedOperation> {
        let key = (change.operation.clone(), change.path.clone());
        self.0.get(&key).cloned()
    }
}
