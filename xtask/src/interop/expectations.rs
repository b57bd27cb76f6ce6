//! The checks that a program must report. `tests/interop/README.md` lists them for readers.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

use crate::job::{error::JobError, read};

/// The signature vectors, relative to the root.
pub(super) const VECTORS: &str = "spec/vectors/signatures.json";

/// The responses with their outcomes, relative to the root.
pub(super) const RESPONSES: &str = "tests/interop/responses.json";

/// A group of checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    Vectors,
    Responses,
    Flow,
    Money,
}

impl Part {
    pub(super) const ALL: [Self; 4] = [Self::Vectors, Self::Responses, Self::Flow, Self::Money];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Vectors => "vectors",
            Self::Responses => "responses",
            Self::Flow => "flow",
            Self::Money => "money",
        }
    }
}

/// One check that a program must report.
pub(super) type ExpectedCheck = (Part, String);

const FLOW: [&str; 12] = [
    "token",
    "refresh",
    "exchange-rate",
    "create-user",
    "create-order",
    "order-info",
    "simulate",
    "upload",
    "trade",
    "webhook",
    "error-envelope",
    "shared-token",
];

/// Amounts that a binary float cannot represent.
pub(super) const AMOUNTS: [&str; 2] = ["1000.233567", "12345678901234567890.12"];

#[derive(Deserialize)]
struct VectorFile {
    signatures: Vec<VectorId>,
    rejections: Vec<VectorId>,
    timestamps: Vec<Value>,
    freshness: FreshnessVectors,
}

#[derive(Deserialize)]
struct VectorId {
    id: String,
}

#[derive(Deserialize)]
struct FreshnessVectors {
    cases: Vec<Value>,
}

#[derive(Deserialize)]
struct ResponseFile {
    calls: Vec<ResponseCase>,
    tokens: Vec<ResponseCase>,
    lists: Vec<ResponseCase>,
    deliveries: Vec<ResponseCase>,
}

#[derive(Deserialize)]
struct ResponseCase {
    name: String,
    /// The outcomes of a call, by operation.
    #[serde(default)]
    outcomes: BTreeMap<String, String>,
}

/// Returns one check for each operation of each call in the table of responses, one for each of its other cases, and one for
/// each of the two lists of operations.
pub(super) fn responses(root: &Path) -> Result<Vec<ExpectedCheck>, JobError> {
    let table: ResponseFile = serde_json::from_str(&read(root, RESPONSES)?)
        .map_err(|error| JobError(format!("{RESPONSES}: {error}")))?;
    let calls = table.calls.iter().flat_map(|case| {
        let operations = case.outcomes.keys();
        operations.map(|operation| format!("{}/{operation}", case.name))
    });
    let sections = [
        ("tokens", &table.tokens),
        ("lists", &table.lists),
        ("deliveries", &table.deliveries),
    ];
    let others = sections.into_iter().flat_map(|(section, cases)| {
        cases
            .iter()
            .map(move |case| format!("{section}/{}", case.name))
    });
    Ok(["reads", "numbered"]
        .map(str::to_owned)
        .into_iter()
        .chain(calls)
        .chain(others)
        .map(|name| (Part::Responses, name))
        .collect())
}

/// Returns one check for each vector in the file.
pub(super) fn vectors(root: &Path) -> Result<Vec<ExpectedCheck>, JobError> {
    let vectors: VectorFile = serde_json::from_str(&read(root, VECTORS)?)
        .map_err(|error| JobError(format!("{VECTORS}: {error}")))?;
    let ids = vectors.signatures.into_iter().chain(vectors.rejections);
    let timestamps = (0..vectors.timestamps.len()).map(|index| format!("timestamps/{index}"));
    let freshness = (0..vectors.freshness.cases.len()).map(|index| format!("freshness/{index}"));
    Ok(ids
        .map(|vector| vector.id)
        .chain(timestamps)
        .chain(freshness)
        .map(|name| (Part::Vectors, name))
        .collect())
}

/// Returns the checks of the flow, in their order, and those of the amounts in it.
pub(super) fn flow() -> Vec<ExpectedCheck> {
    let flow = FLOW.iter().map(|name| (Part::Flow, (*name).to_owned()));
    let money = ["number", "string"]
        .into_iter()
        .flat_map(|json| AMOUNTS.map(|amount| (Part::Money, format!("{json} {amount}"))));
    flow.chain(money).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::workspace::root;

    #[test]
    fn readme_lists_every_check_of_the_flow() {
        let readme = read(&root().unwrap(), "tests/interop/README.md").unwrap();
        for (part, name) in flow() {
            let start = format!("| `{}` |", part.name());
            let row = |line: &str| line.starts_with(&start) && line.contains(&format!("`{name}`"));
            assert!(readme.lines().any(row), "{name}");
        }
    }

    fn assert_unique(names: &[ExpectedCheck]) {
        let unique: BTreeSet<_> = names.iter().collect();
        assert_eq!(unique.len(), names.len());
    }

    #[test]
    fn responses_has_one_check_per_case_and_operation() {
        let names = responses(&root().unwrap()).unwrap();
        assert_unique(&names);
        for name in [
            "reads",
            "numbered",
            "html-404/create",
            "html-404/get",
            "tokens/html-403",
            "lists/until-total",
            "deliveries/bom",
        ] {
            assert!(
                names.contains(&(Part::Responses, name.to_owned())),
                "{name}"
            );
        }
    }

    #[test]
    fn vectors_has_one_check_per_vector() {
        let names = vectors(&root().unwrap()).unwrap();
        assert_unique(&names);
        for name in ["pub-1", "neg-hex", "timestamps/0", "freshness/0"] {
            assert!(names.contains(&(Part::Vectors, name.to_owned())), "{name}");
        }
    }
}
