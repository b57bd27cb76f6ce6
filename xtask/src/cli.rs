//! The commands and their arguments.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::{
    diff::command::{FailOn, Format},
    docs::pull::CaptureFormat,
    interop::Language,
    release::ReleaseVersion,
    suite::Step,
};

/// Builds the OpenAPI document and the generated client from the captured documentation pages.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", max_term_width = 100)]
pub struct Cli {
    /// The folder of another vendor, with its own spec/ and crates/; for regen, curate, docs, profile, diff and changelog
    #[arg(long, value_name = "DIR")]
    pub vendor: Option<PathBuf>,
    /// The command to run.
    #[command(subcommand)]
    pub command: XtaskCommand,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum XtaskCommand {
    /// Generate the documents, the reports and the client from spec/docs and spec/overlays, offline
    Regen {
        /// Write nothing; list the stale files and fail if there are any
        #[arg(long)]
        check: bool,
        /// Exit with 2 if spec/REVIEW.md has an item; for releases
        #[arg(long)]
        strict: bool,
    },
    /// Print an overlay that decides the items of an operation in spec/REVIEW.md as they were assumed
    Curate {
        /// The operationId
        operation: String,
    },
    /// Regenerate the client, then demonstrate every operation against a sandbox on this machine
    Demo,
    /// Update spec/CHANGELOG.md: the changes since the document of the last release
    ///
    /// Needs oasdiff, which is installed with Go if it is missing.
    Changelog,
    /// Show the changes between two documents and their effect on users of the crates
    ///
    /// Needs oasdiff, which is installed with Go if it is missing.
    ///
    /// Exit code: 0; 1 if the documents cannot be compared; 2 if `--fail-on` matches a change.
    Diff {
        /// The old document: a JSON file, a git revision (its spec/openapi.json), or REVISION:PATH
        old: String,
        /// The new document, in the same notation
        new: String,
        /// The format of the report
        #[arg(long, value_enum, default_value_t = Format::Text)]
        format: Format,
        /// Exit with 2 if there is such a change
        #[arg(long, value_enum, value_name = "VERDICT")]
        fail_on: Option<FailOn>,
    },
    /// Work with captured pages
    Docs {
        /// The command to run.
        #[command(subcommand)]
        command: DocsCommand,
    },
    /// Run concurrent clients against a sandbox with injected faults, and verify that no payment is duplicated or lost
    Load {
        /// The arguments of the load program; `cargo xtask load -- --help` lists them
        #[arg(last = true, value_name = "ARGUMENT")]
        args: Vec<String>,
    },
    /// Write the document for one generator, with the overlay spec/profiles/NAME.yaml applied
    Profile {
        /// The generator
        name: String,
        /// Include the operations that the pages only name
        #[arg(long)]
        provisional: bool,
        /// The file to write [default: standard output]
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Generate clients in other languages and verify each against the sandbox
    Interop {
        /// Run only this language; can be repeated
        #[arg(long = "lang", value_name = "LANGUAGE")]
        languages: Vec<Language>,
    },
    /// Verify with schemathesis that the sandbox conforms to the document for valid and invalid requests
    Properties,
    /// Measure the cost of a dependency on stablelink: packages, clean build time, size of a small binary
    Measure,
    /// List what the published crates would break for their users, and package them; uploads nothing
    ///
    /// With a version, refuses one that is too small for the changes of the document or of a crate, and otherwise bumps the
    /// versions, moves the changelogs, writes the baseline, commits and tags.
    Release {
        /// The version to release, such as 0.2.0
        #[arg(long, value_name = "VERSION")]
        version: Option<ReleaseVersion>,
        /// The revision to compare with [default: the last tag]
        #[arg(long, value_name = "REVISION")]
        against: Option<String>,
    },
    /// Run the test suite, including its setup
    Test {
        /// Run only this step; can be repeated
        #[arg(long, value_name = "STEP")]
        only: Vec<Step>,
        /// List the steps
        #[arg(long)]
        list: bool,
    },
}

/// The commands for captured pages.
#[derive(Debug, Subcommand)]
pub enum DocsCommand {
    /// Add a page that was saved from a browser as text, or update it, with its entry in docs.lock
    Add {
        /// The saved pages
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        /// The address of the page, if it is not captured yet
        #[arg(long, value_name = "URL")]
        address: Option<String>,
        /// The pages are transcribed from known facts
        #[arg(long, conflicts_with = "saved")]
        transcribed: bool,
        /// The pages are saved from a browser [default, except for a transcribed capture edited in place]
        #[arg(long)]
        saved: bool,
    },
    /// Remove captures and their entries in docs.lock
    Remove {
        /// A page ID, or the file name of a capture
        #[arg(required = true, value_name = "PAGE")]
        pages: Vec<String>,
    },
    /// Delete the stand-ins whose pages are captured
    Prune {
        /// Only the stand-ins for these pages, such as "Trade / Get Trade List"
        #[arg(value_name = "PAGE")]
        pages: Vec<String>,
    },
    /// Count the captures by origin, evidence and site, the stand-ins for missing pages, and the items to review
    Status,
    /// Capture a live site as a whole and list the changes; on failure nothing is written
    Pull {
        /// The site and how to access it.
        #[command(flatten)]
        from: LiveSite,
    },
    /// List what `pull` would change, without writing; exit code 3 if the site differs from the captures
    Check {
        /// The site and how to access it.
        #[command(flatten)]
        from: LiveSite,
    },
    /// Run only the importer and write an OpenAPI 3.0.3 document
    Import {
        /// Pages, folders of pages, or OpenAPI exports of whole projects
        #[arg(required_unless_present = "explain", value_name = "PATH")]
        paths: Vec<PathBuf>,
        /// The shared schemas of a project, to which its published pages refer by number
        #[arg(long, value_name = "FILE")]
        schemas: Option<PathBuf>,
        /// Print each line of this file with the element that it became, and import nothing
        #[arg(long, value_name = "FILE", conflicts_with_all = ["paths", "output", "keep_going", "schemas"])]
        explain: Option<PathBuf>,
        /// The file to write [default: standard output]
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
        /// Write the readable operations even if others are unreadable
        #[arg(long)]
        keep_going: bool,
    },
}

impl XtaskCommand {
    /// Returns whether the command works on the folder of another vendor.
    pub fn takes_vendor(&self) -> bool {
        matches!(
            self,
            Self::Regen { .. }
                | Self::Curate { .. }
                | Self::Docs { .. }
                | Self::Profile { .. }
                | Self::Diff { .. }
                | Self::Changelog
        )
    }
}

/// A live documentation site.
#[derive(Debug, Args)]
pub struct LiveSite {
    /// The address of the documentation site: https, or http on this machine
    ///
    /// The default is each site of spec/vendor.toml. The address may have a path: a subdirectory, or the ID of a shared
    /// documentation. The password of a protected documentation is read from APIFOX_DOCS_PASSWORD, or asked for in a
    /// terminal.
    #[arg(long, value_name = "URL")]
    pub site: Option<String>,
    /// The server of the published JSON of such sites [default: api.apifox.com, api.apidog.com and the site itself]
    #[arg(long, value_name = "URL")]
    pub api_base: Option<String>,
    /// The form of the pages to capture [default: published JSON if the site has it]
    #[arg(long, value_name = "FORM")]
    pub form: Option<CaptureFormat>,
    /// The ID of the site for its OpenAPI export, a number; needs `--site`
    #[arg(
        long,
        value_name = "ID",
        requires = "site",
        required_if_eq("form", "export")
    )]
    pub site_id: Option<u64>,
    /// Keep the current capture of this page; can be repeated
    #[arg(long, value_name = "PAGE_ID")]
    pub without: Vec<String>,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn site_id_needs_its_site() {
        let parse = |site: &[&str]| {
            let pull = [
                "xtask",
                "docs",
                "pull",
                "--form",
                "export",
                "--site-id",
                "1",
            ];
            Cli::try_parse_from(pull.iter().chain(site)).map(|_| ())
        };
        parse(&["--site", "https://docs.example"]).unwrap();
        let error = parse(&[]).unwrap_err().to_string();
        assert!(error.contains("--site <URL>"), "{error}");
    }

    #[test]
    fn help_matches_the_snapshot() {
        let mut command = Cli::command();
        command.build();
        let mut text = command.render_long_help().to_string();
        let names = |command: &clap::Command| -> Vec<String> {
            let subcommands = command
                .get_subcommands()
                .filter(|sub| sub.get_name() != "help");
            subcommands.map(|sub| sub.get_name().to_owned()).collect()
        };
        for name in &names(&command) {
            let sub = command.find_subcommand_mut(name).unwrap();
            text.push_str(&format!("\n---- {name}\n{}", sub.render_long_help()));
        }
        let docs = command.find_subcommand_mut("docs").unwrap();
        for name in &names(docs) {
            let sub = docs.find_subcommand_mut(name).unwrap();
            text.push_str(&format!("\n---- docs {name}\n{}", sub.render_long_help()));
        }
        insta::assert_snapshot!("help", text);
    }
}
