//! What depending on the crate costs: clean build time, number of packages, size of a small binary.
//!
//! Each row is a package of its own, built from nothing in release mode, beside one with reqwest alone, which whoever calls
//! the gateway by hand has too.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Why a row could not be measured.
#[derive(Debug, thiserror::Error)]
pub enum MeasureError {
    /// The package of a row could not be written, or its result read.
    #[error("{path}: {source}")]
    File {
        /// Which file.
        path: String,
        /// Why not.
        source: io::Error,
    },
    /// A cargo command failed; it said why.
    #[error(
        "`cargo {0}` failed for the row {1:?}; what it says stands above, and its package in {FOLDER}"
    )]
    Cargo(String, &'static str),
    /// There is no cargo.
    #[error("cargo could not be started: {0}\n  help: put it on the PATH")]
    NotStarted(io::Error),
    /// The table could not be written.
    #[error("the table could not be written: {0}")]
    Report(#[from] io::Error),
}

struct Row {
    name: &'static str,
    dependency: &'static str,
    main: &'static str,
}

const CALL: &str = "use stablelink::{Client, Credentials, Environment};

#[tokio::main(flavor = \"current_thread\")]
async fn main() -> Result<(), stablelink::Error> {
    let client = Client::builder()
        .environment(Environment::Sandbox)
        .credentials(Credentials::from_env()?)
        .build()?;
    let order = client.checkout_orders().get(\"7\").await?;
    println!(\"{:?}\", order.order_status);
    Ok(())
}
";

const REQWEST: &str = "#[tokio::main(flavor = \"current_thread\")]
async fn main() -> Result<(), reqwest::Error> {
    let order: serde_json::Value = reqwest::get(\"https://openapi.dev.stablelink.app/\")
        .await?
        .json()
        .await?;
    println!(\"{order}\");
    Ok(())
}
";

const ROWS: [Row; 3] = [
    Row {
        name: "reqwest alone",
        dependency: "reqwest = { version = \"0.13\", default-features = false, features = [\"json\", \"rustls\"] }\nserde_json = \"1\"",
        main: REQWEST,
    },
    Row {
        name: "stablelink",
        dependency: "stablelink = { path = \"CRATE\" }",
        main: CALL,
    },
    Row {
        name: "stablelink, all features",
        dependency: "stablelink = { path = \"CRATE\", features = [\"native-tls\", \"provisional\", \"redis\", \"file-store\", \"axum\", \"metrics\"] }",
        main: CALL,
    },
];

/// Below the root.
const FOLDER: &str = "target/measure";

/// Measures each row and writes a table in Markdown to `out`.
///
/// # Errors
///
/// A package that can't be written or built.
pub fn run(root: &Path, out: &mut dyn Write) -> Result<(), MeasureError> {
    writeln!(
        out,
        "| Program | Packages | Clean release build | Stripped binary |"
    )?;
    writeln!(out, "|---|---|---|---|")?;
    for row in &ROWS {
        let measured = measure(root, row)?;
        writeln!(out, "{}", line(row.name, &measured))?;
        out.flush()?;
    }
    Ok(())
}

struct Measured {
    packages: usize,
    build: Duration,
    bytes: u64,
}

fn line(name: &str, measured: &Measured) -> String {
    format!(
        "| {name} | {} | {:.0} s | {:.1} MiB |",
        measured.packages,
        measured.build.as_secs_f64(),
        // Far below what a float holds exactly.
        f64::from(u32::try_from(measured.bytes / 1024).unwrap_or(u32::MAX)) / 1024.0,
    )
}

fn measure(root: &Path, row: &Row) -> Result<Measured, MeasureError> {
    let folder = root.join(FOLDER);
    let file = |path: &Path, source| MeasureError::File {
        path: path.display().to_string(),
        source,
    };
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(|error| file(&folder, error))?;
    }
    let source = folder.join("src");
    fs::create_dir_all(&source).map_err(|error| file(&source, error))?;
    let crate_path = root.join("crates/stablelink");
    let manifest = format!(
        "[package]\nname = \"program\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[workspace]\n\n[dependencies]\n{}\n\
         tokio = {{ version = \"1\", features = [\"macros\", \"rt\"] }}\n\n[profile.release]\nstrip = true\n",
        row.dependency
            .replace("CRATE", &crate_path.to_string_lossy())
    );
    let write = |path: &Path, text: &str| fs::write(path, text).map_err(|error| file(path, error));
    write(&folder.join("Cargo.toml"), &manifest)?;
    write(&source.join("main.rs"), row.main)?;
    // The same versions as in the workspace, and no time for downloads in the figure.
    let lock = root.join("Cargo.lock");
    fs::copy(&lock, folder.join("Cargo.lock")).map_err(|error| file(&lock, error))?;
    cargo(&folder, row, "fetch --quiet")?;

    let tree = cargo(
        &folder,
        row,
        "tree --edges normal,build --prefix none --no-dedupe",
    )?;
    let start = Instant::now();
    cargo(&folder, row, "build --release --quiet")?;
    let build = start.elapsed();
    let binary = folder.join(format!(
        "target/release/program{}",
        std::env::consts::EXE_SUFFIX
    ));
    let bytes = fs::metadata(&binary)
        .map_err(|error| file(&binary, error))?
        .len();
    Ok(Measured {
        packages: packages(&tree),
        build,
        bytes,
    })
}

/// How many packages a tree names, the program itself left out.
fn packages(tree: &str) -> usize {
    let names: BTreeSet<&str> = tree
        .lines()
        .map(|line| line.trim_end_matches(" (proc-macro)"))
        .filter(|line| !line.is_empty() && !line.starts_with("program "))
        .collect();
    names.len()
}

fn cargo(folder: &Path, row: &Row, words: &str) -> Result<String, MeasureError> {
    let output = Command::new("cargo")
        .args(words.split(' '))
        .current_dir(folder)
        // What the outer cargo set would make the build another one.
        .env_remove("CARGO_TARGET_DIR")
        .env_remove("RUSTFLAGS")
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(MeasureError::NotStarted)?;
    if !output.status.success() {
        return Err(MeasureError::Cargo(words.to_owned(), row.name));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_are_counted_once_and_the_program_not_at_all() {
        let tree = "program v0.0.0 (/a)\nserde v1.0.0\nserde_derive v1.0.0 (proc-macro)\nserde_derive v1.0.0\nserde v1.0.0\n\n";
        assert_eq!(packages(tree), 2);
    }

    #[test]
    fn a_line_is_a_row_of_the_table() {
        let measured = Measured {
            packages: 12,
            build: Duration::from_millis(61_400),
            bytes: 3 * 1024 * 1024 + 512 * 1024,
        };
        assert_eq!(line("x", &measured), "| x | 12 | 61 s | 3.5 MiB |");
    }
}
