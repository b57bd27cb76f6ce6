//! For programs.

use serde_json::{Value, json as value};

use super::Heading;
use crate::diff::{Direction, Report, Verdict};

/// The report as a JSON document, with a line end:
///
/// - `format`: 1; it grows with changes that break its readers
/// - `old`, `new`: what the documents are called
/// - `counts`: `breaking`, `compatible`, `docs`
/// - `changes`: in the order of the other forms, each with
///   - `verdict`: `breaking`, `compatible`, `docs`
///   - `breaks`: of `wire` (a program built before is refused or cannot read) and `code` (it does not
///     compile after)
///   - `kind`: the rule, a fixed word such as `field-removed`
///   - `place`: component and field, or call and part
///   - `direction`: `sent`, `received`, or null where the verdict does not depend on it
///   - `what`: the change; `means`: what it means for the caller's code
///   - `operations`: each with `call`, `method` (null for a webhook), `pages` (ids) and `files` (captures
///     of these pages); empty where the change concerns the whole document
pub fn json(report: &Report, heading: &Heading) -> String {
    let word = |verdict| match verdict {
        Verdict::Breaking => "breaking",
        Verdict::Compatible => "compatible",
        Verdict::Docs => "docs",
    };
    let changes: Vec<Value> = report
        .changes
        .iter()
        .map(|change| {
            let operations: Vec<Value> = change
                .operations
                .iter()
                .map(|reached| {
                    value!({
                        "call": reached.call,
                        "method": reached.method,
                        "pages": reached.pages,
                        "files": heading.files(reached),
                    })
                })
                .collect();
            value!({
                "verdict": word(change.verdict),
                "breaks": change.breaks_words(),
                "kind": change.kind,
                "place": change.place,
                "direction": change.direction.map(Direction::as_str),
                "what": change.what,
                "means": change.means,
                "operations": operations,
            })
        })
        .collect();
    let document = value!({
        "format": 1,
        "old": heading.old,
        "new": heading.new,
        "counts": {
            "breaking": report.count(Verdict::Breaking),
            "compatible": report.count(Verdict::Compatible),
            "docs": report.count(Verdict::Docs),
        },
        "changes": changes,
    });
    crate::publish::format::to_json(&document)
}
