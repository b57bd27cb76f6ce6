//! Assembles the pages named on the command line, in any format, and prints the document.
//!
//! A file whose name ends in `schemas.json` is the project's schema list. Diagnostics go to
//! standard error.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

fn main() -> std::io::Result<ExitCode> {
    let names: Vec<String> = std::env::args().skip(1).collect();
    let mut schemas = apifox::SchemaList::default();
    let mut diagnostics = Vec::new();
    for name in names.iter().filter(|name| name.ends_with("schemas.json")) {
        let (list, said) = apifox::SchemaList::parse(name, &std::fs::read(name)?);
        schemas = list;
        diagnostics.extend(said);
    }
    let begun = Instant::now();
    let mut pages = Vec::new();
    for name in names.iter().filter(|name| !name.ends_with("schemas.json")) {
        let text = std::fs::read(name)?;
        let key = Path::new(name)
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy();
        let source = apifox::PageSource {
            name,
            key: &key,
            role: apifox::PageRole::Auto,
            text: &text,
        };
        let read = apifox::parse_pages(&source, &schemas);
        pages.extend(read.pages);
        diagnostics.extend(read.diagnostics);
    }
    let info = apifox::DocumentInfo {
        title: "Pages".to_owned(),
        version: "1.0.0".to_owned(),
        description: None,
    };
    let assembly = apifox::assemble(&pages, &info);
    diagnostics.extend(assembly.diagnostics);
    let took = begun.elapsed();
    let mut error = std::io::stderr().lock();
    for message in &diagnostics {
        writeln!(error, "{message}")?;
    }
    let size = pages.len();
    writeln!(
        error,
        "{size} pages, {} messages, {:.2} s",
        diagnostics.len(),
        took.as_secs_f64()
    )?;
    serde_json::to_writer_pretty(std::io::stdout().lock(), &assembly.document)?;
    let failed = diagnostics.iter().any(apifox::Diagnostic::is_error);
    Ok(if failed {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}
