//! Java: `openapi-generator`, as a plugin of Maven.

use std::path::Path;

use crate::job::{self, Job, call::Call, read, stop::Stop};

use super::language::Language;
use super::toolkit::{Need, Toolkit};

/// The generator, as `pom.xml` names it.
const PLUGIN: &str = "<artifactId>openapi-generator-maven-plugin</artifactId>";

pub(super) struct Java;

fn project() -> String {
    format!("{}/pom.xml", Language::Java.source())
}

/// The folder and the package of a generated client.
fn client(provisional: bool) -> (&'static str, &'static str) {
    match provisional {
        false => ("published", "client"),
        true => ("provisional", "provisional"),
    }
}

/// Its options stand in `.mvn` of the program: warnings and errors are all that it prints.
fn maven(phase: &str) -> Call {
    Call::new("mvn", ["-f", &project(), phase])
}

impl Toolkit for Java {
    fn generator(&self) -> &'static str {
        "openapi-generator"
    }

    fn version(&self, root: &Path) -> Result<String, Stop> {
        let pins = read(root, &project())?;
        let version = pins.split_once(PLUGIN).and_then(|(_, rest)| {
            let (_, rest) = rest.split_once("<version>")?;
            Some(rest.split_once("</version>")?.0.to_owned())
        });
        version.ok_or_else(|| Stop(format!("{}: does not pin {PLUGIN}", project())))
    }

    fn needs(&self) -> Vec<Need> {
        vec![
            Need {
                what: "a JDK of Java 17 or later",
                present: || Call::new("javac", ["--release", "17", "-version"]),
            },
            Need {
                what: "mvn",
                present: || Call::new("mvn", ["-version"]),
            },
        ]
    }

    fn install(&self, _job: &mut Job<'_>) -> Result<(), Stop> {
        // Maven fetches what it needs into a cache of its own, on the way.
        Ok(())
    }

    fn prepare(&self, root: &Path) -> Result<(), Stop> {
        // What is there already would not be generated again, and not warned of.
        let made = root.join(Language::Java.target());
        job::empty(&made.join(client(false).0))?;
        job::empty(&made.join(client(true).0))
    }

    fn generate(&self) -> Vec<Call> {
        vec![maven("generate-sources")]
    }

    fn generate_plain(&self, root: &Path, folder: &str) -> Vec<Call> {
        let made = root.join(folder).display().to_string();
        let documents = root.join("spec").display().to_string();
        vec![
            maven("generate-sources")
                .args([format!("-Dmade={made}"), format!("-Ddocuments={documents}")]),
        ]
    }

    fn is_warning(&self, line: &str) -> bool {
        // It thanks its users in a frame of these.
        !line.is_empty() && !line.starts_with('#')
    }

    fn operations(&self, root: &Path, provisional: bool) -> Result<usize, Stop> {
        let (made, package) = client(provisional);
        let target = Language::Java.target();
        let api = root.join(format!(
            "{target}/{made}/src/main/java/stablelink/{package}/api"
        ));
        let is_call =
            |line: &&str| line.contains("public ApiResponse<") && line.contains("WithHttpInfo(");
        let mut count = 0;
        for class in std::fs::read_dir(api)? {
            let code = std::fs::read_to_string(class?.path())?;
            count += code.lines().filter(is_call).count();
        }
        Ok(count)
    }

    fn build(&self) -> Vec<Call> {
        vec![maven("process-classes").args(["-Dcodegen.skip=true"])]
    }

    fn program(&self) -> Call {
        let made = Language::Java.target();
        let separator = if cfg!(windows) { ';' } else { ':' };
        let classes = format!("{made}/classes{separator}{made}/lib/*");
        // It runs for a second or two: less is gained by compiling it well than by starting fast.
        Call::new(
            "java",
            ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp"],
        )
        .args([classes.as_str(), "stablelink.Main"])
    }
}
