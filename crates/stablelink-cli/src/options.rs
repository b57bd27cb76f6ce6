//! The global options.

use std::path::PathBuf;

use clap::Args;

use crate::input::integer_from;
use crate::output::OutputFormat;

/// Options of every command.
#[derive(Debug, Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct GlobalOptions {
    /// Environment: sandbox, staging, production, or a URL such as http://127.0.0.1:8080
    #[arg(long, global = true, value_name = "ENV")]
    pub(crate) env: Option<String>,
    /// Profile of the configuration file
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) profile: Option<String>,
    /// Output format
    #[arg(
        long,
        global = true,
        value_enum,
        value_name = "FORMAT",
        default_value_t,
        hide_possible_values = true,
        help = "Output format: `table` for people, `json` for programs (retdata unchanged)"
    )]
    pub(crate) output: OutputFormat,
    /// Print only this value of the result, such as orderNo or records.0.orderNo
    #[arg(long, global = true, value_name = "PATH", conflicts_with = "output")]
    pub(crate) get: Option<String>,
    /// Proxy of https connections [variables: STABLELINK_PROXY, HTTPS_PROXY]
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) proxy: Option<String>,
    /// File with more trusted CA certificates [variable: STABLELINK_CA_FILE]
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) ca_file: Option<PathBuf>,
    /// Deadline of a call in seconds, including retries [default: 60; uploads and waits: 600]
    #[arg(long, global = true, value_name = "SECONDS", allow_negative_numbers = true, value_parser = integer_from(1))]
    pub(crate) timeout: Option<u64>,
    /// Print nothing but results and errors
    #[arg(long, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// Log to standard error; repeat for more detail
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
}
