//! Whoever signs in a browser or a worker needs no other implementation.

use std::path::Path;

use crate::job::Job;
use crate::job::call::Call;
use crate::job::stop::Stop;

/// Without I/O, clock or threads: what compiles for it needs none of them.
const TARGET: &str = "wasm32-unknown-unknown";

pub(super) fn run(job: &mut Job<'_>) -> Result<(), Stop> {
    // rustc names the folder whether it is there or not.
    let present = Call::new("rustc", ["--print", "target-libdir", "--target", TARGET])
        .text(job.root)
        .is_some_and(|folder| Path::new(&folder).is_dir());
    if !present {
        let add = Call::new("rustup", ["target", "add", TARGET]);
        job.need(
            &add,
            format!("this step needs rustup and the network, or the target {TARGET}"),
        )?;
    }
    let words = format!("check --locked -p stablelink-signature --target {TARGET}");
    job.check(&Call::cargo(&words))
}
