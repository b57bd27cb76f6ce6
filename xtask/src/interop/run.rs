//! One language: install, generate, build, prove.

use std::fs;
use std::io;
use std::path::Path;
use std::time::Instant;

use serde_json::Value;

use crate::job::call::Call;
use crate::job::{Job, read, stop::Stop};
use crate::openapi;
use crate::sandbox::Sandbox;

use super::expected::{self, Check, Part};
use super::language::Language;
use super::table::Row;
use super::{folder, generator, judge, toolkits, witness};

/// Proves one language. What goes wrong is a problem of the job, and the next language can still be tried.
pub(super) fn one(job: &mut Job<'_>, language: Language, named: bool) -> Result<Row, Stop> {
    writeln!(job.out, "\n-- {}", language.title())?;
    let mut row = Row {
        language: language.title(),
        ..Row::default()
    };
    let outcome = match missing(job.root, language) {
        None => steps(job, language, &mut row),
        Some(what) => {
            row.generator = toolkits::of(language).generator().to_owned();
            row.missing = Some(what.to_owned());
            let text = format!("not tried: {what} is not on this machine");
            match named {
                true => Err(Stop(text)),
                false => {
                    job.note(format!("{}: {text}", language.title()));
                    Ok(())
                }
            }
        }
    };
    if let Err(Stop(reason)) = outcome {
        problem(job, language, &reason);
    }
    Ok(row)
}

fn problem(job: &mut Job<'_>, language: Language, text: &str) {
    job.problem(format!("{}: {text}", language.title()));
}

fn missing(root: &Path, language: Language) -> Option<&'static str> {
    let mut needs = toolkits::of(language).needs().into_iter();
    needs
        .find(|need| !(need.present)().succeeds_quietly(root))
        .map(|need| need.what)
}

fn steps(job: &mut Job<'_>, language: Language, row: &mut Row) -> Result<(), Stop> {
    let toolkit = toolkits::of(language);
    let version = toolkit.version(job.root)?;
    row.generator = format!("{} {version}", toolkit.generator());
    toolkit.install(job)?;

    let start = Instant::now();
    folder::write_documents(job.root, language, toolkit.generator())?;
    toolkit.prepare(job.root)?;
    for call in toolkit.generate() {
        let warnings = generate(job, language, &call)?;
        row.warnings = Some(row.warnings.unwrap_or_default() + warnings);
    }
    row.operations = Some(operations(job, language)?);
    for call in toolkit.build() {
        job.need(&call, "the generated code and the program must build")?;
    }

    let vectors = expected::of_vectors(job.root)?;
    let call = toolkit.program().args(["vectors", expected::VECTORS]);
    prove(job, language, &call, &vectors, row)?;

    let gateway = Sandbox::start(job.root, &[])?;
    let file = format!("{}/token", language.target());
    forget(&job.root.join(&file))?;
    // `renew` may start elsewhere: an absolute path names the same file everywhere.
    let file = job.root.join(file).to_string_lossy().into_owned();
    let call = gateway
        .told(toolkit.program().args(["flow"]))
        .hidden("STABLELINK_TOKEN_FILE", file);
    prove(job, language, &call, &expected::of_flow(), row)?;
    for text in witness::problems(&gateway.status()?) {
        problem(job, language, &text);
    }
    row.time = Some(start.elapsed());
    Ok(())
}

fn forget(file: &Path) -> io::Result<()> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Runs a generator; each of its warnings is a problem. How many there were.
fn generate(job: &mut Job<'_>, language: Language, call: &Call) -> Result<usize, Stop> {
    let log = format!("{}/generator.log", language.target());
    let written = generator::run(job, call, &log)?;
    if !written.success {
        // What it wrote stands above, and is no list of warnings.
        return Err(Stop(format!("failed: {call}")));
    }
    let mut warnings = 0;
    for line in written.lines {
        if toolkits::of(language).is_warning(&line) {
            problem(job, language, &format!("the generator warns: {line}"));
            warnings += 1;
        }
    }
    Ok(warnings)
}

/// The operations of both clients; fewer than the document has is a problem.
fn operations(job: &mut Job<'_>, language: Language) -> Result<[usize; 2], Stop> {
    let mut counts = [0; 2];
    for (provisional, count) in [false, true].into_iter().zip(&mut counts) {
        let file = folder::document(language, provisional);
        let document: Value = serde_json::from_str(&read(job.root, &file)?)
            .map_err(|error| Stop(format!("{file}: {error}")))?;
        let wanted = openapi::operations(&document)
            .iter()
            .filter(|operation| operation.section == "paths")
            .count();
        *count = toolkits::of(language).operations(job.root, provisional)?;
        if *count != wanted {
            problem(
                job,
                language,
                &format!("{count} operations were generated of the {wanted} of {file}"),
            );
        }
    }
    Ok(counts)
}

/// Runs the program and judges what it reports.
fn prove(
    job: &mut Job<'_>,
    language: Language,
    call: &Call,
    expected: &[Check],
    row: &mut Row,
) -> Result<(), Stop> {
    let log = job.root.join(language.target()).join("report.jsonl");
    let limited = job.timed(call, |job| {
        let start = Instant::now();
        call.limited_output(job.root, || start.elapsed() >= generator::LIMIT, &log)
    })?;
    let (success, text) = generator::ended(call, limited)?;
    let verdict = judge::judge(expected, &text, success);
    for text in &verdict.problems {
        problem(job, language, text);
    }
    for part in Part::ALL {
        if let Some(tally) = verdict.tallies.get(&part) {
            row.tallies[part as usize] = Some(*tally);
        }
    }
    Ok(())
}
