//! Reads OpenAPI Overlay 1.0.0 documents.

use std::fmt;

use super::target::Target;
use apifox::{JsonField, JsonNode, JsonValue, yaml};
use serde_json::Value;

/// A field that the overlay library of oapi-codegen requires for filters in profiles.
const SPEAKEASY_JSONPATH: &str = "x-speakeasy-jsonpath";

/// An overlay: a file of actions that are applied in order.
#[derive(Debug, Clone, PartialEq)]
pub struct Overlay {
    /// The file name that the caller passed.
    pub file: String,
    /// `info.title`.
    pub title: String,
    /// `info.version`.
    pub version: String,
    /// At least one action.
    pub actions: Vec<OverlayAction>,
}

/// One action of an overlay.
#[derive(Debug, Clone, PartialEq)]
pub struct OverlayAction {
    /// The number in the file, from 1.
    pub number: usize,
    /// The first line, from 1.
    pub line: u32,
    /// The values to change.
    pub target: Target,
    /// The reason; never empty.
    pub description: String,
    /// How to change them.
    pub change: OverlayChange,
    /// `x-stands-in-for`: the page, as a page ID or `<folder> / <title>`, whose capture supersedes the action.
    pub stands_in_for: Option<String>,
    /// `x-operation`: the operation in which the target starts, by its page: a page ID or `<folder> / <title>`.
    pub operation: Option<String>,
}

/// The effect of an action on the values that its target matches.
#[derive(Debug, Clone, PartialEq)]
pub enum OverlayChange {
    /// Merges a value into them.
    Update(Value),
    /// Removes them.
    Remove,
}

/// Reads one overlay. `file` is its name in messages and in the trace.
///
/// # Errors
/// Returns all problems of the file, by line.
pub fn read(file: &str, bytes: &[u8]) -> Result<Overlay, Vec<OverlayProblem>> {
    let root = yaml::parse_strict(bytes).map_err(|error| {
        vec![OverlayProblem {
            file: file.to_owned(),
            line: error.line,
            text: error.message,
            help: error.help,
        }]
    })?;
    let mut reader = OverlayReader {
        file,
        problems: Vec::new(),
    };
    let overlay = reader.overlay(root);
    match overlay {
        Some(overlay) if reader.problems.is_empty() => Ok(overlay),
        _ => {
            reader.problems.sort_by_key(|problem| problem.line);
            Err(reader.problems)
        }
    }
}

struct OverlayReader<'a> {
    file: &'a str,
    problems: Vec<OverlayProblem>,
}

impl OverlayReader<'_> {
    fn problem(&mut self, line: u32, text: impl Into<String>, help: &str) {
        self.problems.push(OverlayProblem {
            file: self.file.to_owned(),
            line: Some(line),
            text: text.into(),
            help: help.to_owned(),
        });
    }

    fn overlay(&mut self, root: JsonNode) -> Option<Overlay> {
        let line = root.line;
        let [version, info, actions] =
            self.fields(root, "the overlay", ["overlay", "info", "actions"])?;
        match version {
            Some(member) if as_str(&member.value) == Some("1.0.0") => {}
            Some(member) => self.problem(
                member.line,
                "`overlay` is not 1.0.0",
                "write `overlay: 1.0.0`",
            ),
            None => self.problem(
                line,
                "`overlay`, the version, is missing",
                "write `overlay: 1.0.0` first",
            ),
        }
        let (title, version) = match info {
            Some(member) => {
                let line = member.line;
                let [title, version] = self.fields(member.value, "`info`", ["title", "version"])?;
                (
                    self.text(title, "info.title", line)?,
                    self.text(version, "info.version", line)?,
                )
            }
            None => {
                self.problem(
                    line,
                    "`info` is missing",
                    "write `info: {title: …, version: \"1\"}`",
                );
                return None;
            }
        };
        let Some(actions) = actions else {
            self.problem(
                line,
                "`actions` is missing",
                "write `actions:` and the list of actions",
            );
            return None;
        };
        let JsonValue::Array(nodes) = actions.value.value else {
            self.problem(
                actions.line,
                "`actions` is not a list",
                "start each action with `- target: …`",
            );
            return None;
        };
        if nodes.is_empty() {
            self.problem(
                actions.line,
                "`actions` is empty",
                "write an action, or delete the file",
            );
        }
        let actions = nodes
            .into_iter()
            .enumerate()
            .filter_map(|(index, node)| self.action(index + 1, node))
            .collect();
        Some(Overlay {
            file: self.file.to_owned(),
            title,
            version,
            actions,
        })
    }

    fn action(&mut self, number: usize, node: JsonNode) -> Option<OverlayAction> {
        let line = node.line;
        let [
            target,
            description,
            update,
            remove,
            stands_in_for,
            operation,
        ] = self.fields(
            node,
            "an action",
            [
                "target",
                "description",
                "update",
                "remove",
                "x-stands-in-for",
                "x-operation",
            ],
        )?;
        let target_line = target.as_ref().map_or(line, |member| member.value.line);
        let target =
            self.text(target, "target", line)
                .and_then(|text| match Target::parse(&text) {
                    Ok(target) => Some(target),
                    Err(message) => {
                        self.problem(
                            target_line,
                            format!("target `{text}`: {message}"),
                            "write for example `$.paths['/a/b'].post`",
                        );
                        None
                    }
                });
        let description = self.text(description, "description", line);
        let change = self.change(update, remove, line);
        let stands_in_for = self.page(stands_in_for, "x-stands-in-for");
        let operation = self.page(operation, "x-operation");
        if let Some(target) = &target
            && target.is_in_operation() != operation.is_some()
        {
            self.problem(
                target_line,
                format!("`x-operation` and the target `{}` do not fit", target.as_str()),
                "with `x-operation`, start the target with `$operation`, `$request` or `$response`; without it, with `$`",
            );
        }
        Some(OverlayAction {
            number,
            line,
            target: target?,
            description: description?,
            change: change?,
            stands_in_for,
            operation,
        })
    }

    /// Returns the text of a field that names a page.
    fn page(&mut self, member: Option<JsonField>, name: &str) -> Option<String> {
        let member = member?;
        let line = member.line;
        let text = self.text(Some(member), name, line)?;
        let is_title = text
            .split_once(" / ")
            .is_some_and(|(folder, title)| !folder.trim().is_empty() && !title.trim().is_empty());
        if !is_title && !text.starts_with(|c: char| c.is_ascii_digit()) {
            self.problem(
                line,
                format!("`{name}` is `{text}`"),
                "write a page ID, or `<folder> / <page title>` as in the navigation of the site",
            );
        }
        Some(text)
    }

    fn change(
        &mut self,
        update: Option<JsonField>,
        remove: Option<JsonField>,
        line: u32,
    ) -> Option<OverlayChange> {
        match (update, remove) {
            (Some(update), None) => {
                let value = update.value.to_value();
                if value.is_null() {
                    self.problem(
                        update.line,
                        "`update` is empty",
                        "write the value to merge, or `remove: true`",
                    );
                }
                Some(OverlayChange::Update(value))
            }
            (None, Some(remove)) if remove.value.value == JsonValue::Bool(true) => {
                Some(OverlayChange::Remove)
            }
            (None, Some(remove)) => {
                self.problem(
                    remove.line,
                    "`remove` is not `true`",
                    "write `remove: true`, or `update:`",
                );
                None
            }
            (Some(_), Some(remove)) => {
                self.problem(
                    remove.line,
                    "an action has both `update` and `remove`",
                    "write two actions, `remove` first",
                );
                None
            }
            (None, None) => {
                self.problem(
                    line,
                    "an action has neither `update` nor `remove`",
                    "write one of them",
                );
                None
            }
        }
    }

    /// Returns the fields of a mapping, in the order of `names`. Reports an unknown field as a
    /// problem.
    fn fields<const N: usize>(
        &mut self,
        node: JsonNode,
        of: &str,
        names: [&str; N],
    ) -> Option<[Option<JsonField>; N]> {
        let (line, kind) = (node.line, kind(&node));
        let JsonValue::Object(members) = node.value else {
            self.problem(
                line,
                format!("{of} is {kind}"),
                &format!("write a mapping of {}", names.join(", ")),
            );
            return None;
        };
        let mut found = [const { None }; N];
        for member in members {
            match names
                .iter()
                .position(|name| *name == member.name)
                .and_then(|index| found.get_mut(index))
            {
                Some(slot) => *slot = Some(member),
                None if member.name == SPEAKEASY_JSONPATH => {}
                None => self.problem(
                    member.line,
                    format!("{of} has the unknown field `{}`", member.name),
                    &format!("allowed fields: {}", names.join(", ")),
                ),
            }
        }
        Some(found)
    }

    fn text(&mut self, member: Option<JsonField>, name: &str, line: u32) -> Option<String> {
        let help = match name {
            "description" => "write why the action is needed: EVIDENCE.md shows the reason",
            _ => "write a string, in quotes if it looks like a number",
        };
        let Some(member) = member else {
            self.problem(line, format!("`{name}` is missing"), help);
            return None;
        };
        match as_str(&member.value).map(str::trim) {
            Some("") | None => {
                let kind = if as_str(&member.value).is_some() {
                    "empty"
                } else {
                    kind(&member.value)
                };
                self.problem(member.line, format!("`{name}` is {kind}"), help);
                None
            }
            Some(text) => Some(text.to_owned()),
        }
    }
}

/// A problem of an overlay file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OverlayProblem {
    /// The file name that the caller passed.
    pub file: String,
    /// The line, from 1; `None` if the problem concerns the whole file.
    pub line: Option<u32>,
    /// The problem.
    pub text: String,
    /// How to fix it.
    pub help: String,
}

impl fmt::Display for OverlayProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        write!(f, ": error: {}\n  help: {}", self.text, self.help)
    }
}

/// All problems of all overlay files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OverlayError {
    /// At least one problem, by file and line.
    pub problems: Vec<OverlayProblem>,
}

impl fmt::Display for OverlayError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.problems.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            problem.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for OverlayError {}

fn as_str(node: &JsonNode) -> Option<&str> {
    match &node.value {
        JsonValue::String(text) => Some(text),
        _ => None,
    }
}

/// Returns the kind of a value, for messages.
fn kind(node: &JsonNode) -> &'static str {
    match node.value {
        JsonValue::Null => "empty",
        JsonValue::Bool(_) => "a boolean",
        JsonValue::Number(_) => "a number",
        JsonValue::String(_) => "a string",
        JsonValue::Array(_) => "a list",
        JsonValue::Object(_) => "a mapping",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "overlay: 1.0.0\ninfo: {title: Names, version: \"1\"}\n";

    #[test]
    fn actions_have_numbers_and_lines() {
        let text = format!(
            "{HEAD}actions:\n  - target: $.info\n    description: why\n    update: {{x-a: 0.10}}\n  # comment\n  - target: $.paths['/a']\n    description: |\n      the\n      reason\n    remove: true\n    x-stands-in-for: User / User Info\n"
        );
        let overlay = read("o.yaml", text.as_bytes()).unwrap();
        assert_eq!(
            (
                overlay.file.as_str(),
                overlay.title.as_str(),
                overlay.version.as_str()
            ),
            ("o.yaml", "Names", "1")
        );
        let [first, second] = overlay.actions.as_slice() else {
            panic!("two actions")
        };
        assert_eq!(
            (first.number, first.line, first.target.as_str()),
            (1, 4, "$.info")
        );
        let OverlayChange::Update(value) = &first.change else {
            panic!("an update")
        };
        assert_eq!(value.to_string(), r#"{"x-a":0.10}"#);
        assert_eq!(
            (second.number, second.line, second.description.as_str()),
            (2, 8, "the\nreason")
        );
        assert_eq!(second.change, OverlayChange::Remove);
        assert_eq!(second.stands_in_for.as_deref(), Some("User / User Info"));
    }

    #[test]
    fn messages_have_file_line_and_fix() {
        let table = [
            ("[]", "the overlay is a list"),
            (
                "overlay: 1.1.0\ninfo: {title: a, version: '1'}\nactions: []",
                "not 1.0.0 | `actions` is empty",
            ),
            ("overlay: 1.0.0", "`info` is missing"),
            (
                "overlay: 1.0.0\ninfo: {title: a, version: 1}\nactions: []",
                "`info.version` is a number",
            ),
            (
                &format!("{HEAD}x-speakeasy-jsonpath: rfc9535\nextends: x\nactions: 5"),
                "unknown field `extends` | `actions` is not a list",
            ),
            (
                &format!("{HEAD}actions:\n- target: $.a\n  update: {{}}"),
                "`description` is missing",
            ),
            (
                &format!("{HEAD}actions:\n- target: $.a\n  description: ' '\n  update: {{}}"),
                "`description` is empty",
            ),
            (
                &format!(
                    "{HEAD}actions:\n- target: $.a\n  description: d\n  update: {{}}\n  remove: true"
                ),
                "both `update` and `remove`",
            ),
            (
                &format!("{HEAD}actions:\n- target: $.a\n  description: d\n  remove: false"),
                "`remove` is not `true`",
            ),
            (
                &format!("{HEAD}actions:\n- target: $.a\n  description: d"),
                "neither `update` nor `remove`",
            ),
            (
                &format!("{HEAD}actions:\n- target: $.a\n  description: d\n  update:"),
                "`update` is empty",
            ),
            (
                &format!("{HEAD}actions:\n- target: a b\n  descriptoin: d\n  update: 1"),
                "not a JSONPath | `description` is missing | unknown field `descriptoin`",
            ),
            (
                &format!(
                    "{HEAD}actions:\n- target: $.a\n  description: d\n  update: 1\n  x-stands-in-for: User"
                ),
                "`x-stands-in-for` is `User`",
            ),
            (
                &format!(
                    "{HEAD}actions:\n- target: $.a\n  description: d\n  update: 1\n  x-operation: '12e0'"
                ),
                "`x-operation` and the target `$.a` do not fit",
            ),
        ];
        let mut messages = String::new();
        for (text, expected) in table {
            let problems = read("spec/overlays/a.yaml", text.as_bytes()).unwrap_err();
            for part in expected.split(" | ") {
                assert!(
                    problems.iter().any(|problem| problem.text.contains(part)),
                    "{part} in {problems:?}"
                );
            }
            assert_eq!(
                problems.len(),
                expected.split(" | ").count(),
                "{problems:?}"
            );
            for problem in problems {
                messages.push_str(&format!("{problem}\n"));
            }
        }
        insta::assert_snapshot!(messages);
    }
}
