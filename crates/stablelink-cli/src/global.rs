//! Options of every command.

use clap::Args;

use crate::output::Form;

/// Options of every command.
#[derive(Debug, Args)]
#[command(next_help_heading = "Options of every command")]
pub(crate) struct Global {
    /// Which gateway: sandbox, staging, production, or an address such as http://127.0.0.1:8080
    #[arg(long, global = true, value_name = "ENV")]
    pub(crate) env: Option<String>,
    /// Which profile of the settings
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) profile: Option<String>,
    /// How answers are written
    #[arg(
        long,
        global = true,
        value_enum,
        value_name = "FORM",
        default_value_t,
        hide_possible_values = true,
        help = "How answers are written: `table` for people, `json` for programs (retdata as it came)"
    )]
    pub(crate) output: Form,
    /// Print this member of the answer alone, such as orderNo
    #[arg(long, global = true, value_name = "MEMBER", conflicts_with = "output")]
    pub(crate) get: Option<String>,
    /// How long a call may take in all, in seconds [default: 60; uploads and waits: 600]
    #[arg(long, global = true, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) timeout: Option<u64>,
    /// Show on standard error what is done; twice: more
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
}
