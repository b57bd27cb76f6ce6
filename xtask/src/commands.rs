//! Runs a command and prints its result.

use std::{
    error::Error,
    fs, io,
    path::{Path, PathBuf},
    time::Instant,
};

use crate::{
    cli::{Cli, DocsCommand, LiveSite, XtaskCommand},
    demo,
    diff::{
        self,
        command::{FOUND, FailOn},
        oasdiff::Oasdiff,
    },
    docs::{
        add::{self, AddedPage},
        captures, import,
        lock::CaptureOrigin,
        prune,
        pull::{
            self, PullOptions,
            address::{ApiBase, Site},
            error::PullError,
            password,
            settings::PullSettings,
        },
        remove, status,
    },
    interop,
    job::{command::CommandLine, error::JobError},
    measure,
    output_files::FileState,
    overlay, profile, properties,
    publish::{cleanup, format},
    regen, release, suite,
    vendor::{Vendor, VendorError},
};

/// The result of a command that did not fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommandOutcome {
    /// Success.
    Done,
    /// `diff --fail-on breaking` found a breaking change.
    Breaking,
    /// `docs check` found a difference.
    Differs,
    /// `regen --strict` found an item to review.
    NeedsReview,
}

impl CommandOutcome {
    /// Returns the exit code. 1 means a failure or an invalid command line.
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Breaking => FOUND,
            Self::NeedsReview => 2,
            Self::Differs => 3,
        }
    }
}

/// Runs the command on the tree below `root`.
///
/// # Errors
/// The error of the command. The message includes how to fix the error.
pub fn run(root: &Path, cli: Cli) -> Result<CommandOutcome, Box<dyn Error>> {
    match cli.command {
        XtaskCommand::Diff {
            old,
            new,
            format,
            fail_on,
        } => {
            let oasdiff = Oasdiff::find_or_install(root)?;
            let report = diff::command::run(root, &oasdiff, &old, &new, format)?;
            print!("{}", report.text);
            let fails = report.is_breaking && fail_on == Some(FailOn::Breaking);
            return Ok(if fails {
                CommandOutcome::Breaking
            } else {
                CommandOutcome::Done
            });
        }
        XtaskCommand::Changelog => {
            let has_changed =
                diff::command::update_changelog(root, &Oasdiff::find_or_install(root)?)?;
            let state = if has_changed { "updated" } else { "unchanged" };
            println!("{}: {state}", diff::changelog::FILE);
        }
        XtaskCommand::Regen { check, strict } => {
            let needs_review = regen_tree(root, check)?;
            if strict && needs_review {
                return Ok(CommandOutcome::NeedsReview);
            }
        }
        XtaskCommand::Curate { operation } => {
            let built = regen::build(root)?;
            match built.review.overlay(&built.superset, &operation) {
                Some(overlay) => print!("{overlay}"),
                None => println!("# {operation}: spec/REVIEW.md has no item"),
            }
        }
        XtaskCommand::Demo => demo::run(root, &mut io::stdout(), || {
            regen_tree(root, false).map(|_| ())
        })?,
        XtaskCommand::Docs { command } => return docs(root, command),
        XtaskCommand::Load { args } => load(root, &args)?,
        XtaskCommand::Profile {
            name,
            provisional,
            output: Some(path),
        } => profile::write(root, &name, provisional, &path)?,
        XtaskCommand::Profile {
            name,
            provisional,
            output: None,
        } => print!("{}", profile::document(root, &name, provisional)?),
        XtaskCommand::Interop { languages } => interop::run(root, &languages, &mut io::stdout())?,
        XtaskCommand::Properties => properties::run(root, &mut io::stdout())?,
        XtaskCommand::Measure => measure::run(root, &mut io::stdout())?,
        XtaskCommand::Release { version, against } => {
            release::run(root, against.as_deref(), version, &mut io::stdout())?;
        }
        XtaskCommand::Test { list: true, .. } => print!("{}", suite::list()),
        XtaskCommand::Test { only, list: false } => suite::run(root, &only, &mut io::stdout())?,
    }
    Ok(CommandOutcome::Done)
}

/// Generates the files. Returns whether there is an item to review.
fn regen_tree(root: &Path, check: bool) -> Result<bool, Box<dyn Error>> {
    let start = Instant::now();
    let built = regen::build(root)?;
    for warning in built.warnings.iter().chain(&built.review.losses) {
        eprintln!("{warning}");
    }
    let states = if check {
        built.outputs.compare(root)?
    } else {
        built.outputs.write(root)?
    };
    let done = if check { "stale" } else { "wrote" };
    print!("{}", built.summary.table(&states, done, start.elapsed()));
    let stale: Vec<String> = states
        .iter()
        .filter(|(_, state)| *state != FileState::Unchanged)
        .map(|(output, state)| {
            let problem = match state {
                FileState::Missing => "is missing",
                _ => "is stale",
            };
            format!(
                "{}: {problem}; run `cargo xtask regen`",
                output.path.display()
            )
        })
        .collect();
    if check && !stale.is_empty() {
        return Err(stale.join("\n").into());
    }
    Ok(!built.review.is_empty())
}

/// Builds the load program in release mode and runs it. This package may not depend on it, because it links the generated client.
fn load(root: &Path, args: &[String]) -> Result<(), JobError> {
    // The load program is built alone: other packages would turn on features of serde_json that
    // most users do not have.
    let command =
        CommandLine::cargo("run --release --locked --package stablelink-tests --bin load --")
            .args(args);
    match command.run(root)? {
        true => Ok(()),
        false => Err(JobError(
            "the load test failed; see its output above".to_owned(),
        )),
    }
}

fn docs(root: &Path, command: DocsCommand) -> Result<CommandOutcome, Box<dyn Error>> {
    match command {
        DocsCommand::Add {
            files,
            address,
            transcribed,
            saved,
        } => {
            let origin = match (transcribed, saved) {
                (true, _) => Some(CaptureOrigin::Transcribed),
                (_, true) => Some(CaptureOrigin::Saved),
                _ => None,
            };
            let added = add::add(root, &files, address.as_deref(), origin)?;
            for message in &added.messages {
                eprintln!("{message}");
            }
            for filed in &added.pages {
                match filed {
                    AddedPage::Added(name) => println!("added      {name}"),
                    AddedPage::Changed(name) => println!("changed    {name}"),
                    AddedPage::Moved(name) => {
                        println!("moved      {name}: the page has another address")
                    }
                    AddedPage::Unchanged(name) => println!("unchanged  {name}"),
                }
            }
            if added
                .pages
                .iter()
                .any(|filed| !matches!(filed, AddedPage::Unchanged(_)))
            {
                println!("next: cargo xtask regen");
            }
        }
        DocsCommand::Remove { pages } => {
            for file in remove::remove(root, &pages)? {
                println!("removed    {file}");
            }
            println!("next: cargo xtask regen");
        }
        DocsCommand::Prune { pages } => {
            for stand_in in prune::prune(root, &pages)? {
                println!(
                    "deleted    {}:{}  {}",
                    stand_in.file,
                    stand_in.lines.first().copied().unwrap_or_default(),
                    stand_in.page
                );
            }
        }
        DocsCommand::Status => {
            let (mut overlays, provisional) = overlay::load_all(root)?;
            overlays.extend(provisional);
            print!("{}", status::status(&captures::load(root)?, &overlays));
            match regen::build(root) {
                Ok(built) => println!("review     {} items in spec/REVIEW.md", built.review.len()),
                Err(_) => println!("review     unknown: `cargo xtask regen` fails"),
            }
        }
        DocsCommand::Pull { from } => {
            let mut written = Vec::new();
            for site in sites(root, &from)? {
                let report = with_password(&site, &from, |options| pull::pull(root, options));
                let report = report.map_err(|error| match written.as_slice() {
                    [] => error,
                    written => failed_after(error.as_ref(), written).into(),
                })?;
                print!("{report}");
                if report.differs() {
                    written.push(site);
                }
            }
            if !written.is_empty() {
                println!("next: cargo xtask regen");
            }
        }
        DocsCommand::Check { from } => {
            let mut differs = false;
            for site in sites(root, &from)? {
                let report = with_password(&site, &from, |options| pull::check(root, options))?;
                print!("{report}");
                if report.differs() {
                    println!(
                        "nothing was written; next: cargo xtask docs pull, with the same options"
                    );
                }
                differs |= report.differs();
            }
            if differs {
                return Ok(CommandOutcome::Differs);
            }
        }
        DocsCommand::Import {
            explain: Some(file),
            ..
        } => print!("{}", import::explain(&file)?),
        DocsCommand::Import {
            paths,
            schemas,
            output,
            keep_going,
            ..
        } => import_pages(&paths, schemas.as_deref(), output, keep_going)?,
    }
    Ok(CommandOutcome::Done)
}

/// Returns the sites to pull: the given one, or those of the vendor.
fn sites(root: &Path, from: &LiveSite) -> Result<Vec<String>, VendorError> {
    match &from.site {
        Some(site) => Ok(vec![site.clone()]),
        None => Ok(Vendor::read(root)?.sites),
    }
}

/// Returns the message for a site that fails after the captures of others were written.
fn failed_after(error: &dyn Error, written: &[String]) -> String {
    let written = written.join(", ");
    format!(
        "{error}\n  note: the captures of these sites were written before: {written}; next: cargo xtask regen"
    )
}

fn options(site: &str, from: &LiveSite) -> Result<PullOptions, PullError> {
    let site = Site::parse(site)?;
    Ok(PullOptions {
        api: match &from.api_base {
            Some(base) => vec![ApiBase::parse(base)?],
            None => ApiBase::candidates(&site),
        },
        site,
        form: from.form,
        site_id: from.site_id,
        password: password::from_environment(),
        without: from.without.clone(),
        settings: PullSettings::default(),
    })
}

/// Runs a command on a live site. If the site requires a password, asks for it once.
fn with_password<T>(
    site: &str,
    from: &LiveSite,
    run: impl Fn(&PullOptions) -> Result<T, PullError>,
) -> Result<T, Box<dyn Error>> {
    let mut options = options(site, from)?;
    match run(&options) {
        Err(error @ PullError::PasswordRequired { .. }) => {
            let Some(password) = password::prompt()? else {
                return Err(error.into());
            };
            options.password = Some(password);
            Ok(run(&options)?)
        }
        result => Ok(result?),
    }
}

fn import_pages(
    paths: &[PathBuf],
    schemas: Option<&Path>,
    output: Option<PathBuf>,
    keep_going: bool,
) -> Result<(), Box<dyn Error>> {
    let mut imported = import::import(paths, schemas)?;
    for message in &imported.messages {
        eprintln!("{message}");
    }
    eprintln!("{}", imported.summary);
    let partial = imported.is_partial();
    if !partial || keep_going {
        cleanup::strip_markers(&mut imported.document);
        let text = format::to_json(&imported.document);
        match output {
            Some(path) => fs::write(&path, text)
                .map_err(|error| format!("{}: cannot write: {error}", path.display()))?,
            None => print!("{text}"),
        }
    }
    if partial {
        return Err(if keep_going {
            "some pages are unreadable; the other pages were written".into()
        } else {
            "some pages are unreadable; nothing was written (`--keep-going` writes the other pages)"
                .into()
        });
    }
    Ok(())
}
