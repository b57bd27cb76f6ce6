//! Applies overlays strictly: an action that does nothing is a mistake, for curation rots silently otherwise.

use super::document::{Action, Change, Overlay};
use super::merge;
use super::rename::{self, rename};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fmt;

/// What is known beside the document.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Context {
    /// The captured pages, as `<folder> / <title>`: an action that stands in for one of them is stale.
    pub page_titles: BTreeSet<String>,
}

/// What each action did, in the order of the files and their actions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trace {
    /// The applied actions.
    pub actions: Vec<AppliedAction>,
}

/// An action that changed the document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppliedAction {
    /// The overlay file.
    pub file: String,
    /// The action's line in it, from 1.
    pub line: u32,
    /// The action's number in it, from 1.
    pub number: usize,
    /// The target as it was written.
    pub target: String,
    /// The reason.
    pub description: String,
    /// JSON pointers of the deepest members that were added, changed or removed, by the final names of components.
    pub touched: Vec<String>,
}

/// An action that did nothing, or must not do what it asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StaleAction {
    /// The overlay file.
    pub file: String,
    /// The action's line in it, from 1.
    pub line: u32,
    /// The action's number in it, from 1.
    pub number: usize,
    /// The target as it was written.
    pub target: String,
    /// Why it is stale, and what to do.
    pub why: String,
}

impl fmt::Display for StaleAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}:{}: error: action {}, target `{}`: {}",
            self.file, self.line, self.number, self.target, self.why
        )
    }
}

/// All stale actions of all overlays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stale {
    /// At least one, in the order of the files and their actions.
    pub actions: Vec<StaleAction>,
}

impl fmt::Display for Stale {
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
            "{count} {be} stale. Mend the first one first: a later one may only miss what it should have made.\n  \
             help: `cargo xtask regen --draft DIR` writes the documents without the stale actions to DIR"
        )
    }
}

impl std::error::Error for Stale {}

/// Applies overlays in order, each one's renames after its actions.
///
/// # Errors
/// When any action is stale; the document is then as it was.
pub fn apply(
    document: &mut Value,
    overlays: &[Overlay],
    context: &Context,
) -> Result<Trace, Stale> {
    let mut copy = document.clone();
    let (trace, stale) = apply_lenient(&mut copy, overlays, context);
    if stale.is_empty() {
        *document = copy;
        Ok(trace)
    } else {
        Err(Stale { actions: stale })
    }
}

/// Applies overlays without their stale actions: for drafts.
pub fn apply_lenient(
    document: &mut Value,
    overlays: &[Overlay],
    context: &Context,
) -> (Trace, Vec<StaleAction>) {
    let mut trace = Trace::default();
    let mut stale = Vec::new();
    for overlay in overlays {
        let mut names: Vec<(&Action, Vec<String>)> = Vec::new();
        let mut stale_here = Vec::new();
        for action in &overlay.actions {
            match apply_action(document, action, context) {
                Ok(touched) => {
                    if let Change::Update(value) = &action.change
                        && mentions_marker(value)
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
                    });
                }
                Err(why) => stale_here.push(stale_action(overlay, action, why)),
            }
        }
        if !names.is_empty() {
            let renames = rename(document);
            for (component, why) in &renames.refused {
                let action = namer(&names, component.as_deref());
                stale_here.extend(action.map(|action| stale_action(overlay, action, why.clone())));
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
        stale_here.sort_by_key(|action| action.number);
        stale.append(&mut stale_here);
    }
    (trace, stale)
}

/// Applies one action and gives what it touched, or why it is stale; the document is then unchanged.
fn apply_action(
    document: &mut Value,
    action: &Action,
    context: &Context,
) -> Result<Vec<String>, String> {
    if let Some(page) = &action.stands_in_for
        && context.page_titles.contains(page)
    {
        return Err(format!(
            "it stands in for the page `{page}`, which is captured now: delete the action"
        ));
    }
    let places = action.target.places(document);
    if places.is_empty() {
        return Err("it matches nothing: correct the target, or delete the action".to_owned());
    }
    let touched = match &action.change {
        Change::Update(value) => merge::update(document, &places, value),
        Change::Remove => merge::remove(document, &places),
    }
    .map_err(|conflict| format!("{conflict}: correct the target, or remove the place first"))?;
    if touched.is_empty() {
        return Err(
            "it changes nothing, the document says so already: delete the action".to_owned(),
        );
    }
    Ok(touched)
}

fn stale_action(overlay: &Overlay, action: &Action, why: String) -> StaleAction {
    StaleAction {
        file: overlay.file.clone(),
        line: action.line,
        number: action.number,
        target: action.target.as_str().to_owned(),
        why,
    }
}

fn mentions_marker(value: &Value) -> bool {
    match value {
        Value::Object(members) => members
            .iter()
            .any(|(name, member)| name == rename::MARKER || mentions_marker(member)),
        Value::Array(list) => list.iter().any(mentions_marker),
        _ => false,
    }
}

/// The last action that gave a component its marker; for a marker elsewhere, the last that writes any.
fn namer<'a>(names: &[(&'a Action, Vec<String>)], component: Option<&str>) -> Option<&'a Action> {
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
    fn a_trace_says_what_each_action_touched_by_its_final_name() {
        let mut document = document();
        let last = overlay(
            "b.yaml",
            "- {target: $.components.schemas.Rate, description: more, update: {x-schema-name: ExchangeRate}}",
        );
        let trace = apply(
            &mut document,
            &[overlay("a.yaml", GOOD), last],
            &Context::default(),
        )
        .unwrap();
        let mut shown = String::new();
        for action in trace.actions {
            shown.push_str(&format!(
                "{}:{} #{} {} ({})\n",
                action.file, action.line, action.number, action.target, action.description
            ));
            for pointer in action.touched {
                shown.push_str(&format!("    {pointer}\n"));
            }
        }
        shown.push_str(&serde_json::to_string_pretty(&document).unwrap());
        insta::assert_snapshot!(shown);
    }

    #[test]
    fn all_stale_actions_are_listed_and_the_document_stays() {
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
        let context = Context {
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
    fn an_action_stands_in_until_its_page_is_captured() {
        let text = "- {target: $.paths, description: d, update: {/user: {get: {}}}, x-stands-in-for: User / User Info}";
        apply(
            &mut document(),
            &[overlay("a.yaml", text)],
            &Context::default(),
        )
        .unwrap();
    }
}
