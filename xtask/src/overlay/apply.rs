//! Applies overlays. An action that changes nothing is stale and is reported, so that outdated actions
//! are noticed.

use super::document::{Overlay, OverlayAction, OverlayChange};
use super::merge;
use super::pages::{add_title, operation_of, without_known_components};
use super::rename::{self, rename_components};
use super::target::{self, Location};
use crate::openapi::{is_true, operations};
use apifox::Diagnostic;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fmt;

/// The effect of each action, in the order of the files and their actions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OverlayTrace {
    /// The applied actions.
    pub actions: Vec<AppliedAction>,
    /// Components of several pages that differ and became one.
    pub joined: Vec<Diagnostic>,
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
    /// Whether the action marks a secret that the document may now have under another name.
    pub is_secret: bool,
}

impl StaleAction {
    /// Returns the text without file and line.
    fn message(&self) -> String {
        let Self {
            number,
            target,
            reason,
            ..
        } = self;
        format!("action {number}, target `{target}`: {reason}")
    }
}

impl fmt::Display for StaleAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.message())
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
            writeln!(
                f,
                "{}:{}: error: {}",
                action.file,
                action.line,
                action.message()
            )?;
        }
        let (count, be) = match self.actions.len() {
            1 => ("1 overlay action".to_owned(), "is"),
            count => (format!("{count} overlay actions"), "are"),
        };
        write!(
            f,
            "{count} {be} stale. Fix the first one first: later ones may depend on it."
        )
    }
}

impl std::error::Error for StaleActions {}

/// The result of applying overlays.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct OverlayOutcome {
    /// The applied actions.
    pub trace: OverlayTrace,
    /// The stale actions.
    pub stale: Vec<StaleAction>,
    /// The actions whose operation the document lacks.
    pub deferred: Vec<Overlay>,
    /// The stand-ins whose page is captured, each file and page once.
    pub superseded: Vec<SupersededStandIn>,
}

/// A stand-in whose page is captured. It has no effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SupersededStandIn {
    /// The overlay file.
    pub file: String,
    /// The lines of its actions, from 1.
    pub lines: Vec<u32>,
    /// The page, as in `x-stands-in-for`.
    pub page: String,
}

/// Applies overlays in order. The renames of an overlay follow its actions.
///
/// # Errors
/// Fails if any action is stale; the document is then unchanged.
pub fn apply(document: &mut Value, overlays: &[Overlay]) -> Result<OverlayTrace, StaleActions> {
    let mut copy = document.clone();
    let OverlayOutcome {
        trace,
        mut stale,
        deferred,
        ..
    } = apply_lenient(&mut copy, overlays);
    stale.extend(deferred.iter().flat_map(unknown_operations));
    if stale.is_empty() {
        *document = copy;
        Ok(trace)
    } else {
        Err(StaleActions { actions: stale })
    }
}

/// Returns the actions of an overlay whose operation no page and no stand-in describes, as stale actions.
pub fn unknown_operations(deferred: &Overlay) -> Vec<StaleAction> {
    let reason = "no captured page and no stand-in is the page of `x-operation`: correct it, or delete the action";
    let actions = deferred.actions.iter();
    actions
        .map(|action| stale_action(deferred, action, reason.to_owned()))
        .collect()
}

/// Applies overlays. Skips stale actions, stand-ins whose page is captured, and actions on an operation that
/// the document lacks.
pub fn apply_lenient(document: &mut Value, overlays: &[Overlay]) -> OverlayOutcome {
    let mut outcome = OverlayOutcome::default();
    let stand_ins = overlays.iter().flat_map(|overlay| &overlay.actions);
    let captured: BTreeSet<&str> = stand_ins
        .filter_map(|action| action.stands_in_for.as_deref())
        .filter(|page| operation_of(document, page).is_some())
        .collect();
    for overlay in overlays {
        let mut names: Vec<(&OverlayAction, Vec<String>)> = Vec::new();
        let mut stale_of_file = Vec::new();
        let mut deferred = Vec::new();
        for action in &overlay.actions {
            if let Some(page) = &action.stands_in_for
                && captured.contains(page.as_str())
            {
                let mut known = outcome.superseded.iter_mut();
                match known.find(|it| it.file == overlay.file && it.page == *page) {
                    Some(stand_in) => stand_in.lines.push(action.line),
                    None => outcome.superseded.push(SupersededStandIn {
                        file: overlay.file.clone(),
                        lines: vec![action.line],
                        page: page.clone(),
                    }),
                }
                continue;
            }
            let operation = match &action.operation {
                None => Some(Location::new()),
                Some(page) => operation_of(document, page),
            };
            let Some(operation) = operation else {
                deferred.push(action.clone());
                continue;
            };
            let unmatched = action.target.unmatched_names(document, &operation);
            match apply_action(document, action, &operation) {
                Ok(touched) => {
                    if let OverlayChange::Update(value) = &action.change
                        && contains_marker(value)
                    {
                        names.push((action, touched.clone()));
                    }
                    outcome.trace.actions.push(AppliedAction {
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
            for [first, second, name] in &renames.joined {
                let text =
                    format!("`{first}` and `{second}` differ; `{name}` has the properties of both");
                let action = marker_action(&names, Some(second)).map(|action| action.line);
                let joined = Diagnostic::warning(&overlay.file, action, text);
                outcome.trace.joined.push(
                    joined.with_help("give one of them another name if they are different records"),
                );
            }
            let actions = outcome.trace.actions.iter_mut();
            for pointer in actions.flat_map(|action| &mut action.touched) {
                if let Some(new) = renames.pointer(pointer) {
                    *pointer = new;
                }
            }
        }
        stale_of_file.sort_by_key(|action| action.number);
        outcome.stale.append(&mut stale_of_file);
        if !deferred.is_empty() {
            outcome.deferred.push(Overlay {
                actions: deferred,
                ..overlay.clone()
            });
        }
    }
    outcome
}

/// Applies one action and returns the changed pointers, or the reason why it is stale. A stale action
/// leaves the document unchanged.
fn apply_action(
    document: &mut Value,
    action: &OverlayAction,
    operation: &Location,
) -> Result<Vec<String>, String> {
    let locations = action.target.locations(document, operation);
    if locations.is_empty() {
        return Err("it matches nothing: correct the target, or delete the action".to_owned());
    }
    let mut update = match &action.change {
        OverlayChange::Update(value) if action.stands_in_for.is_some() => {
            Some(without_known_components(value, document))
        }
        OverlayChange::Update(value) => Some(value.clone()),
        OverlayChange::Remove => None,
    };
    let mut named = None;
    if let (Some(_), Some(Value::Object(fields))) = (&action.operation, &mut update)
        && let [location] = locations.as_slice()
        && let Some(name) = fields.get(rename::MARKER).and_then(Value::as_str)
    {
        let pointer = target::pointer(location);
        let other = document.pointer(&format!("{pointer}/{}", rename::MARKER));
        if pointer == crate::openapi::child("/components/schemas", name)
            || other.is_some_and(|other| other == name)
        {
            // The page, or another operation, already gave the component this name.
            fields.shift_remove(rename::MARKER);
            named = Some(pointer);
        } else if let Some(other) = other {
            return Err(format!("another action names the component {other}"));
        }
    }
    let mut touched = match &update {
        Some(value) => merge::update(document, &locations, value),
        None => merge::remove(document, &locations),
    }
    .map_err(|conflict| format!("{conflict}: correct the target, or remove the old value first"))?;
    if touched.is_empty() {
        touched.extend(named);
    }
    if touched.is_empty() {
        return Err(UNCHANGED.to_owned());
    }
    if let (Some(page), OverlayChange::Update(value)) = (&action.stands_in_for, &action.change) {
        for added in operations(value) {
            if let Some(Value::Object(added)) = document.pointer_mut(&added.pointer) {
                add_title(added, page);
            }
        }
    }
    Ok(touched)
}

const UNCHANGED: &str =
    "it changes nothing: the document already has this value; delete the action";

fn stale_action(overlay: &Overlay, action: &OverlayAction, reason: String) -> StaleAction {
    StaleAction {
        file: overlay.file.clone(),
        line: action.line,
        number: action.number,
        target: action.target.as_str().to_owned(),
        is_secret: reason != UNCHANGED && marks_secret(&action.change),
        reason,
    }
}

fn marks_secret(change: &OverlayChange) -> bool {
    match change {
        OverlayChange::Update(value) => contains(value, &|value| is_true(value, "x-secret")),
        OverlayChange::Remove => false,
    }
}

fn contains_marker(value: &Value) -> bool {
    contains(value, &|value| value.get(rename::MARKER).is_some())
}

/// Returns whether a value, or a value inside it, fulfils a condition.
fn contains(value: &Value, condition: &dyn Fn(&Value) -> bool) -> bool {
    condition(value)
        || match value {
            Value::Object(fields) => fields.values().any(|it| contains(it, condition)),
            Value::Array(list) => list.iter().any(|it| contains(it, condition)),
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
    use super::super::recognize_retitled_pages;
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
        let trace = apply(&mut document, &[overlay("a.yaml", GOOD), last]).unwrap();
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
- {target: $operation, description: d, update: {summary: a}, x-operation: User / User Info}
- {target: $.components.schemas, description: d, update: {New: {x-schema-name: Renamed, type: string}, New2: {x-schema-name: Renamed}}}
- {target: \"$.paths['/rate'].post\", description: d, update: {x-schema-name: Rate}}
",
        );
        let mut changed = document();
        let stale = apply(&mut changed, &[a.clone(), b.clone()]).unwrap_err();
        assert_eq!(changed, document());
        insta::assert_snapshot!(stale);

        let outcome = apply_lenient(&mut changed, &[a, b]);
        assert_eq!(outcome.stale.len(), stale.actions.len() - 1);
        assert_eq!(outcome.deferred.len(), 1);
        assert_eq!(outcome.trace.actions.len(), 4);
        assert_eq!(
            changed.pointer("/paths/~1rate/post/summary"),
            Some(&json!("Rate"))
        );
        assert!(!changed.to_string().contains(rename::MARKER));
    }

    /// The same overlays apply before and after the page is captured, also if the page has another path, or
    /// another title and the same path.
    #[test]
    fn curation_applies_to_the_stand_in_and_then_to_the_page() {
        let stand_in = overlay(
            "spec/overlays/provisional/a.yaml",
            "- {target: $, description: d, x-stands-in-for: User / User Info, update: {paths: {/user: {get: {requestBody: {content: {application/json: {schema: {$ref: '#/components/schemas/Guess'}}}}}}}, components: {schemas: {Guess: {properties: {id: {type: string}}}}}}}",
        );
        let curation = overlay(
            "spec/overlays/b.yaml",
            "- {target: $operation, description: d, x-operation: User / User Info, update: {operationId: getUser}}
- {target: $request, description: d, x-operation: User / User Info, update: {x-schema-name: GetUserRequest}}
- {target: $request, description: d, x-operation: User / User Info, update: {x-schema-name: GetUserRequest, title: User}}
- {target: $request.properties.id, description: d, x-operation: User / User Info, update: {x-idempotency-key: true}}",
        );
        let page = |path: &str, title: &str| {
            let mut document = document();
            document["paths"][path]["get"] = json!({
                "x-apifox-titles": [title],
                "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/UserInfoRequest"}}}}
            });
            document["components"]["schemas"]["UserInfoRequest"] =
                json!({"properties": {"id": {"type": "integer"}}});
            document
        };
        for (mut document, path, is_captured) in [
            (document(), "/user", false),
            (page("/user/v2", "User / User Info"), "/user/v2", true),
            (page("/user", "Accounts / Get Account"), "/user", true),
        ] {
            recognize_retitled_pages(&mut document, std::slice::from_ref(&stand_in));
            let first = apply_lenient(&mut document, std::slice::from_ref(&curation));
            assert_eq!(first.deferred.len(), usize::from(!is_captured));
            let second = apply_lenient(&mut document, std::slice::from_ref(&stand_in));
            assert_eq!(second.superseded.len(), usize::from(is_captured));
            let third = apply_lenient(&mut document, &first.deferred);
            assert_eq!(
                (first.stale, second.stale, third.stale),
                (vec![], vec![], vec![])
            );
            assert_eq!(third.deferred, []);
            assert_eq!(document["paths"][path]["get"]["operationId"], "getUser");
            assert_eq!(document["paths"].as_object().unwrap().len(), 2, "{path}");
            let request = &document["components"]["schemas"]["GetUserRequest"];
            let json_type = if is_captured { "integer" } else { "string" };
            assert_eq!(request["title"], "User", "{path}");
            assert_eq!(
                request["properties"]["id"],
                json!({"type": json_type, "x-idempotency-key": true})
            );
        }
    }

    #[test]
    fn stale_action_that_marks_a_secret_is_told_apart() {
        let text = "- {target: $.components.schemas.Gone, description: d, update: {properties: {key: {x-secret: true}}}}
- {target: $.components.schemas.Gone, description: d, update: {x-secret: false}}";
        let outcome = apply_lenient(&mut document(), &[overlay("a.yaml", text)]);
        let secrets: Vec<bool> = outcome.stale.iter().map(|it| it.is_secret).collect();
        assert_eq!(secrets, [true, false]);
    }
}
