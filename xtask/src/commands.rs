//! Runs a command and prints what came of it.

use std::{
    error::Error,
    fs, io,
    path::{Path, PathBuf},
    time::Instant,
};

use crate::{
    cli::{Cli, Command, Docs, LiveSite},
    demo,
    diff::{
        self,
        command::{FOUND, FailOn},
    },
    docs::{
        add::{self, Filed},
        import,
        lock::Origin,
        pull::{
            self,
            address::{ApiBase, Site},
            settings::Settings,
        },
    },
    interop, load, measure,
    output_files::State,
    profile, properties,
    publish::{json, markers},
    regen, release, suite,
};

/// How a command that did not fail ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// As it should.
    Done,
    /// It was to tell breaking changes, and there are some.
    Breaking,
    /// It was to compare, and there is a difference.
    Differs,
}

impl Outcome {
    /// The exit code; 1 is a failure or a wrong command line.
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Breaking => FOUND,
            Self::Differs => 3,
        }
    }
}

/// Runs the command on the tree below `root`.
///
/// # Errors
/// Whatever the command reports; the text says what to do.
pub fn run(root: &Path, cli: Cli) -> Result<Outcome, Box<dyn Error>> {
    match cli.command {
        Command::Diff {
            old,
            new,
            format,
            fail_on,
        } => {
            let told = diff::command::run(root, &old, &new, format)?;
            print!("{}", told.text);
            let fails = told.breaking && fail_on == Some(FailOn::Breaking);
            return Ok(if fails {
                Outcome::Breaking
            } else {
                Outcome::Done
            });
        }
        Command::Regen {
            draft: Some(folder),
            ..
        } => {
            for path in regen::draft(root, &folder)? {
                println!("{}", path.display());
            }
        }
        Command::Regen { check, draft: None } => regen_tree(root, check)?,
        Command::Demo => demo::run(root, &mut io::stdout(), || regen_tree(root, false))?,
        Command::Docs { command } => return docs(root, command),
        Command::Load { args } => load::run(root, &args)?,
        Command::Profile {
            name,
            provisional,
            output: Some(path),
        } => profile::write(root, &name, provisional, &path)?,
        Command::Profile {
            name,
            provisional,
            output: None,
        } => print!("{}", profile::document(root, &name, provisional)?),
        Command::Interop { survey: true, .. } => interop::run_survey(root, &mut io::stdout())?,
        Command::Interop { languages, .. } => interop::run(root, &languages, &mut io::stdout())?,
        Command::Properties => properties::run(root, &mut io::stdout())?,
        Command::Measure => measure::run(root, &mut io::stdout())?,
        Command::Release { against } => {
            release::run(root, against.as_deref(), &mut io::stdout())?;
        }
        Command::Test { list: true, .. } => print!("{}", suite::list()),
        Command::Test { only, list: false } => suite::run(root, &only, &mut io::stdout())?,
    }
    Ok(Outcome::Done)
}

fn regen_tree(root: &Path, check: bool) -> Result<(), Box<dyn Error>> {
    let start = Instant::now();
    let built = regen::build(root)?;
    for warning in &built.warnings {
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
        .filter(|(_, state)| *state != State::Unchanged)
        .map(|(output, state)| {
            let what = match state {
                State::Missing => "is missing",
                _ => "is not what the captures and overlays give",
            };
            format!("{}: {what}; run `cargo xtask regen`", output.path.display())
        })
        .collect();
    if check && !stale.is_empty() {
        return Err(stale.join("\n").into());
    }
    Ok(())
}

fn docs(root: &Path, command: Docs) -> Result<Outcome, Box<dyn Error>> {
    match command {
        Docs::Add {
            files,
            address,
            transcribed,
        } => {
            let origin = if transcribed {
                Origin::Transcribed
            } else {
                Origin::Saved
            };
            let added = add::add(root, &files, address.as_deref(), origin)?;
            for message in &added.messages {
                eprintln!("{message}");
            }
            for filed in &added.filed {
                match filed {
                    Filed::Added(name) => println!("added      {name}"),
                    Filed::Changed(name) => println!("changed    {name}"),
                    Filed::Moved(name) => {
                        println!("moved      {name}: the page has another address")
                    }
                    Filed::Unchanged(name) => println!("unchanged  {name}"),
                }
            }
            if added
                .filed
                .iter()
                .any(|filed| !matches!(filed, Filed::Unchanged(_)))
            {
                println!("next: cargo xtask regen");
            }
        }
        Docs::Pull { from } => {
            let report = pull::pull(root, &options(&from)?)?;
            print!("{report}");
            if report.differs() {
                println!("next: cargo xtask regen");
            }
        }
        Docs::Check { from } => {
            let report = pull::check(root, &options(&from)?)?;
            print!("{report}");
            if report.differs() {
                println!(
                    "nothing was written; next: cargo xtask docs pull --site {}",
                    from.site
                );
                return Ok(Outcome::Differs);
            }
        }
        Docs::Import {
            paths,
            output,
            keep_going,
        } => import_pages(&paths, output, keep_going)?,
    }
    Ok(Outcome::Done)
}

fn options(from: &LiveSite) -> Result<pull::Options, Box<dyn Error>> {
    Ok(pull::Options {
        site: Site::parse(&from.site)?,
        api: ApiBase::parse(&from.api_base)?,
        form: from.form,
        without: from.without.clone(),
        settings: Settings::default(),
    })
}

fn import_pages(
    paths: &[PathBuf],
    output: Option<PathBuf>,
    keep_going: bool,
) -> Result<(), Box<dyn Error>> {
    let mut imported = import::import(paths)?;
    for message in &imported.messages {
        eprintln!("{message}");
    }
    let partial = imported.is_partial();
    if !partial || keep_going {
        markers::strip(&mut imported.document);
        let text = json::to_json(&imported.document);
        match output {
            Some(path) => fs::write(&path, text)
                .map_err(|error| format!("{}: cannot be written: {error}", path.display()))?,
            None => print!("{text}"),
        }
    }
    if partial {
        return Err(if keep_going {
            "some pages could not be read; the rest was written".into()
        } else {
            "some pages could not be read; nothing was written (`--keep-going` writes the rest)"
                .into()
        });
    }
    Ok(())
}
