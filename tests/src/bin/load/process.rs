//! A process of clients, from the inside and from the outside.

use std::error::Error;
use std::process::Stdio;

use stablelink_tests::load::{Crew, Line};
use tokio::io::{
    AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader, BufWriter,
};
use tokio::process::{Child, Command};
use tokio::sync::mpsc::{self, Sender};
use tokio::task::JoinHandle;

/// The clients of this process: their crew comes in, and what they do goes out line by line.
pub(super) async fn crew() -> Result<(), Box<dyn Error>> {
    let mut text = Vec::new();
    tokio::io::stdin().read_to_end(&mut text).await?;
    let crew: Crew = serde_json::from_slice(&text)?;
    let (sender, mut lines) = mpsc::channel::<Line>(super::LINES);
    let telling = tokio::spawn(async move {
        let mut out = BufWriter::new(tokio::io::stdout());
        while let Some(line) = lines.recv().await {
            let mut text = serde_json::to_vec(&line)?;
            text.push(b'\n');
            out.write_all(&text).await?;
            // Orders wait to be paid until their line is read.
            if lines.is_empty() {
                out.flush().await?;
            }
        }
        out.flush().await
    });
    crew.run(sender).await?;
    telling.await??;
    Ok(())
}

/// A process of clients that was started here. It ends with this value.
pub(super) struct Process {
    child: Child,
    /// Whether its last line came.
    reading: JoinHandle<Result<bool, String>>,
}

impl Process {
    /// Starts one. What it tells goes to `lines`.
    pub(super) async fn start(crew: &Crew, lines: Sender<Line>) -> Result<Self, Box<dyn Error>> {
        let mut child = Command::new(std::env::current_exe()?)
            .arg("--crew")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        // Secrets have no place among the arguments of a process.
        if let Some(mut stdin) = child.stdin.take() {
            stdin.write_all(&serde_json::to_vec(crew)?).await?;
        }
        let stdout = child.stdout.take().ok_or("a process has no output")?;
        let mut read = BufReader::new(stdout).lines();
        let reading = tokio::spawn(async move {
            let mut whole = false;
            while let Some(text) = read.next_line().await.map_err(|error| error.to_string())? {
                let line: Line = serde_json::from_str(&text).map_err(|error| error.to_string())?;
                whole = matches!(line, Line::End(_));
                if lines.send(line).await.is_err() {
                    break;
                }
            }
            Ok(whole)
        });
        Ok(Self { child, reading })
    }

    /// Its number, while it runs.
    pub(super) fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// Whether it ended as it should; else what was wrong.
    pub(super) async fn ended(mut self) -> Result<(), String> {
        let whole = self.reading.await.map_err(|error| error.to_string())??;
        let status = self.child.wait().await.map_err(|error| error.to_string())?;
        match (status.success(), whole) {
            (true, true) => Ok(()),
            (true, false) => Err("it ended without its figures".to_owned()),
            (false, _) => Err(format!("it ended with {status}")),
        }
    }
}
