use serde_json::{Map, Value, json};

use super::group::Group;
use crate::given::security::same;
use crate::infer::SourceLine;
use crate::message::{Diagnostic, quoted};
use crate::names::{Names, is_legal, legal};

/// The security schemes in the order of their first occurrence.
#[derive(Debug, Default)]
pub(super) struct Schemes {
    names: Names,
    entries: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    wanted: String,
    name: String,
    scheme: Value,
    at: SourceLine,
}

impl Schemes {
    /// Returns the requirement of an operation, from the first page that has one.
    pub(super) fn requirement(
        &mut self,
        group: &Group,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Option<Value> {
        let api = group
            .pages
            .iter()
            .find(|api| !api.operation.security.is_empty())?;
        let mut sets: Vec<Value> = Vec::new();
        for set in &api.operation.security {
            let mut asked = Map::new();
            for security in set {
                let at = SourceLine {
                    file: api.page.name.as_str().into(),
                    line: security.line,
                };
                let name = self.name(&security.name, &security.scheme, at, diagnostics);
                asked.insert(name, json!([]));
            }
            let asked = Value::Object(asked);
            if !sets.contains(&asked) {
                sets.push(asked);
            }
        }
        Some(Value::Array(sets))
    }

    fn name(
        &mut self,
        wanted: &str,
        scheme: &Value,
        at: SourceLine,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> String {
        let known = self
            .entries
            .iter()
            .find(|entry| entry.wanted == wanted && same(&entry.scheme, scheme));
        if let Some(known) = known {
            return known.name.clone();
        }
        let fit = if is_legal(wanted) {
            wanted.to_owned()
        } else {
            legal(wanted)
        };
        let (name, _) = self.names.take(&fit);
        if let Some(other) = self.entries.iter().find(|entry| entry.wanted == wanted) {
            diagnostics.push(
                Diagnostic::warning(
                    &at.file,
                    at.line,
                    format!(
                        "the security scheme {} differs from the one on the page {}; this one is called {name}",
                        quoted(wanted),
                        other.at
                    ),
                )
                .with_help("correct the wrong page, or rename the schemes in an overlay"),
            );
        }
        self.entries.push(Entry {
            wanted: wanted.to_owned(),
            name: name.clone(),
            scheme: scheme.clone(),
            at,
        });
        name
    }

    /// Returns all schemes, or `None` if no page has one.
    pub(super) fn finish(self) -> Option<Value> {
        if self.entries.is_empty() {
            return None;
        }
        let schemes: Map<String, Value> = self
            .entries
            .into_iter()
            .map(|entry| {
                let mut scheme = entry.scheme;
                scheme["x-apifox-at"] = json!(entry.at.marker());
                (entry.name, scheme)
            })
            .collect();
        Some(Value::Object(schemes))
    }
}
