//! The command `demo`: calls all features against a local sandbox and checks each result.
//!
//! `environment` starts the sandbox, the client and the webhook receivers, `steps` holds the steps, `demo_run` prints them.

mod demo_run;
mod environment;
mod steps;

use std::time::Instant;

use clap::Args;

use crate::context::Context;
use crate::error::CliError;
use crate::output::TextStyle;
use crate::terminal;
use demo_run::DemoRun;
use environment::DemoEnvironment;

/// Runs a demo of all features.
#[derive(Debug, Args)]
#[command(after_help = "\
The demo starts a local sandbox and calls it with the same client that programs use. It sends nothing to the network and needs no
account. The result of each step is checked: the first unexpected one ends the demo with an error.")]
pub(crate) struct Demo {
    /// Keep the sandbox running after the demo, to look at its dashboard
    #[arg(long)]
    keep_running: bool,
}

impl Demo {
    /// Returns whether the command runs until it is stopped.
    pub(crate) const fn is_server(&self) -> bool {
        self.keep_running
    }

    pub(crate) async fn run(self, context: &Context) -> Result<(), CliError> {
        let (out, start) = (&context.out, Instant::now());
        let mut demo = DemoRun::new(DemoEnvironment::start().await?, out);
        let url = demo.env.sandbox.url().to_owned();
        if !out.is_json() {
            let ms = start.elapsed().as_millis();
            out.line(format!(
                "Local sandbox (not the vendor's) on {url}, started in {ms} ms.\n"
            ))?;
        }
        steps::run_all(&mut demo).await?;
        if !out.is_json() {
            let (steps, seconds) = (demo.steps, start.elapsed().as_secs_f64());
            let passed = out.theme().apply(TextStyle::Success, "passed");
            out.line(format!(
                "\n{steps} steps {passed} in {seconds:.2} s. \"inferred\": the vendor's pages only name the operation, so the live \
                 service may differ."
            ))?;
        }
        if self.keep_running {
            let stopped = terminal::stop_signal()?;
            out.note(format!("the records are on {url}/ ; stop with Ctrl-C"));
            stopped.await?;
            return Err(CliError::interrupted(None));
        }
        Ok(())
    }
}
