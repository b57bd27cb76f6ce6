//! Imports a generated site of 2,000 pages, or of the number in the second argument, and prints the
//! time. The first argument is the format (`rendered`, `markdown`, `published`). Run it with
//! `/usr/bin/time -v` to measure the memory.

#[path = "../tests/support/site.rs"]
mod site;

use std::io::Write;
use std::time::Instant;

fn main() -> std::io::Result<()> {
    let mut words = std::env::args().skip(1);
    let form = match words.next().as_deref() {
        Some("markdown") => apifox::PageFormat::Markdown,
        Some("published") => apifox::PageFormat::Published,
        _ => apifox::PageFormat::Rendered,
    };
    let count = words
        .next()
        .and_then(|word| word.parse().ok())
        .unwrap_or(2_000);
    let site = site::Site::new(form, count);
    let begun = Instant::now();
    let (assembly, diagnostics) = site.import();
    let took = begun.elapsed().as_secs_f64();
    let said = diagnostics.len() + assembly.diagnostics.len();
    let size = assembly.document.to_string().len();
    writeln!(
        std::io::stdout(),
        "{form:?}: {count} pages, {said} messages, {size} bytes of document, {took:.2} s"
    )
}
