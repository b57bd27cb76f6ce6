//! `spec/vendor.toml`: what differs between the vendors of documented APIs, except for the pages and the overlays.
//!
//! `cargo xtask --vendor DIR` works on the folder of another vendor. It has the layout of this repository: `spec/` with
//! its pages, overlays, profiles and this file, and `crates/` with the generated crate. The hand-written files of the
//! crate are created once ([`add_crate_files`]).

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use serde::Deserialize;
use serde_json::Value;

use crate::{openapi::members, output_files::OutputFiles};

/// The file below the root.
pub const FILE: &str = "spec/vendor.toml";

/// The vendor of an API.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vendor {
    /// The name, which is the title of the document unless an overlay sets one.
    pub name: String,
    /// The URLs of the documentation sites, for `docs pull` without `--site`.
    pub sites: Vec<String>,
    /// The name of the generated crate, which is a folder below `crates`.
    #[serde(rename = "crate")]
    pub crate_name: String,
    /// The extension of a security scheme with the signing rule, if requests are signed. The published document must
    /// have it: without it, generated clients would send unsigned requests.
    pub signing_extension: Option<String>,
}

/// The reason why the vendor is unknown.
#[derive(Debug, thiserror::Error)]
pub enum VendorError {
    /// The file cannot be read.
    #[error(
        "{FILE}: cannot be read: {0}\n  help: it has `name`, `sites` and `crate`; see spec/README.md"
    )]
    Unreadable(io::Error),
    /// The file is not the expected TOML.
    #[error("{FILE}: {0}")]
    Malformed(Box<toml::de::Error>),
    /// The name of the crate would be another path.
    #[error("{FILE}: crate {0:?}: allowed characters are a-z, 0-9, - and _")]
    CrateName(String),
    /// The document does not state how requests are signed.
    #[error(
        "{FILE}: no security scheme of the published document has `{0}`\n  help: an overlay must add it, or remove `signing_extension` if requests are not signed"
    )]
    Unsigned(String),
}

impl Vendor {
    /// Reads the vendor of the tree below `root`.
    ///
    /// # Errors
    /// Fails if the file is missing or malformed.
    pub fn read(root: &Path) -> Result<Self, VendorError> {
        let text = fs::read_to_string(root.join(FILE)).map_err(VendorError::Unreadable)?;
        let vendor: Self =
            toml::from_str(&text).map_err(|error| VendorError::Malformed(Box::new(error)))?;
        let is_name =
            |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_');
        if vendor.crate_name.is_empty() || !vendor.crate_name.chars().all(is_name) {
            return Err(VendorError::CrateName(vendor.crate_name));
        }
        Ok(vendor)
    }

    /// Returns the path of a source file of the generated crate, below the root.
    pub fn source(&self, file: &str) -> PathBuf {
        self.folder().join("src").join(file)
    }

    fn folder(&self) -> PathBuf {
        Path::new("crates").join(&self.crate_name)
    }

    /// Fails if the document lacks the signing rule.
    ///
    /// # Errors
    /// Fails if no security scheme has the signing extension.
    pub fn check_signing(&self, document: &Value) -> Result<(), VendorError> {
        let Some(extension) = &self.signing_extension else {
            return Ok(());
        };
        let schemes = document.pointer("/components/securitySchemes");
        if members(schemes).any(|(_, scheme)| scheme.get(extension).is_some()) {
            Ok(())
        } else {
            Err(VendorError::Unsigned(extension.clone()))
        }
    }
}

/// The root of a generated crate.
const LIBRARY: &str = "\
//! Low-level client, generated from an OpenAPI document by `cargo xtask regen`.
//!
//! A transport that is passed to the client adds signatures, tokens, retries and timeouts: see `hooks`.
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod hooks;
#[rustfmt::skip]
pub mod open_enums;
pub mod operations;
pub mod scalars;
#[allow(dead_code, reason = \"used by the generated code only if the document has a `oneOf`\")]
mod union;

#[rustfmt::skip]
#[allow(missing_docs, reason = \"generated\")]
mod generated;

pub use generated::{ByteStream, Client, ClientInfo, Error, ResponseValue, types};
";

/// The hand-written source files of a generated crate. Except for the root, they are those of
/// `stablelink-api`, which have nothing of its vendor.
const SOURCES: [(&str, &str); 11] = [
    ("lib.rs", LIBRARY),
    (
        "hooks.rs",
        include_str!("../../crates/stablelink-api/src/hooks.rs"),
    ),
    (
        "union.rs",
        include_str!("../../crates/stablelink-api/src/union.rs"),
    ),
    (
        "operations/mod.rs",
        include_str!("../../crates/stablelink-api/src/operations/mod.rs"),
    ),
    (
        "scalars/decimal.rs",
        include_str!("../../crates/stablelink-api/src/scalars/decimal.rs"),
    ),
    (
        "scalars/integer_or_text.rs",
        include_str!("../../crates/stablelink-api/src/scalars/integer_or_text.rs"),
    ),
    (
        "scalars/local_date_time.rs",
        include_str!("../../crates/stablelink-api/src/scalars/local_date_time.rs"),
    ),
    (
        "scalars/mod.rs",
        include_str!("../../crates/stablelink-api/src/scalars/mod.rs"),
    ),
    (
        "scalars/raw_json.rs",
        include_str!("../../crates/stablelink-api/src/scalars/raw_json.rs"),
    ),
    (
        "scalars/schema.rs",
        include_str!("../../crates/stablelink-api/src/scalars/schema.rs"),
    ),
    (
        "scalars/secret.rs",
        include_str!("../../crates/stablelink-api/src/scalars/secret.rs"),
    ),
];

/// Adds the hand-written files of the crate, and the workspace around it, unless the crate exists. A file that exists is
/// not replaced.
pub fn add_crate_files(root: &Path, vendor: &Vendor, outputs: &mut OutputFiles) {
    let manifest = vendor.folder().join("Cargo.toml");
    if root.join(&manifest).exists() {
        return;
    }
    let name = vendor.crate_name.replace('-', "_");
    let sources =
        SOURCES.map(|(file, text)| (vendor.source(file), text.replace("stablelink_api", &name)));
    let workspace = include_str!("../../Cargo.toml");
    let workspace = workspace.replace(r#"["crates/*", "xtask", "tests"]"#, r#"["crates/*"]"#);
    let manifests = [
        (manifest, crate_manifest(vendor)),
        (PathBuf::from("Cargo.toml"), workspace),
    ];
    for (file, text) in manifests.into_iter().chain(sources) {
        if !root.join(&file).exists() {
            outputs.add(file, text);
        }
    }
}

/// Returns the manifest of `stablelink-api` for another vendor.
fn crate_manifest(vendor: &Vendor) -> String {
    let text = include_str!("../../crates/stablelink-api/Cargo.toml");
    let mut manifest = String::new();
    for line in text.lines() {
        let key = line.split(' ').next().unwrap_or_default();
        match key {
            "name" => manifest.push_str(&format!("name = \"{}\"\n", vendor.crate_name)),
            "description" => {
                let name = &vendor.name;
                let text =
                    format!("Low-level client of {name}, generated from its OpenAPI document");
                // The escapes of Rust are not those of TOML.
                manifest.push_str(&format!("description = {}\n", toml::Value::from(text)));
            }
            "publish" | "keywords" | "categories" | "readme" | "documentation" => {}
            _ => {
                manifest.push_str(line);
                manifest.push('\n');
            }
        }
    }
    manifest
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(text: &str) -> Result<Vendor, VendorError> {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("spec")).unwrap();
        fs::write(root.path().join(FILE), text).unwrap();
        Vendor::read(root.path())
    }

    const TEAS: &str = "name = \"Teas\"\nsites = [\"https://docs.example\"]\ncrate = \"tea-api\"\n";

    #[test]
    fn vendor_names_crate_and_sites() {
        let vendor = read(TEAS).unwrap();
        assert_eq!(vendor.sites, ["https://docs.example"]);
        assert_eq!(vendor.source("a.rs"), Path::new("crates/tea-api/src/a.rs"));
        for (text, part) in [
            (TEAS.replace("tea-api", "../x"), "allowed characters"),
            (TEAS.replace("tea-api", ""), "allowed characters"),
            (TEAS.replace("name", "nam"), "unknown field"),
            (String::new(), "missing field"),
        ] {
            let error = read(&text).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
        let error = Vendor::read(Path::new("/nowhere")).unwrap_err();
        assert!(error.to_string().contains("cannot be read"), "{error}");
    }

    #[test]
    fn document_must_have_signing_extension() {
        let vendor = read(&format!("{TEAS}signing_extension = \"x-sign\"\n")).unwrap();
        let scheme = json!({"components": {"securitySchemes": {"s": {"x-sign": {}}}}});
        vendor.check_signing(&scheme).unwrap();
        let error = vendor.check_signing(&json!({})).unwrap_err().to_string();
        assert!(error.contains("no security scheme"), "{error}");
        read(TEAS).unwrap().check_signing(&json!({})).unwrap();
    }

    #[test]
    fn files_of_existing_crate_are_kept() {
        let (root, vendor) = (tempfile::tempdir().unwrap(), read(TEAS).unwrap());
        let mut outputs = OutputFiles::default();
        add_crate_files(root.path(), &vendor, &mut outputs);
        for output in outputs.iter() {
            let text = String::from_utf8(output.content.clone()).unwrap();
            let is_manifest = output.path == Path::new("Cargo.toml");
            assert!(
                is_manifest || !text.to_lowercase().contains("stablelink"),
                "{}",
                output.path.display()
            );
        }
        outputs.write(root.path()).unwrap();
        let mut again = OutputFiles::default();
        add_crate_files(root.path(), &vendor, &mut again);
        assert_eq!(again.iter().count(), 0);
        fs::remove_file(root.path().join("crates/tea-api/Cargo.toml")).unwrap();
        add_crate_files(root.path(), &vendor, &mut again);
        let files: Vec<_> = again.iter().map(|it| it.path.as_path()).collect();
        assert_eq!(files, [Path::new("crates/tea-api/Cargo.toml")]);
    }

    #[test]
    fn name_of_the_vendor_is_a_toml_string() {
        let name = "Tea \u{1b}\u{301}\"\\ & Co";
        let vendor = Vendor {
            name: name.to_owned(),
            ..read(TEAS).unwrap()
        };
        let manifest: toml::Table = crate_manifest(&vendor).parse().unwrap();
        let description = manifest["package"]["description"].as_str().unwrap();
        assert!(description.contains(name), "{description}");
        assert_eq!(manifest["package"]["name"].as_str(), Some("tea-api"));
    }
}
