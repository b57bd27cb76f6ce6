//! The checks that a program must report, as `tests/interop/README.md` lists them.

use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

use crate::job::{read, stop::Stop};

/// The vectors, below the root.
pub(super) const VECTORS: &str = "spec/vectors/signatures.json";

/// A part of what is proved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    Vectors,
    Flow,
    Money,
}

impl Part {
    pub(super) const ALL: [Self; 3] = [Self::Vectors, Self::Flow, Self::Money];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Vectors => "vectors",
            Self::Flow => "flow",
            Self::Money => "money",
        }
    }
}

/// One thing that a program must prove.
pub(super) type Check = (Part, String);

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

/// Amounts that no binary float holds.
pub(super) const AMOUNTS: [&str; 2] = ["1000.233567", "12345678901234567890.12"];

#[derive(Deserialize)]
struct Vectors {
    signatures: Vec<Named>,
    rejections: Vec<Named>,
    timestamps: Vec<Value>,
    freshness: Freshness,
}

#[derive(Deserialize)]
struct Named {
    id: String,
}

#[derive(Deserialize)]
struct Freshness {
    cases: Vec<Value>,
}

/// Those of `vectors`, by what the file of the vectors holds.
pub(super) fn of_vectors(root: &Path) -> Result<Vec<Check>, Stop> {
    let vectors: Vectors = serde_json::from_str(&read(root, VECTORS)?)
        .map_err(|error| Stop(format!("{VECTORS}: {error}")))?;
    let ids = vectors.signatures.into_iter().chain(vectors.rejections);
    let timestamps = (0..vectors.timestamps.len()).map(|index| format!("timestamps/{index}"));
    let freshness = (0..vectors.freshness.cases.len()).map(|index| format!("freshness/{index}"));
    Ok(ids
        .map(|named| named.id)
        .chain(timestamps)
        .chain(freshness)
        .map(|name| (Part::Vectors, name))
        .collect())
}

/// Those of `flow`, in their order, and of the money that goes with it.
pub(super) fn of_flow() -> Vec<Check> {
    let flow = FLOW.iter().map(|name| (Part::Flow, (*name).to_owned()));
    let money = ["number", "text"]
        .into_iter()
        .flat_map(|form| AMOUNTS.map(|amount| (Part::Money, format!("{form} {amount}"))));
    flow.chain(money).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

    #[test]
    fn the_contract_lists_what_is_expected() {
        let contract = read(Path::new(ROOT), "tests/interop/README.md")
            .ok()
            .unwrap();
        for (part, name) in of_flow() {
            let start = format!("| `{}` |", part.name());
            let row = |line: &str| line.starts_with(&start) && line.contains(&format!("`{name}`"));
            assert!(contract.lines().any(row), "{name}");
        }
    }

    #[test]
    fn every_vector_is_expected_once() {
        let names = of_vectors(Path::new(ROOT)).ok().unwrap();
        let mut unique = names.clone();
        unique.sort();
        unique.dedup();
        assert_eq!(unique.len(), names.len());
        for name in ["pub-1", "neg-hex", "timestamps/0", "freshness/0"] {
            assert!(names.contains(&(Part::Vectors, name.to_owned())), "{name}");
        }
    }
}
