//! The `stablelink` binary. See `stablelink --help`.

fn main() -> std::process::ExitCode {
    stablelink_cli::main(std::env::args_os())
}
