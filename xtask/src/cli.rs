//! The commands and their arguments.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::{
    diff::command::{FailOn, Format},
    docs::pull::{Form, address::ApiBase},
    interop::Language,
    suite::Step,
};

/// Builds the OpenAPI document and the generated client from the captured documentation pages.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", max_term_width = 100)]
pub struct Cli {
    /// The command to run.
    #[command(subcommand)]
    pub command: Command,
}

/// What can be done.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make the documents, the report and the client from spec/docs and spec/overlays, offline
    Regen {
        /// Write nothing; name each file that is stale and fail
        #[arg(long, conflicts_with = "draft")]
        check: bool,
        /// Leave stale overlay actions out and write the documents to a folder outside the tree
        #[arg(long, value_name = "DIR")]
        draft: Option<PathBuf>,
    },
    /// Regenerate from the docs, then walk through everything on a gateway of this machine
    Demo,
    /// Tell what changed between two documents for those who depend on the crate
    ///
    /// Exit code: 0, or 2 where `--fail-on` found its kind, or 1 where the documents cannot be compared.
    Diff {
        /// The document before: a JSON file, a git revision (its spec/openapi.json), or REVISION:PATH
        old: String,
        /// The document after, named likewise
        new: String,
        /// The form of the report
        #[arg(long, value_enum, default_value_t = Format::Text)]
        format: Format,
        /// Exit with 2 where there is one
        #[arg(long, value_enum, value_name = "VERDICT")]
        fail_on: Option<FailOn>,
    },
    /// Work on captured pages
    Docs {
        /// What to do with them.
        #[command(subcommand)]
        command: Docs,
    },
    /// Let many clients work on a gateway that fails, and prove that no money was doubled or lost
    Load {
        /// What the load program takes; `cargo xtask load -- --help` lists it
        #[arg(last = true, value_name = "ARGUMENT")]
        args: Vec<String>,
    },
    /// Write the document as one generator wants it: with the overlay spec/profiles/NAME.yaml applied
    Profile {
        /// The generator
        name: String,
        /// Take the document that has what pages only name
        #[arg(long)]
        provisional: bool,
        /// Where to write; standard output if left out
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Make clients of the documents in other languages, and prove each against the gateway on localhost
    Interop {
        /// This language alone; can be repeated
        #[arg(long = "lang", value_name = "LANGUAGE")]
        languages: Vec<Language>,
        /// Show instead which readers of OpenAPI take the documents without a warning
        #[arg(long, conflicts_with = "languages")]
        survey: bool,
    },
    /// Let schemathesis hold the gateway on localhost against the document: what it must take, and what it must refuse
    Properties,
    /// Print what depending on the crate costs: packages, clean build time, size of a small binary
    Measure,
    /// Say what the published crates would break for those who depend on them, and package them; uploads nothing
    Release {
        /// The revision that they have; the last tag if left out
        #[arg(long, value_name = "REVISION")]
        against: Option<String>,
    },
    /// Run the whole suite, with its own set-up
    Test {
        /// Run this step alone; can be repeated
        #[arg(long, value_name = "STEP")]
        only: Vec<Step>,
        /// List the steps
        #[arg(long)]
        list: bool,
    },
}

/// What can be done with captured pages.
#[derive(Debug, Subcommand)]
pub enum Docs {
    /// File a page that was saved from a browser as text, and renew its entry in docs.lock
    Add {
        /// The saved pages
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        /// Address of the page, for one that is not captured yet
        #[arg(long, value_name = "URL")]
        address: Option<String>,
        /// The pages are typed from known facts and not saved from a browser
        #[arg(long)]
        transcribed: bool,
    },
    /// Capture a whole live site, all of it or nothing, and say what moved
    Pull {
        /// The site and how to reach it.
        #[command(flatten)]
        from: LiveSite,
    },
    /// Say what `pull` would change and write nothing; exit code 3 if the site differs from the captures
    Check {
        /// The site and how to reach it.
        #[command(flatten)]
        from: LiveSite,
    },
    /// Run the importer alone and write an OpenAPI 3.0.3 document
    Import {
        /// Pages, or folders of pages
        #[arg(required = true, value_name = "PATH")]
        paths: Vec<PathBuf>,
        /// Where to write; standard output if left out
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
        /// Write what could be read although an operation could not
        #[arg(long)]
        keep_going: bool,
    },
}

/// A live documentation site.
#[derive(Debug, Args)]
pub struct LiveSite {
    /// Address of the documentation site: https, or http on this machine
    #[arg(long, value_name = "URL")]
    pub site: String,
    /// Where the published JSON of such sites is served
    #[arg(long, value_name = "URL", default_value = ApiBase::DEFAULT)]
    pub api_base: String,
    /// In which form to take the pages; published JSON where the site has it, if left out
    #[arg(long, value_name = "FORM")]
    pub form: Option<Form>,
    /// Leave this page as it is captured; can be repeated
    #[arg(long, value_name = "PAGE_ID")]
    pub without: Vec<String>,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn help_is_what_was_reviewed() {
        let mut command = Cli::command();
        command.build();
        let mut text = command.render_long_help().to_string();
        let names = |command: &clap::Command| -> Vec<String> {
            let of_ours = command
                .get_subcommands()
                .filter(|sub| sub.get_name() != "help");
            of_ours.map(|sub| sub.get_name().to_owned()).collect()
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
