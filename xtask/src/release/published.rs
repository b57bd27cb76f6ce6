//! The crates of the workspace that go to a registry.

use std::path::Path;

use serde_json::Value;

use crate::job::call::Call;
use crate::job::stop::Stop;

/// What the feature is called that promises nothing: what it adds is inferred, and may turn out to be wrong.
const UNSTABLE: &str = "provisional";

/// A crate that goes to a registry.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Published {
    pub(super) name: String,
    /// Those that are a promise: all but [`UNSTABLE`].
    pub(super) features: Vec<String>,
}

/// All of them, as cargo lists them.
pub(super) fn find(root: &Path) -> Result<Vec<Published>, Stop> {
    let call = Call::cargo("metadata --locked --no-deps --format-version 1");
    let text = call
        .text(root)
        .ok_or_else(|| Stop(format!("failed: {call}")))?;
    let found = read(&text).map_err(|error| Stop(format!("what `{call}` says: {error}")))?;
    if found.is_empty() {
        return Err(Stop("no crate of the workspace is published".to_owned()));
    }
    Ok(found)
}

fn read(metadata: &str) -> serde_json::Result<Vec<Published>> {
    let metadata: Value = serde_json::from_str(metadata)?;
    let packages = metadata["packages"].as_array();
    Ok(packages
        .into_iter()
        .flatten()
        // `publish = false` is an empty list of registries.
        .filter(|package| package["publish"].is_null())
        .map(|package| Published {
            name: package["name"].as_str().unwrap_or_default().to_owned(),
            features: package["features"]
                .as_object()
                .into_iter()
                .flat_map(|features| features.keys())
                .filter(|name| *name != UNSTABLE)
                .cloned()
                .collect(),
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_published_and_what_promises_nothing_is_left_out() {
        let metadata = r#"{"packages": [
            {"name": "tool", "publish": [], "features": {}},
            {"name": "client", "publish": null, "features": {"default": ["a"], "a": [], "provisional": []}}
        ]}"#;
        let client = Published {
            name: "client".to_owned(),
            features: vec!["default".to_owned(), "a".to_owned()],
        };
        assert_eq!(read(metadata).unwrap(), [client]);
        assert_eq!(read("{}").unwrap(), []);
        assert!(read("").is_err());
    }
}
