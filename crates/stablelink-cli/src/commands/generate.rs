//! `completions` and `man`.

use std::path::PathBuf;

use clap::Args;
use clap_complete::Shell;

use crate::context::Context;
use crate::failure::Failure;

/// Prints the completions of a shell.
#[derive(Debug, Args)]
#[command(
    after_help = "    stablelink completions bash > ~/.local/share/bash-completion/completions/stablelink"
)]
pub(crate) struct Completions {
    /// Which shell
    shell: Shell,
}

impl Completions {
    pub(crate) fn run(self, context: &Context, mut of: clap::Command) -> Result<(), Failure> {
        let mut text = Vec::new();
        clap_complete::generate(self.shell, &mut of, "stablelink", &mut text);
        context.out.line(String::from_utf8_lossy(&text).trim_end())
    }
}

/// Prints the manual page, or writes one for each command.
#[derive(Debug, Args)]
#[command(after_help = "    stablelink man | man -l -")]
pub(crate) struct Man {
    /// Write a page for each command into this folder
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

impl Man {
    pub(crate) fn run(self, context: &Context, of: clap::Command) -> Result<(), Failure> {
        if let Some(dir) = self.dir {
            std::fs::create_dir_all(&dir)?;
            return Ok(clap_mangen::generate_to(of, dir)?);
        }
        let mut page = Vec::new();
        clap_mangen::Man::new(of).render(&mut page)?;
        context.out.line(String::from_utf8_lossy(&page).trim_end())
    }
}
