//! A child process with a group of clients: its main function, and the handle of the parent.

use std::error::Error;
use std::process::Stdio;

use stablelink_tests::load::{LogLine, Workers};
use tokio::io::{
    AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader, BufWriter,
};
use tokio::process::{Child, Command};
use tokio::sync::mpsc::{self, Sender};
use tokio::task::JoinHandle;

/// Runs the clients of this process: reads [`Workers`] from standard input, and writes log lines to standard output.
pub(super) async fn run_workers() -> Result<(), Box<dyn Error>> {
    let mut text = Vec::new();
    tokio::io::stdin().read_to_end(&mut text).await?;
    let workers: Workers = serde_json::from_slice(&text)?;
    let (sender, mut lines) = mpsc::channel::<LogLine>(super::LOG_CAPACITY);
    let writer = tokio::spawn(async move {
        let mut out = BufWriter::new(tokio::io::stdout());
        while let Some(line) = lines.recv().await {
            let mut text = serde_json::to_vec(&line)?;
            text.push(b'\n');
            out.write_all(&text).await?;
            // The parent pays an order only after it has read the order's line.
            if lines.is_empty() {
                out.flush().await?;
            }
        }
        out.flush().await
    });
    workers.run(sender).await?;
    writer.await??;
    Ok(())
}

/// Handle of a child process, which is killed on drop.
pub(super) struct WorkerProcess {
    child: Child,
    /// Reads the output. Returns whether the last line was [`LogLine::End`].
    reader: JoinHandle<Result<bool, String>>,
}

impl WorkerProcess {
    /// Starts a child process whose log lines are sent to `lines`.
    pub(super) async fn start(
        workers: &Workers,
        lines: Sender<LogLine>,
    ) -> Result<Self, Box<dyn Error>> {
        let mut child = Command::new(std::env::current_exe()?)
            .arg("--workers")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        // Arguments of a process are visible to other users, so that secrets go through standard input.
        if let Some(mut stdin) = child.stdin.take() {
            stdin.write_all(&serde_json::to_vec(workers)?).await?;
        }
        let stdout = child
            .stdout
            .take()
            .ok_or("the child process has no standard output")?;
        let mut read = BufReader::new(stdout).lines();
        let reader = tokio::spawn(async move {
            let mut complete = false;
            while let Some(text) = read.next_line().await.map_err(|error| error.to_string())? {
                let line: LogLine =
                    serde_json::from_str(&text).map_err(|error| error.to_string())?;
                complete = matches!(line, LogLine::End(_));
                if lines.send(line).await.is_err() {
                    break;
                }
            }
            Ok(complete)
        });
        Ok(Self { child, reader })
    }

    /// Returns the process ID while the process runs.
    pub(super) fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// Waits for the process. Fails if it exited with an error or without its statistics.
    pub(super) async fn finish(mut self) -> Result<(), String> {
        let complete = self.reader.await.map_err(|error| error.to_string())??;
        let status = self.child.wait().await.map_err(|error| error.to_string())?;
        match (status.success(), complete) {
            (true, true) => Ok(()),
            (true, false) => Err("the process exited without its statistics".to_owned()),
            (false, _) => Err(format!("the process failed: {status}")),
        }
    }
}
