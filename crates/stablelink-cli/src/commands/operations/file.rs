//! `file`.

use std::path::PathBuf;
use std::time::Instant;

use clap::Subcommand;
use stablelink::operations::UPLOAD_FILE;

use super::send::progress;
use crate::context::Context;
use crate::failure::Failure;

/// Files for the gateway.
#[derive(Debug, Subcommand)]
pub(crate) enum File {
    /// Upload a file
    Upload {
        /// The file
        path: PathBuf,
        /// Its media type [default: guessed from its name]
        #[arg(long, value_name = "TYPE")]
        content_type: Option<String>,
        /// What it is for, a number; the values are not known
        #[arg(long)]
        scene: Option<i64>,
    },
}

impl File {
    pub(crate) async fn run(self, context: &Context) -> Result<(), Failure> {
        let Self::Upload {
            path,
            content_type,
            scene,
        } = self;
        let (bar, start) = (progress(), Instant::now());
        let shown = bar.clone();
        let mut upload = context
            .client()?
            .files()
            .upload_path(path)
            .progress(move |sent, of| {
                if let Some(of) = of {
                    shown.set_length(of);
                }
                shown.set_position(sent);
            });
        if let Some(media_type) = content_type {
            upload = upload.content_type(media_type);
        }
        if let Some(scene) = scene {
            upload = upload.scene(scene);
        }
        if let Some(limit) = context.time_limit()? {
            upload = upload.deadline(limit);
        }
        let outcome = upload.await;
        bar.finish_and_clear();
        let answer = outcome?;
        context
            .out
            .evidence(&UPLOAD_FILE, answer.raw_response(), start.elapsed());
        context.out.data(answer.raw_response())
    }
}
