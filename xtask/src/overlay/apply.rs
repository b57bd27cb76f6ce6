//! Applies overlays strictly: an action that changes nothing is an error, so that outdated actions
//! are noticed.

use super::document::{Overlay, OverlayAction, OverlayChange};
use super::merge;
use super::rename::{self, rename_components};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fmt;

/// The information that overlays need in addition to the document.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OverlayContext {
    /// The captured pages, as `<folder> / <title>`. A stand-in action for one of them is stale.
    pub page_titles: BTreeSet<String>,
}

/// The effect of each action, in the order of the files and their actions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OverlayTrace {
    /// The applied actions.
    pub actions: Vec<AppliedAction>,
}

/// An action that changed the document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppliedAction {
    /// The overlay file.
    pub file: String,
    /// The line of the action, from 1.
    pub line: u32,
    /// The 1-based index of the action in the file.
    pub number: usize,
    /// The JSONPath of the target.
    pub target: String,
    /// The reason for the action.
    pub description: String,
    /// JSON pointers of the values that were added, changed or removed, with the final names of
    /// components.
    pub touched: Vec<String>,
    /// The names that match nothing in a selector with several names, such as `['a', 'b']`. Each
    /// name includes its quotes.
    pub unmatched: Vec<String>,
}

/// An action that changed nothing, or that is not allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StaleAction {
    /// The overlay file.
    pub file: String,
    /// The line of the action, from 1.
    pub line: u32,
    /// The 1-based index of the action in the file.
    pub number: usize,
    /// The JSONPath of the target.
    pub target: String,
    /// The reason why the action is stale, and how to fix it.
    pub reason: String,
}

impl fmt::Display for StaleAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}:{}: error: action {}, target `{}`: {}",
            self.file, self.line, self.number, self.target, self.reason
        )
    }
}

/// The stale actions of all overlays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StaleActions {
    /// At least one action, in the order of the files and their actions.
    pub actions: Vec<StaleAction>,
}

impl fmt::Display for StaleActions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for action in &self.actions {
            writeln!(f, "{action}")?;
        }
        let (count, be) = match self.actions.len() {
            1 => ("1 overlay action".to_owned(), "is"),
            count => (format!("{count} overlay actions"), "are"),
        };
        write!(
            f,
            "{count} {be} stale. Fix the first one first: later ones may depend on it.\n  \
             help: `cargo xtask regen --draft DIR` writes the documents to DIR without the stale actions"
        )
    }
}

impl std::error::Error for StaleActions {}

/// Applies overlays in order. The renames of an overlay follow its actions.
///
/// # Errors
/// Fails if any action is stale; the document is then unchanged.
pub fn apply(
    document: &mut Value,
    overlays: &[Overlay],
    context: &OverlayContext,
) -> Result<OverlayTrace, StaleActions> {
    let mut copy = document.clone();
    let (trace, stale) = apply_lenient(&mut copy, overlays, context);
    if stale.is_empty() {
        *document = copy;
        Ok(trace)
    } else {
        Err(StaleActions { actions: stale })
    }
}

/// Applies overlays and skips stale actions.
pub fn apply_lenient(
    document: &mut Value,
    overlays: &[Overlay],
    context: &OverlayContext,
) -> (OverlayTrace, Vec<StaleAction>) {
    let mut trace = OverlayTrace::default();
    let mut stale = Vec::new();
    for overlay in overlays {
        let mut names: Vec<(&OverlayAction, Vec<String>)> = Vec::new();
        let mut stale_of_file = Vec::new();
        for action in &overlay.actions {
            let unmatched = action.target.unmatched_names(document);
            match apply_action(document, action, context) {
                Ok(touched) => {
                    if let OverlayChange::Update(value) = &action.change
                        && contains_marker(value)
                    {
                        names.push((action, touched.clone()));
                    }
                    trace.actions.push(AppliedAction {
                        file: overlay.file.clone(),
                        line: action.line,
                        number: action.number,
                        target: action.target.as_str().to_owned(),
                        description: action.description.clone(),
                        touched,
                        unmatched,
                    });
                }
                Err(reason) => stale_of_file.push(stale_action(overlay, action, reason)),
            }
        }
        if !names.is_empty() {
            let renames = rename_components(document);
            for (component, reason) in &renames.rejected {
                let action = marker_action(&names, component.as_deref());
                stale_of_file
                    .extend(action.map(|action| stale_action(overlay, action, reason.clone())));
            }
            for pointer in trace
                .actions
                .iter_mut()
                .flat_map(|action| &mut action.touched)
            {
                if let Some(new) = renames.pointer(pointer) {
                    *pointer = new;
                }
            }
        }
        stale_of_file.sort_by_key(|action| action.number);
        stale.append(&mut stale_of_file);
    }
    (trace, stale)
}

/// Applies one action and returns the changed pointers, or the reason why it is stale. A stale action
/// leaves the document unchanged.
fn apply_action(
    document: &mut Value,
    action: &OverlayAction,
    context: &OverlayContext,
) -> Result<Vec<String>, String> {
    if let Some(page) = &action.stands_in_for
        && context.page_titles.contains(page)
    {
        return Err(format!(
            "it stands in for the page `{page}`, which is now captured: delete the action"
        ));
    }
    let locations = action.target.locations(document);
    if locations.is_empty() {
        return Err("it matches nothing: correct the target, or delete the action".to_owned());
    }
    let touched = match &action.change {
        OverlayChange::Update(value) => merge::update(document, &locations, value),
        OverlayChange::Remove => merge::remove(document, &locations),
    }
    .map_err(|conflict| format!("{conflict}: correct the target, or remove the old value first"))?;
    if touched.is_empty() {
        return Err(
            "it changes nothing: the document already has this value; delete the action".to_owned(),
        );
    }
    Ok(touched)
}

fn stale_action(overlay: &Overlay, action: &OverlayAction, reason: String) -> StaleAction {
    StaleAction {
        file: overlay.file.clone(),
        line: action.line,
        number: action.number,
        target: action.target.as_str().to_owned(),
        reason,
    }
}

fn contains_marker(value: &Value) -> bool {
    match value {
        Value::Object(members) => members
            .iter()
            .any(|(name, member)| name == rename::MARKER || contains_marker(member)),
        Value::Array(list) => list.iter().any(contains_marker),
        _ => false,
    }
}

/// Returns the last action that set the marker of a component; for a marker elsewhere, the last
/// action that sets any.
fn marker_action<'a>(
    names: &[(&'a OverlayAction, Vec<String>)],
    component: Option<&str>,
) -> Option<&'a OverlayAction> {
    let found = component.and_then(|component| {
        let whole = crate::openapi::child("/components/schemas", component);
        let marker = format!("{whole}/{}", rename::MARKER);
        names
            .iter()
            .rev()
            .find(|(_, touched)| touched.contains(&whole) || touched.contains(&marker))
    });
    found.or(names.last()).map(|(action, _)| *action)
}

#[cfg(test)]
mod tests {
    use super::super::document::read;
    use super::*;
    use serde_json::json;

    fn overlay(file: &str, actions: &str) -> Overlay {
        let text =
            format!("overlay: 1.0.0\ninfo: {{title: t, version: \"1\"}}\nactions:\n{actions}");
        read(file, text.as_bytes()).unwrap()
    }

    fn document() -> Value {
        json!({
            "openapi": "3.0.3",
            "paths": {"/rate": {"post": {"tags": ["Trade"], "schema": {"$ref": "#/components/schemas/RateResponse"}}}},
            "components": {"schemas": {
                "RateResponse": {"type": "object", "properties": {"rate": {"type": "number"}}},
                "Other": {"type": "string"}
            }}
        })
    }

    const GOOD: &str = "- {target: \"$.paths['/rate'].post\", description: names are for good, update: {operationId: getRate, tags: [Trade]}}
- {target: $.components.schemas.RateResponse, description: domain name, update: {x-schema-name: Rate}}
- {target: $.components.schemas.RateResponse.properties.rate, description: a rate is exact, update: {format: decimal, maximum: 0.10}}
- {target: $.openapi, description: test of a scalar, update: 3.0.2}
";

    #[test]
    fn trace_has_changed_pointers_with_final_names() {
        let mut document = document();
        let last = overlay(
            "b.yaml",
            "- {target: $.components.schemas.Rate, description: more, update: {x-schema-name: ExchangeRate}}",
        );
        let trace = apply(
            &mut document,
            &[overlay("a.yaml", GOOD), last],
            &OverlayContext::default(),
        )
        .unwrap();
        let mut text = String::new();
        for action in trace.actions {
            text.push_str(&format!(
                "{}:{} #{} {} ({})\n",
                action.file, action.line, action.number, action.target, action.description
            ));
            for pointer in action.touched {
                text.push_str(&format!("    {pointer}\n"));
            }
        }
        text.push_str(&serde_json::to_string_pretty(&document).unwrap());
        insta::assert_snapshot!(text);
    }

    #[test]
    fn stale_actions_are_listed_and_document_is_unchanged() {
        let a = overlay(
            "spec/overlays/10-a.yaml",
            "- {target: \"$.paths['/gone']\", description: d, update: {x: 1}}
- {target: $.openapi, description: d, update: 3.0.3}
- {target: \"$.paths['/rate'].post\", description: d, update: {tags: [Trade]}}
- {target: \"$.paths['/rate'].post\", description: this one works, update: {summary: Rate}}
- {target: $.paths, description: d, update: {/rate: {post: none}}}
- {target: $, description: d, remove: true}
",
        );
        let b = overlay(
            "spec/overlays/20-b.yaml",
            "- {target: $.components.schemas.RateResponse, description: d, update: {x-schema-name: Other}}
- {target: $.paths, description: d, update: {/user: {get: {}}}, x-stands-in-for: User / User Info}
- {target: $.components.schemas, description: d, update: {New: {x-schema-name: Renamed, type: string}, New2: {x-schema-name: Renamed}}}
- {target: \"$.paths['/rate'].post\", description: d, update: {x-schema-name: Rate}}
",
        );
        let context = OverlayContext {
            page_titles: BTreeSet::from(["User / User Info".to_owned()]),
        };
        let mut changed = document();
        let stale = apply(&mut changed, &[a.clone(), b.clone()], &context).unwrap_err();
        assert_eq!(changed, document());
        insta::assert_snapshot!(stale);

        let (trace, lenient) = apply_lenient(&mut changed, &[a, b], &context);
        assert_eq!(lenient, stale.actions);
        assert_eq!(trace.actions.len(), 4);
        assert_eq!(
            changed.pointer("/paths/~1rate/post/summary"),
            Some(&json!("Rate"))
        );
        assert!(!changed.to_string().contains(rename::MARKER));
    }

    #[test]
    fn stand_in_applies_until_its_page_is_captured() {
        let text = "- {target: $.paths, description: d, update: {/user: {get: {}}}, x-stands-in-for: User / User Info}";
        apply(
            &mut document(),
            &[overlay("a.yaml", text)],
            &OverlayContext::default(),
        )
        .unwrap();
    }
}
