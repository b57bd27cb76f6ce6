//! `cargo xtask measure`: the cost of a dependency on `stablelink`.
//!
//! Prints the number of packages, the duration of a clean release build, and the size of a small program, next to the same
//! program with only reqwest.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::job::error::JobError;
use crate::job::recreate_folder;

struct ProgramRow {
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

const ROWS: [ProgramRow; 3] = [
    ProgramRow {
        name: "only reqwest",
        dependency: "reqwest = { version = \"0.13\", default-features = false, features = [\"json\", \"rustls\"] }\nserde_json = \"1\"",
        main: REQWEST,
    },
    ProgramRow {
        name: "stablelink",
        dependency: "stablelink = { path = \"CRATE\" }",
        main: CALL,
    },
    ProgramRow {
        name: "stablelink, all features",
        dependency: "stablelink = { path = \"CRATE\", features = [\"native-tls\", \"provisional\", \"redis\", \"file-store\", \"axum\", \"metrics\"] }",
        main: CALL,
    },
];

/// The folder of the measured package, relative to the root.
const FOLDER: &str = "target/measure";

/// Measures each program and writes a Markdown table to `out`.
///
/// # Errors
/// Fails if a package cannot be written or built.
pub fn run(root: &Path, out: &mut dyn Write) -> Result<(), JobError> {
    writeln!(
        out,
        "| Program | Packages | Clean release build | Stripped binary |"
    )?;
    writeln!(out, "|---|---|---|---|")?;
    for row in &ROWS {
        let measured = measure(root, row)?;
        writeln!(out, "{}", table_row(row.name, &measured))?;
        out.flush()?;
    }
    Ok(())
}

struct Measurement {
    packages: usize,
    build: Duration,
    bytes: u64,
}

fn table_row(name: &str, measured: &Measurement) -> String {
    format!(
        "| {name} | {} | {:.0} s | {:.1} MiB |",
        measured.packages,
        measured.build.as_secs_f64(),
        // A u32 is exact as a float.
        f64::from(u32::try_from(measured.bytes / 1024).unwrap_or(u32::MAX)) / 1024.0,
    )
}

fn measure(root: &Path, row: &ProgramRow) -> Result<Measurement, JobError> {
    let folder = root.join(FOLDER);
    let source = folder.join("src");
    recreate_folder(&folder)?;
    fs::create_dir(&source)?;
    let crate_path = root.join("crates/stablelink");
    let manifest = format!(
        "[package]\nname = \"program\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[workspace]\n\n[dependencies]\n{}\n\
         tokio = {{ version = \"1\", features = [\"macros\", \"rt\"] }}\n\n[profile.release]\nstrip = true\n",
        row.dependency
            .replace("CRATE", &crate_path.to_string_lossy())
    );
    fs::write(folder.join("Cargo.toml"), &manifest)?;
    fs::write(source.join("main.rs"), row.main)?;
    // With the lock file of the workspace, the versions are the same. Fetching first keeps downloads out of the build time.
    fs::copy(root.join("Cargo.lock"), folder.join("Cargo.lock"))?;
    cargo(&folder, row, "fetch --quiet")?;

    let tree = cargo(
        &folder,
        row,
        "tree --edges normal,build --prefix none --no-dedupe",
    )?;
    let start = Instant::now();
    cargo(&folder, row, "build --release --quiet")?;
    let build = start.elapsed();
    let program = format!("target/release/program{}", std::env::consts::EXE_SUFFIX);
    Ok(Measurement {
        packages: count_packages(&tree),
        build,
        bytes: fs::metadata(folder.join(program))?.len(),
    })
}

/// Counts the packages of a `cargo tree`, without the program itself.
fn count_packages(tree: &str) -> usize {
    let names: BTreeSet<&str> = tree
        .lines()
        .map(|line| line.trim_end_matches(" (proc-macro)"))
        .filter(|line| !line.is_empty() && !line.starts_with("program "))
        .collect();
    names.len()
}

fn cargo(folder: &Path, row: &ProgramRow, arguments: &str) -> Result<String, JobError> {
    let output = Command::new("cargo")
        .args(arguments.split(' '))
        .current_dir(folder)
        // Variables of the calling cargo would change the build.
        .env_remove("CARGO_TARGET_DIR")
        .env_remove("RUSTFLAGS")
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()?;
    if !output.status.success() {
        return Err(JobError(format!(
            "`cargo {arguments}` failed for {:?} in {FOLDER}; see its output above",
            row.name
        )));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn count_packages_counts_each_package_once_without_the_program() {
        let tree = "program v0.0.0 (/a)\nserde v1.0.0\nserde_derive v1.0.0 (proc-macro)\nserde_derive v1.0.0\nserde v1.0.0\n\n";
        assert_eq!(count_packages(tree), 2);
    }

    #[test]
    fn table_row_rounds_seconds_and_bytes() {
        let measured = Measurement {
            packages: 12,
            build: Duration::from_millis(61_400),
            bytes: 3 * 1024 * 1024 + 512 * 1024,
        };
        assert_eq!(table_row("x", &measured), "| x | 12 | 61 s | 3.5 MiB |");
    }
}
