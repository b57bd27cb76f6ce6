//! `cargo xtask regen`: generates the documents and the client from the captures, in memory.
//!
//! [`build`] has the stages in order: captures, assembled document, overlays, lint, client, reports.

pub mod links;
mod losses;
pub(crate) mod outdated_methods;
pub mod summary;

use std::path::Path;

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
    openapi::{Document, is_true},
    output_files::OutputFiles,
    overlay::{
        self, Overlay, OverlayError, OverlayTrace, StaleAction, StaleActions, SupersededStandIn,
    },
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
    /// Overlay actions that mark a secret are stale.
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
    /// The stand-ins whose page is captured.
    pub superseded: Vec<SupersededStandIn>,
}

/// Generates all output files from the files below `root`, without writing them.
///
/// # Errors
/// See [`RegenError`]; each message has the file, the place and a help text.
pub fn build(root: &Path) -> Result<RegenOutput, RegenError> {
    let vendor = Vendor::read(root)?;
    let captures = captures::load(root)?;
    let (mut raw, mut warnings) = assemble(&captures, &vendor)?;
    let (overlays, provisional) = overlay::load_all(root)?;
    overlay::recognize_retitled_pages(&mut raw, &provisional);
    let (mut overlaid, stale) = OverlaidDocuments::make(&raw, &overlays, &provisional);
    let (secrets, mut stale): (Vec<_>, Vec<_>) = stale
        .into_iter()
        .partition(|it| it.is_secret && !lint::is_secret_by_name(&it.target));
    if !secrets.is_empty() {
        return Err(StaleActions { actions: secrets }.into());
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
        overlaid.for_typed_client(&raw, &overlays, &provisional);
    warnings.extend(
        overlaid
            .superseded
            .iter()
            .map(|it| report_superseded(it, &overlaid.superset)),
    );
    let outcome = profile::apply_lenient(&mut for_superset, &profile);
    traces.push(outcome.trace);
    stale.extend(outcome.stale);
    profile::apply_lenient(&mut for_published, &profile);
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
            let outcome = profile::apply_lenient(&mut overlaid.superset.clone(), &other);
            traces.push(outcome.trace);
            stale.extend(outcome.stale);
        }
    }

    let current = Document::new(&overlaid.superset);
    let imported = Document::new(&raw);
    let mut lost = losses::unlisted_values(&imported, &current);
    lost.extend(losses::other_types(&imported, &current));
    for trace in overlaid.traces.iter().chain(&traces) {
        lost.extend(losses::unmatched_names(trace));
        lost.extend(trace.joined.iter().cloned());
    }
    let review = Review {
        findings: to_review,
        losses: lost,
        stale,
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
        evidence_report::report(&captures.lock, &overlaid.superset, &overlaid.traces),
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
        superseded: overlaid.superseded,
    })
}

/// The documents after the overlays, still with the markers of the importer, and the traces.
#[derive(Debug)]
pub struct OverlaidDocuments {
    /// The documented and partial operations.
    pub published: Value,
    /// The published document and the inferred operations.
    pub superset: Value,
    /// The traces of the overlays.
    pub traces: Vec<OverlayTrace>,
    /// The stand-ins whose page is captured.
    pub superseded: Vec<SupersededStandIn>,
}

impl OverlaidDocuments {
    /// Applies the overlays to the document of the pages, then the stand-ins, and then the overlay actions on
    /// operations that only stand-ins describe. Skips stale actions and returns them.
    fn make(raw: &Value, overlays: &[Overlay], stand_ins: &[Overlay]) -> (Self, Vec<StaleAction>) {
        let mut published = raw.clone();
        let documented = overlay::apply_lenient(&mut published, overlays);
        let mut superset = published.clone();
        let inferred = overlay::apply_lenient(&mut superset, stand_ins);
        let deferred: Vec<Overlay> = [documented.deferred, inferred.deferred].concat();
        let curated = overlay::apply_lenient(&mut superset, &deferred);
        let mut stale = [documented.stale, inferred.stale, curated.stale].concat();
        stale.extend(
            curated
                .deferred
                .iter()
                .flat_map(overlay::unknown_operations),
        );
        evidence::mark_inferred(&mut superset);
        for document in [&mut published, &mut superset] {
            lint::normalize_envelopes(document);
            cleanup::settle_references(document);
            order::arrange(document);
        }
        let overlaid = Self {
            published,
            superset,
            traces: vec![documented.trace, inferred.trace, curated.trace],
            superseded: inferred.superseded,
        };
        (overlaid, stale)
    }

    /// Returns the superset and the published document for the typed client, in which a superseded stand-in keeps its
    /// types until it is pruned. Marks the operations whose methods are [outdated](outdated_methods).
    fn for_typed_client(
        &mut self,
        raw: &Value,
        overlays: &[Overlay],
        stand_ins: &[Overlay],
    ) -> (Value, Value) {
        if self.superseded.is_empty() {
            return (self.superset.clone(), self.published.clone());
        }
        let pages: Vec<&str> = self.superseded.iter().map(|it| it.page.as_str()).collect();
        let raw = overlay::without_pages(raw, &pages);
        let (mut kept, _) = Self::make(&raw, overlays, stand_ins);
        kept.assume_defaults();
        let outdated = outdated_methods::follow_pages(&mut kept.superset, &self.superset, &pages);
        for document in [&mut self.superset, &mut self.published] {
            outdated_methods::mark(document, &outdated);
        }
        (kept.superset, kept.published)
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

/// Returns the line of the report for a stand-in whose page is captured.
fn report_superseded(stand_in: &SupersededStandIn, superset: &Value) -> Diagnostic {
    let text = format!("the page of the stand-in `{}` is captured", stand_in.page);
    let operation = overlay::operation_of_page(superset, &stand_in.page);
    let is_outdated =
        operation.is_some_and(|it| is_true(it.value, outdated_methods::OUTDATED_METHOD));
    let help = if is_outdated {
        "its request fields differ: the typed method is not sent, call the operation by its ID; after `cargo xtask docs \
         prune` the typed client has the fields of the page"
    } else {
        "the typed method is sent as on the page; after `cargo xtask docs prune` the typed client has the types of the page"
    };
    let line = stand_in.lines.first().copied();
    Diagnostic::warning(&stand_in.file, line, text).with_help(help)
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
