//! `cargo xtask regen`: generates the documents and the client from the captures, in memory.
//!
//! [`build`] has the stages in order: captures, assembled document, overlays, lint, client, reports.

pub mod links;
mod losses;
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
    },
    lint::{self, Finding, FindingLevel},
    openapi::Document,
    output_files::OutputFiles,
    overlay::{self, OverlayContext, OverlayError, OverlayTrace, StaleAction, StaleActions},
    profile::{self, ProfileError},
    publish::{
        cleanup, evidence_report,
        format::{self, YamlError},
        operations_table, order,
        review::{self, Review},
    },
    vendor::{self, Vendor, VendorError},
};
use summary::Summary;

const PROFILE: &str = "progenitor";

/// The reason why the output files cannot be generated. No file was changed.
#[derive(Debug, thiserror::Error)]
pub enum RegenError {
    /// The captures cannot be used.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The vendor is unknown, or its signing rule is missing.
    #[error(transparent)]
    Vendor(#[from] VendorError),
    /// A page cannot be read, or two contradict each other.
    #[error("{}", lines(.0))]
    Pages(Vec<Diagnostic>),
    /// An overlay is malformed.
    #[error(transparent)]
    Overlay(#[from] OverlayError),
    /// A profile cannot be used.
    #[error(transparent)]
    Profile(#[from] ProfileError),
    /// Overlay actions are stale.
    #[error(transparent)]
    Stale(#[from] StaleActions),
    /// The documents violate lint rules.
    #[error("{}", lines(.0))]
    Findings(Vec<Finding>),
    /// The client cannot be generated.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The document cannot be written as YAML.
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
    /// The draft folder is inside the repository.
    #[error(
        "{}: is inside the repository; a draft has text that no overlay corrected, so use a folder outside it",
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

/// The output files of a run, and its counts.
#[derive(Debug)]
pub struct RegenOutput {
    /// The files, not yet written.
    pub outputs: OutputFiles,
    /// The superset document without the markers of the importer.
    pub superset: Value,
    /// The counts.
    pub summary: Summary,
    /// The warnings of the importer, and changes since the last run that are easy to miss.
    pub warnings: Vec<Diagnostic>,
    /// The assumptions of the run, and the items that the documents lack.
    pub review: Review,
}

/// Generates all output files from the files below `root`, without writing them.
///
/// # Errors
/// See [`RegenError`]; each message has the file, the place and a help text.
pub fn build(root: &Path) -> Result<RegenOutput, RegenError> {
    let vendor = Vendor::read(root)?;
    let captures = captures::load(root)?;
    let (raw, mut warnings) = assemble(&captures, &vendor)?;
    let (mut overlaid, stale) = OverlaidDocuments::make(root, &raw, &captures)?;
    if !stale.is_empty() {
        return Err(StaleActions { actions: stale }.into());
    }

    let to_review = overlaid.assume_defaults();
    let mut findings = lint::check_document(&overlaid.published);
    for finding in lint::check_document(&overlaid.superset) {
        if !findings.contains(&finding) {
            findings.push(finding);
        }
    }
    findings.retain(|finding| finding.level != FindingLevel::Proposed);
    if !findings.is_empty() {
        return Err(RegenError::Findings(findings));
    }

    let mut traces = Vec::new();
    let profile = profile::load(root, PROFILE)?;
    let (mut for_superset, mut for_published) =
        (overlaid.superset.clone(), overlaid.published.clone());
    traces.push(profile::apply_to_superset(&mut for_superset, &profile)?);
    profile::apply_to_published(&mut for_published, &profile);
    for document in [&mut for_superset, &mut for_published] {
        let findings = lint::check_generator_input(document);
        if !findings.is_empty() {
            return Err(RegenError::Findings(findings));
        }
        links::add(document, &captures.lock);
        cleanup::strip_markers(document);
    }
    let sources = client::generate(&for_superset, &for_published)?;

    // The profiles of other generators are applied only to detect stale actions.
    for name in profile::names(root)? {
        if name != PROFILE {
            let other = profile::load(root, &name)?;
            let mut document = overlaid.superset.clone();
            traces.push(profile::apply_to_superset(&mut document, &other)?);
        }
    }

    let current = Document::new(&overlaid.superset);
    let imported = Document::new(&raw);
    let mut lost = losses::unlisted_values(&imported, &current);
    lost.extend(losses::other_types(&imported, &current));
    for trace in [&overlaid.trace, &overlaid.provisional_trace]
        .into_iter()
        .chain(&traces)
    {
        lost.extend(losses::unmatched_names(trace));
    }
    let review = Review {
        findings: to_review,
        losses: lost,
    };
    // Without a document of an earlier run there is nothing to compare with.
    if let Ok(previous) = profile::read(root, profile::SUPERSET) {
        warnings.extend(losses::changes(&Document::new(&previous), &current));
    }

    let (mut published, mut superset) = (overlaid.published.clone(), overlaid.superset.clone());
    cleanup::strip_markers(&mut published);
    cleanup::strip_markers(&mut superset);
    vendor.check_signing(&published)?;
    let mut outputs = OutputFiles::default();
    vendor::add_crate_files(root, &vendor, &mut outputs);
    outputs.add("spec/openapi.json", format::to_json(&published));
    outputs.add("spec/openapi.yaml", format::to_yaml(&published)?);
    outputs.add("spec/openapi.provisional.json", format::to_json(&superset));
    outputs.add(
        "spec/EVIDENCE.md",
        evidence_report::report(
            &captures.lock,
            &overlaid.superset,
            &[&overlaid.trace, &overlaid.provisional_trace],
        ),
    );
    outputs.add(vendor.source("generated.rs"), sources.generated);
    outputs.add(vendor.source("open_enums.rs"), sources.open_enums);
    outputs.add(
        vendor.source("operations/table.rs"),
        client::operations(&superset, &published)?,
    );
    outputs.add(operations_table::FILE, operations_table::table(&superset));
    outputs.add(review::FILE, review.report(&superset));
    let summary = Summary::count(
        &captures.lock,
        &published,
        &superset,
        &overlaid,
        review.len(),
    );
    Ok(RegenOutput {
        outputs,
        summary,
        warnings,
        review,
        superset,
    })
}

/// The documents after the overlays, still with the markers of the importer, and the traces.
#[derive(Debug)]
pub struct OverlaidDocuments {
    /// The documented and partial operations.
    pub published: Value,
    /// The published document and the inferred operations.
    pub superset: Value,
    /// The trace of the overlays.
    pub trace: OverlayTrace,
    /// The trace of the provisional overlays.
    pub provisional_trace: OverlayTrace,
}

impl OverlaidDocuments {
    /// Applies the overlays of the repository and skips stale actions, which it returns.
    fn make(
        root: &Path,
        raw: &Value,
        captures: &Captures,
    ) -> Result<(Self, Vec<StaleAction>), OverlayError> {
        let context = OverlayContext {
            page_titles: captures.page_titles(),
        };
        let (overlays, provisional) = overlay::load_all(root)?;
        let mut published = raw.clone();
        let (trace, mut stale) = overlay::apply_lenient(&mut published, &overlays, &context);
        let mut superset = published.clone();
        let (provisional_trace, stale_provisional) =
            overlay::apply_lenient(&mut superset, &provisional, &context);
        stale.extend(stale_provisional);
        evidence::mark_inferred(&mut superset);
        for document in [&mut published, &mut superset] {
            cleanup::settle_references(document);
            order::arrange(document);
        }
        let overlaid = Self {
            published,
            superset,
            trace,
            provisional_trace,
        };
        Ok((overlaid, stale))
    }

    /// Applies the defaults of the findings that no overlay settles, and returns the assumptions.
    /// The published document gets the defaults of the superset, so that the items of both are
    /// equal.
    fn assume_defaults(&mut self) -> Vec<Finding> {
        let assumed = lint::assume_defaults(&mut self.superset);
        lint::apply_defaults(&mut self.published, &assumed);
        for document in [&mut self.published, &mut self.superset] {
            cleanup::settle_references(document);
            order::arrange(document);
        }
        assumed
    }
}

/// Assembles the document of the importer and adds the evidence of the lock.
fn assemble(captures: &Captures, vendor: &Vendor) -> Result<(Value, Vec<Diagnostic>), RegenError> {
    let assembly = apifox::assemble(
        &captures.pages,
        &DocumentInfo {
            title: vendor.name.clone(),
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
    evidence::move_page_security(&mut document);
    Ok((document, warnings))
}

/// Writes the documents without the stale actions to a folder outside the repository, with a list of
/// these actions. The draft shows how the pages changed.
///
/// # Errors
/// Fails if the captures or overlays cannot be read, or if the folder cannot be written or is inside
/// the repository.
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
    let (raw, _) = assemble(&captures, &Vendor::read(root)?)?;
    let (overlaid, stale) = OverlaidDocuments::make(root, &raw, &captures)?;
    let mut left_out = String::new();
    for action in stale {
        let _ = writeln!(left_out, "{action}");
    }
    let files = [
        ("imported.json", format::to_json(&raw)),
        ("openapi.json", format::to_json(&overlaid.published)),
        (
            "openapi.provisional.json",
            format::to_json(&overlaid.superset),
        ),
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
