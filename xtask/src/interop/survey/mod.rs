//! `cargo xtask interop --survey`: which readers of OpenAPI take the document without a warning, as it is published and with
//! the profile of each. Recorded in `spec/README.md`; no step of the suite.

mod prism;
mod request;
mod tools;

use crate::job::call::Call;
use crate::job::{self, Job, node, stop::Stop};
use crate::profile;

use super::language::Language;
use super::{folder, generator, markdown};
use tools::Tool;

/// Where all that is surveyed is installed and writes to, below the root.
const TARGET: &str = "target/interop/survey";

/// Pins of what npm has of it.
const PINS: &str = "tests/interop/survey";

const HEAD: [&str; 4] = ["Reader", "Version", "As published", "With its profile"];

/// What a reader said of both documents.
#[derive(Default)]
struct Said {
    failed: bool,
    warnings: Vec<String>,
}

impl Said {
    fn is_clean(&self) -> bool {
        !self.failed && self.warnings.is_empty()
    }

    fn cell(&self) -> String {
        let count = match self.warnings.len() {
            0 => "no warning".to_owned(),
            1 => "1 warning".to_owned(),
            count => format!("{count} warnings"),
        };
        match self.failed {
            true => format!("fails, {count}"),
            false => count,
        }
    }
}

/// Surveys all readers. One that does not take the document with its profile, or plain where it has none, is a problem.
pub(super) fn in_job(job: &mut Job<'_>) -> Result<(), Stop> {
    node::ensure(job, TARGET, PINS)?;
    let mut rows = Vec::new();
    for language in Language::ALL {
        let toolkit = language.toolkit();
        writeln!(job.out, "\n-- {}", toolkit.generator())?;
        toolkit.install(job)?;
        folder::write_documents(job.root, language)?;
        toolkit.prepare(job.root)?;
        let made = format!("{TARGET}/out/{}", language.name());
        job::empty(&job.root.join(&made))?;
        let plain = toolkit.generate_plain(job.root, &made);
        let plain = said(job, &plain, |line| toolkit.is_warning(line))?;
        let profiled = match has_profile(job, toolkit.generator())? {
            true => Some(said(job, &toolkit.generate(), |line| {
                toolkit.is_warning(line)
            })?),
            false => None,
        };
        let version = toolkit.version(job.root)?;
        rows.push(row(job, toolkit.generator(), version, plain, profiled)?);
    }
    for tool in &tools::ALL {
        writeln!(job.out, "\n-- {}", tool.name)?;
        let plain = read_by(job, tool, false)?;
        let profiled = match has_profile(job, tool.profile)? {
            true => Some(read_by(job, tool, true)?),
            false => None,
        };
        let version = tool.version(job.root)?;
        rows.push(row(job, tool.name, version, plain, profiled)?);
    }
    write!(job.out, "\n{}", markdown::table(HEAD, &rows))?;
    job.out.flush()?;
    Ok(())
}

fn has_profile(job: &Job<'_>, name: &str) -> Result<bool, Stop> {
    let names = profile::names(job.root).map_err(|error| Stop(error.to_string()))?;
    Ok(names.iter().any(|there| there == name))
}

fn row(
    job: &mut Job<'_>,
    name: &str,
    version: String,
    plain: Said,
    profiled: Option<Said>,
) -> Result<[String; HEAD.len()], Stop> {
    let last = profiled.as_ref().unwrap_or(&plain);
    if !last.is_clean() {
        job.problem(format!("{name}: {}", last.cell()));
        for warning in &last.warnings {
            job.problem(format!("{name}: {warning}"));
        }
    }
    let with_profile = profiled.map_or_else(|| "needs none".to_owned(), |said| said.cell());
    Ok([name.to_owned(), version, plain.cell(), with_profile])
}

/// Runs the commands of a generator for both documents.
fn said(
    job: &mut Job<'_>,
    calls: &[Call],
    is_warning: impl Fn(&str) -> bool,
) -> Result<Said, Stop> {
    let mut said = Said::default();
    for call in calls {
        let written = generator::run(job, call, &format!("{TARGET}/log"))?;
        said.failed |= !written.success;
        let warnings = written.lines.into_iter().filter(|line| is_warning(line));
        said.warnings.extend(warnings);
    }
    Ok(said)
}

/// Lets a tool read both documents, plain or with its profile.
fn read_by(job: &mut Job<'_>, tool: &Tool, profiled: bool) -> Result<Said, Stop> {
    let mut all = Said::default();
    for provisional in [false, true] {
        let document = match profiled {
            false => folder::plain(provisional).to_owned(),
            true => {
                let to = format!("{TARGET}/{}.{provisional}.json", tool.profile);
                profile::write(job.root, tool.profile, provisional, &job.root.join(&to))
                    .map_err(|error| Stop(error.to_string()))?;
                to
            }
        };
        let one = (tool.read)(job, &document)?;
        all.failed |= one.failed;
        all.warnings.extend(one.warnings);
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_tells_failure_and_warnings() {
        let said = |failed, count| Said {
            failed,
            warnings: vec!["w".to_owned(); count],
        };
        for (said, cell, clean) in [
            (said(false, 0), "no warning", true),
            (said(false, 1), "1 warning", false),
            (said(true, 0), "fails, no warning", false),
            (said(true, 2), "fails, 2 warnings", false),
        ] {
            assert_eq!((said.cell().as_str(), said.is_clean()), (cell, clean));
        }
    }
}
