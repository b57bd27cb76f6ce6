//! `cargo xtask interop --survey`: which readers of OpenAPI take the document without a warning, as it is published and with
//! the profile of each. Recorded in `spec/README.md`; no step of the suite.

mod installed;
mod prism;
mod request;
mod said;
mod tools;

use crate::job::{self, Job, stop::Stop};
use crate::profile;

use super::language::Language;
use super::{folder, markdown, toolkits};
use installed::TARGET;
use said::{Said, said};
use tools::Tool;

const HEAD: [&str; 4] = ["Reader", "Version", "As published", "With its profile"];

/// Surveys all readers. One that does not take the document with its profile, or plain where it has none, is a problem.
pub(super) fn in_job(job: &mut Job<'_>) -> Result<(), Stop> {
    installed::ensure(job)?;
    let mut rows = Vec::new();
    for language in Language::ALL {
        let toolkit = toolkits::of(language);
        writeln!(job.out, "\n-- {}", toolkit.generator())?;
        toolkit.install(job)?;
        folder::write_documents(job.root, language, toolkit.generator())?;
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
