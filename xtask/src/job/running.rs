//! A process that runs beside us until it is dropped.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout};

use super::call::Call;
use super::stop::Stop;

/// Ends with the value.
pub(crate) struct Running {
    child: Child,
    // Held open: a process may not like to write to nobody.
    output: Option<BufReader<ChildStdout>>,
}

impl Running {
    pub(crate) fn start(call: &Call, root: &Path) -> Result<Self, Stop> {
        let mut child = call.piped(root)?;
        let output = child.stdout.take().map(BufReader::new);
        Ok(Self { child, output })
    }

    /// The next line of its standard output without the line break; nothing once it ended.
    pub(crate) fn line(&mut self) -> Result<Option<String>, Stop> {
        let Some(output) = &mut self.output else {
            return Ok(None);
        };
        let mut line = String::new();
        let length = output.read_line(&mut line)?;
        Ok((length > 0).then(|| line.trim_end().to_owned()))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Failures are left alone: it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
