//! Commands that do more than send one operation: `checkout wait`, `trade wait` and `file upload`.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::{ArgMatches, Args, Command, FromArgMatches};
use indicatif::{ProgressBar, ProgressStyle};
use stablelink::operations::{GET_CHECKOUT_ORDER, GET_TRADE, OperationInfo, UPLOAD_FILE};
use stablelink::types::{CheckoutOrder, Trade};
use stablelink::{Client, Poller};

use super::command_spec::describe;
use crate::context::Context;
use crate::error::{CallSubject, CliError};

/// A command of this file.
#[derive(Clone, Copy, Debug)]
pub(super) enum ExtraCommand {
    CheckoutWait,
    TradeWait,
    FileUpload,
}

impl ExtraCommand {
    pub(super) const ALL: [Self; 3] = [Self::CheckoutWait, Self::TradeWait, Self::FileUpload];

    /// Returns group and name.
    pub(super) const fn path(self) -> (&'static str, &'static str) {
        match self {
            Self::CheckoutWait => ("checkout", "wait"),
            Self::TradeWait => ("trade", "wait"),
            Self::FileUpload => ("file", "upload"),
        }
    }

    pub(super) fn command(self) -> Command {
        let command = Command::new(self.path().1);
        let (command, operation) = match self {
            Self::CheckoutWait => (
                WaitArgs::augment_args(command)
                    .about("Wait until an order is paid, cancelled or timed out"),
                &GET_CHECKOUT_ORDER,
            ),
            Self::TradeWait => (
                WaitArgs::augment_args(command).about(
                    "Wait until a trade has a final status (the final statuses are inferred)",
                ),
                &GET_TRADE,
            ),
            Self::FileUpload => (UploadArgs::augment_args(command), &UPLOAD_FILE),
        };
        describe(command, operation)
    }

    pub(super) async fn run(self, matches: &ArgMatches, context: &Context) -> Result<(), CliError> {
        match self {
            Self::CheckoutWait => {
                fn status_of(order: &CheckoutOrder) -> Option<&str> {
                    order.order_status.as_ref().map(|status| status.as_str())
                }
                let start = |client: &Client, number| client.checkout_orders().wait(number);
                wait(context, matches, &GET_CHECKOUT_ORDER, start, status_of).await
            }
            Self::TradeWait => {
                fn status_of(trade: &Trade) -> Option<&str> {
                    trade.status.as_ref().map(|status| status.as_str())
                }
                let start = |client: &Client, number| client.trades().wait(number);
                wait(context, matches, &GET_TRADE, start, status_of).await
            }
            Self::FileUpload => upload(context, UploadArgs::from_arg_matches(matches)?).await,
        }
    }
}

#[derive(Debug, Args)]
struct WaitArgs {
    /// orderNo of the order, or requestId of the trade
    number: String,
    /// Wait for this status instead, such as PAID
    #[arg(long, value_name = "STATUS")]
    until: Option<String>,
}

/// Polls a record until it has the status given by `--until`, or a final status if the flag is not
/// set, and prints the record.
async fn wait<T>(
    context: &Context,
    matches: &ArgMatches,
    operation: &OperationInfo,
    poller: impl FnOnce(&Client, String) -> Poller<T>,
    status_of: fn(&T) -> Option<&str>,
) -> Result<(), CliError> {
    let args = WaitArgs::from_arg_matches(matches)?;
    let poller = poller(&context.client()?, args.number);
    let start = Instant::now();
    // The spinner is drawn on standard error if that is a terminal.
    let spinner = match context.out.is_quiet() {
        true => ProgressBar::hidden(),
        false => ProgressBar::new_spinner().with_message("waiting"),
    };
    spinner.enable_steady_tick(Duration::from_millis(120));
    let deadline = context.deadline()?.unwrap_or(Duration::from_secs(600));
    let poller = poller
        .deadline(deadline)
        .initial_delay(Duration::from_millis(500))
        .max_delay(Duration::from_secs(10));
    let subject = context.begin_call(false, false);
    let result = match args.until {
        None => poller.until_final().await,
        Some(status) => {
            poller
                .until(|record| status_of(record) == Some(&*status))
                .await
        }
    };
    spinner.finish_and_clear();
    let response = result.map_err(|error| CliError::of_call(error, &subject))?;
    let response = response.raw_response();
    context.out.response(operation, response, start.elapsed())
}

/// Upload a file
#[derive(Debug, Args)]
struct UploadArgs {
    /// Path of the file
    path: PathBuf,
    /// Media type [default: guessed from the file name]
    #[arg(long, value_name = "TYPE")]
    content_type: Option<String>,
    /// Purpose of the file, a number; the values are unknown
    #[arg(long, value_name = "INTEGER", allow_negative_numbers = true, value_parser = clap::value_parser!(i64).range(0..))]
    scene: Option<i64>,
}

async fn upload(context: &Context, args: UploadArgs) -> Result<(), CliError> {
    let start = Instant::now();
    // The bar is drawn on standard error if that is a terminal.
    let bar = match context.out.is_quiet() {
        true => ProgressBar::hidden(),
        false => ProgressBar::no_length(),
    };
    let template = "{bar:30} {bytes} of {total_bytes}, {bytes_per_sec}";
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    let progress = bar.clone();
    let upload = context.client()?.files().upload_path(args.path);
    let mut upload = upload.progress(move |sent, total| {
        if let Some(total) = total {
            progress.set_length(total);
        }
        progress.set_position(sent);
    });
    if let Some(media_type) = args.content_type {
        upload = upload.content_type(media_type);
    }
    if let Some(scene) = args.scene {
        upload = upload.scene(scene);
    }
    if let Some(deadline) = context.deadline()? {
        upload = upload.deadline(deadline);
    }
    let call = context.begin_call(CallSubject::may_write(&UPLOAD_FILE), false);
    let result = upload.await;
    bar.finish_and_clear();
    let response = result.map_err(|error| CliError::of_call(error, &call))?;
    let printed = context
        .out
        .response(&UPLOAD_FILE, response.raw_response(), start.elapsed());
    printed.map_err(|error| error.after_success(&call))
}
