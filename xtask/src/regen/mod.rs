//! `cargo xtask regen`: from the captures to the documents and the client, in memory.

pub mod links;
pub mod summary;

use std::{
    fmt::Write as _,
    fs, io,
    path::{Path, PathBuf},
};

use apifox::{Diagnostic, DocumentInfo};
use serde_json::Value;

use crate::{
    client::{self, ClientError},
    docs::{
        captures::{self, Captures},
        evidence,
        lock::LockError,
        security,
    },
    lint::{self, Finding},
    output_files::Outputs,
    overlay::{self, OverlayContext, OverlayError, OverlayTrace, StaleActions},
    profile::{self, ProfileError},
    publish::{
        cleanup, evidence_report,
        format::{self, YamlError},
        operations_table, order,
    },
};
use summary::Summary;

const PROFILE: &str = "progenitor";

/// The tree cannot be regenerated; it is as it was.
#[derive(Debug, thiserror::Error)]
pub enum RegenError {
    /// The captures cannot be used.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// A page cannot be read, or two contradict each other.
    #[error("{}", lines(.0))]
    Pages(Vec<Diagnostic>),
    /// An overlay is malformed.
    #[error(transparent)]
    Overlay(#[from] OverlayError),
    /// The profile of the client cannot be used.
    #[error(transparent)]
    Profile(#[from] ProfileError),
    /// Overlay actions do nothing any more.
    #[error(transparent)]
    Stale(#[from] StaleActions),
    /// The documents break rules.
    #[error("{}", lines(.0))]
    Findings(Vec<Finding>),
    /// The client cannot be generated.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The document cannot be told in YAML.
    #[error(transparent)]
    Yaml(#[from] YamlError),
    /// A draft cannot be written.
    #[error("{}: cannot be written: {source}", path.display())]
    Draft {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// A draft would stand in the tree.
    #[error(
        "{}: is inside the tree; a draft holds uncurated text, give a folder outside it",
        .0.display()
    )]
    DraftInTree(PathBuf),
}

fn lines<T: std::fmt::Display>(items: &[T]) -> String {
    items
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join("\n")
}

/// All files of a run, with what the table says.
#[derive(Debug)]
pub struct Built {
    /// The files, not yet written.
    pub outputs: Outputs,
    /// The counts.
    pub summary: Summary,
    /// What the importer remarked without failing.
    pub warnings: Vec<Diagnostic>,
}

/// Makes all outputs from the files below `root`. Nothing is written.
///
/// # Errors
/// See [`RegenError`]; every message names file and place and what to do.
pub fn build(root: &Path) -> Result<Built, RegenError> {
    let captures = captures::load(root)?;
    let (raw, warnings) = assemble(&captures)?;
    let curated = Curated::make(root, raw, &captures)?;

    let mut findings = lint::check_document(&curated.published);
    for finding in lint::check_document(&curated.superset) {
        if !findings.contains(&finding) {
            findings.push(finding);
        }
    }
    if !findings.is_empty() {
        return Err(RegenError::Findings(findings));
    }

    let profile = profile::load(root, PROFILE)?;
    let for_client = |document: &Value, strict: bool| -> Result<Value, RegenError> {
        let mut document = document.clone();
        if strict {
            profile::apply_to_superset(&mut document, &profile)?;
        } else {
            profile::apply_to_published(&mut document, &profile);
        }
        let findings = lint::check_generator_input(&document);
        if !findings.is_empty() {
            return Err(RegenError::Findings(findings));
        }
        links::add(&mut document, &captures.lock);
        cleanup::strip_markers(&mut document);
        Ok(document)
    };
    let sources = client::generate(
        &for_client(&curated.superset, true)?,
        &for_client(&curated.published, false)?,
    )?;

    // Those of other generators are not needed here, but go stale here.
    for name in profile::names(root)? {
        if name != PROFILE {
            let other = profile::load(root, &name)?;
            profile::apply_to_superset(&mut curated.superset.clone(), &other)?;
        }
    }

    let published = finish(curated.published.clone());
    let superset = finish(curated.superset.clone());
    let mut outputs = Outputs::default();
    outputs.add("spec/openapi.json", format::to_json(&published));
    outputs.add("spec/openapi.yaml", format::to_yaml(&published)?);
    outputs.add("spec/openapi.provisional.json", format::to_json(&superset));
    outputs.add(
        "spec/EVIDENCE.md",
        evidence_report::report(
            &captures.lock,
            &curated.superset,
            &[&curated.trace, &curated.provisional_trace],
        ),
    );
    outputs.add("crates/stablelink-api/src/generated.rs", sources.generated);
    outputs.add(
        "crates/stablelink-api/src/open_enums.rs",
        sources.open_enums,
    );
    outputs.add(
        "crates/stablelink-api/src/operations/table.rs",
        client::operations(&superset, &published)?,
    );
    outputs.add(operations_table::FILE, operations_table::table(&superset));
    let summary = Summary::count(&captures.lock, &published, &superset, &curated);
    Ok(Built {
        outputs,
        summary,
        warnings,
    })
}

/// The curated documents, with the marks of the importer still in them, and what each action did.
#[derive(Debug)]
pub struct Curated {
    /// What pages describe.
    pub published: Value,
    /// And what they only name.
    pub superset: Value,
    /// What the overlays did.
    pub trace: OverlayTrace,
    /// What the provisional overlays did.
    pub provisional_trace: OverlayTrace,
}

impl Curated {
    fn make(root: &Path, raw: Value, captures: &Captures) -> Result<Self, RegenError> {
        let context = OverlayContext {
            page_titles: captures.page_titles(),
        };
        let (overlays, provisional) = overlay::load_all(root)?;
        let mut published = raw;
        // The lenient form for both sets, so that one run lists every stale action of both.
        let (trace, mut stale) = overlay::apply_lenient(&mut published, &overlays, &context);
        let mut superset = published.clone();
        let (provisional_trace, stale_provisional) =
            overlay::apply_lenient(&mut superset, &provisional, &context);
        stale.extend(stale_provisional);
        if !stale.is_empty() {
            return Err(StaleActions { actions: stale }.into());
        }
        evidence::mark_inferred(&mut superset);
        cleanup::settle_references(&mut published);
        cleanup::settle_references(&mut superset);
        order::arrange(&mut published);
        order::arrange(&mut superset);
        Ok(Self {
            published,
            superset,
            trace,
            provisional_trace,
        })
    }
}

/// The importer's document with the evidence of the lock on it.
fn assemble(captures: &Captures) -> Result<(Value, Vec<Diagnostic>), RegenError> {
    let assembly = apifox::assemble(
        &captures.pages,
        &DocumentInfo {
            title: "StableLink".into(),
            version: env!("CARGO_PKG_VERSION").into(),
            description: None,
        },
    );
    let (errors, warnings): (Vec<_>, Vec<_>) = captures
        .messages
        .iter()
        .cloned()
        .chain(assembly.diagnostics)
        .partition(|message| message.is_error());
    if !errors.is_empty() {
        return Err(RegenError::Pages(errors));
    }
    let mut document = assembly.document;
    evidence::attach(&mut document, captures);
    security::set_aside(&mut document);
    Ok((document, warnings))
}

fn finish(mut document: Value) -> Value {
    cleanup::strip_markers(&mut document);
    document
}

/// Writes the documents as they come out without the stale actions into a folder outside the tree,
/// with a list of what was left out: for finding out where the docs went.
///
/// # Errors
/// The captures or overlays cannot be read, or the folder cannot be written or is in the tree.
pub fn draft(root: &Path, folder: &Path) -> Result<Vec<PathBuf>, RegenError> {
    let write_error = |path: &Path| {
        let path = path.to_path_buf();
        move |source| RegenError::Draft { path, source }
    };
    fs::create_dir_all(folder).map_err(write_error(folder))?;
    let inside = fs::canonicalize(folder).map_err(write_error(folder))?;
    let tree = fs::canonicalize(root).map_err(write_error(root))?;
    if inside.starts_with(tree) {
        return Err(RegenError::DraftInTree(folder.to_path_buf()));
    }
    let captures = captures::load(root)?;
    let (raw, _) = assemble(&captures)?;
    let context = OverlayContext {
        page_titles: captures.page_titles(),
    };
    let (overlays, provisional) = overlay::load_all(root)?;
    let mut published = raw.clone();
    let (_, stale) = overlay::apply_lenient(&mut published, &overlays, &context);
    let mut superset = published.clone();
    let (_, stale_provisional) = overlay::apply_lenient(&mut superset, &provisional, &context);
    order::arrange(&mut published);
    order::arrange(&mut superset);
    let mut left_out = String::new();
    for action in stale.iter().chain(&stale_provisional) {
        let _ = writeln!(left_out, "{action}");
    }
    let files = [
        ("imported.json", format::to_json(&raw)),
        ("openapi.json", format::to_json(&published)),
        ("openapi.provisional.json", format::to_json(&superset)),
        ("left-out.txt", left_out),
    ];
    let mut written = Vec::new();
    for (name, content) in files {
        let path = folder.join(name);
        fs::write(&path, content).map_err(write_error(&path))?;
        written.push(path);
    }
    Ok(written)
}
