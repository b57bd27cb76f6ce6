//! `demo`: everything once, on a gateway of its own, each step checked.

mod deliveries;
mod orders;
mod stage;
mod steps;
mod trades;
mod walk;

use std::time::{Duration, Instant};

use clap::Args;

use crate::context::Context;
use crate::failure::Failure;
use crate::output::Tone;
use crate::terminal;
use stage::Stage;
use walk::Walk;

/// Walks through everything on a gateway of its own.
#[derive(Debug, Args)]
#[command(after_help = "\
It starts the gateway of this project on localhost and calls it with the client that programs use. Nothing leaves the machine,
and no account is needed. Each step is checked: the first that goes wrong ends the walk with an error.")]
pub(crate) struct Demo {
    /// Keep the gateway running after the walk, for a look at its dashboard
    #[arg(long)]
    stay: bool,
}

impl Demo {
    /// Whether it runs until it is stopped.
    pub(crate) const fn serves(&self) -> bool {
        self.stay
    }

    pub(crate) async fn run(self, context: &Context) -> Result<(), Failure> {
        let start = Instant::now();
        let stage = Stage::set().await?;
        if !context.out.is_json() {
            context.out.line(format!(
                "The gateway of this project (not the vendor's) is on {}, up in {} ms.\n",
                stage.sandbox.url(),
                start.elapsed().as_millis()
            ))?;
        }
        let mut walk = Walk::new(&context.out);
        steps::all(&stage, &mut walk).await?;
        summary(context, &walk, start.elapsed())?;
        if self.stay {
            let stop = terminal::stop().await;
            context.out.note(format!(
                "what is left of it is on {}/ ; Ctrl-C ends it",
                stage.sandbox.url()
            ));
            stop.await;
        }
        Ok(())
    }
}

fn summary(context: &Context, walk: &Walk<'_>, took: Duration) -> Result<(), Failure> {
    if context.out.is_json() {
        return Ok(());
    }
    let passed = context.out.paint().tone(Tone::Good, "passed");
    context.out.line(format!(
        "\n{} steps {passed} in {:.2} s. Inferred: the vendor's pages only name it, so that the live service may differ.",
        walk.steps(),
        took.as_secs_f64()
    ))
}
