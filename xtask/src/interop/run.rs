//! Verifies one language: install, generate, build, run, verify.

use std::fs;
use std::io;
use std::time::Instant;

use serde_json::Value;

use crate::job::command::CommandLine;
use crate::job::{Job, error::JobError, read};
use crate::openapi;
use crate::sandbox::SandboxProcess;

use super::expectations::{self, ExpectedCheck, Part};
use super::language::Language;
use super::output::{self, TIME_LIMIT};
use super::table::LanguageRow;
use super::{toolkit, verify_report, verify_server};

/// Verifies one language. Its failures are problems of the job, so that the next language still runs. A missing toolchain is a
/// problem only if the language is `required`.
pub(super) fn run_language(
    job: &mut Job<'_>,
    language: Language,
    required: bool,
) -> Result<LanguageRow, JobError> {
    writeln!(job.out, "\n-- {}", language.title())?;
    let mut row = LanguageRow {
        language: language.title(),
        ..LanguageRow::default()
    };
    let toolkit = language.toolkit();
    let mut requirements = toolkit.requirements().into_iter();
    let missing = requirements.find(|part| !(part.probe)().succeeds(job.root));
    if let Some(missing) = missing {
        row.generator = toolkit.generator().to_owned();
        row.missing = Some(missing.name.to_owned());
        let text = format!("{}: not run: {} is missing", language.title(), missing.name);
        match required {
            true => job.problem(text),
            false => job.note(text),
        }
    } else if let Err(JobError(reason)) = run_steps(job, language, &mut row) {
        problem(job, language, &reason);
    }
    Ok(row)
}

fn problem(job: &mut Job<'_>, language: Language, text: &str) {
    job.problem(format!("{}: {text}", language.title()));
}

fn run_steps(job: &mut Job<'_>, language: Language, row: &mut LanguageRow) -> Result<(), JobError> {
    let toolkit = language.toolkit();
    let version = toolkit.version(job.root)?;
    row.generator = format!("{} {version}", toolkit.generator());
    toolkit.install(job)?;

    let start = Instant::now();
    toolkit::write_documents(job.root, language, toolkit.generator())?;
    toolkit.prepare(job.root)?;
    let mut warnings = 0;
    for command in toolkit.generate() {
        let log = format!("{}/generator.log", language.target());
        for line in output::run_generator(job, &command, &log)? {
            if toolkit.is_warning(&line) {
                problem(job, language, &format!("generator warning: {line}"));
                warnings += 1;
            }
        }
        row.warnings = Some(warnings);
    }
    row.operations = Some(count_operations(job, language)?);
    for command in toolkit.build() {
        job.require(&command, "the generated code and the program must build")?;
    }

    let vectors = expectations::vectors(job.root)?;
    let command = toolkit.program().args(["vectors", expectations::VECTORS]);
    run_program(job, language, &command, &vectors, row)?;

    // An absolute path, because `refresh` may run in another folder.
    let token_file = job.root.join(language.target()).join("token");
    let responses = expectations::responses(job.root)?;
    // The program replaces the gateway, so that nothing is sent to this address.
    let command = [
        ("STABLELINK_ENV", "http://gateway.invalid"),
        ("STABLELINK_API_KEY", "key"),
        ("STABLELINK_API_SECRET", "secret"),
        ("STABLELINK_SIGN_KEY", "sign"),
    ]
    .into_iter()
    .fold(
        toolkit
            .program()
            .args(["responses", expectations::RESPONSES]),
        |command, (name, value)| command.env(name, value),
    )
    .env("STABLELINK_TOKEN_FILE", token_file.to_string_lossy());
    run_program(job, language, &command, &responses, row)?;

    let sandbox = SandboxProcess::start(job, &[])?;
    match fs::remove_file(&token_file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
        _ => {}
    }
    let command = sandbox
        .configure(toolkit.program().args(["flow"]))
        .secret_env("STABLELINK_TOKEN_FILE", token_file.to_string_lossy());
    run_program(job, language, &command, &expectations::flow(), row)?;
    for text in verify_server::problems(&sandbox.status()?) {
        problem(job, language, &text);
    }
    row.duration = Some(start.elapsed());
    Ok(())
}

/// Counts the operations of both clients. A difference from the document is a problem.
fn count_operations(job: &mut Job<'_>, language: Language) -> Result<[usize; 2], JobError> {
    let mut counts = [0; 2];
    for (provisional, count) in [false, true].into_iter().zip(&mut counts) {
        let file = toolkit::generator_document(language, provisional);
        let document: Value = serde_json::from_str(&read(job.root, &file)?)
            .map_err(|error| JobError(format!("{file}: {error}")))?;
        let expected = openapi::operations(&document)
            .iter()
            .filter(|operation| operation.section == "paths")
            .count();
        *count = language.toolkit().count_operations(job.root, provisional)?;
        if *count != expected {
            let text = format!("{count} of the {expected} operations of {file} were generated");
            problem(job, language, &text);
        }
    }
    Ok(counts)
}

/// Runs the program and verifies its report.
fn run_program(
    job: &mut Job<'_>,
    language: Language,
    command: &CommandLine,
    expected: &[ExpectedCheck],
    row: &mut LanguageRow,
) -> Result<(), JobError> {
    let log = job.root.join(language.target()).join("report.jsonl");
    let output = job.timed(command, |job| {
        command.run_limited_stdout(job.root, TIME_LIMIT, &log)
    })?;
    let (success, text) = output::exited(command, output)?;
    let verified = verify_report::verify(expected, &text, success);
    for text in &verified.problems {
        problem(job, language, text);
    }
    for part in Part::ALL {
        if let Some(tally) = verified.tallies.get(&part) {
            row.tallies[part as usize] = Some(*tally);
        }
    }
    Ok(())
}
