//! Java: `openapi-generator`, as a plugin of Maven.

use std::path::Path;

use crate::job::{self, Job, command::CommandLine, error::JobError, read};

use super::language::Language;
use super::toolkit::{Requirement, Toolkit};

/// The plugin of the generator in `pom.xml`.
const PLUGIN: &str = "<artifactId>openapi-generator-maven-plugin</artifactId>";

pub(super) struct Java;

fn project() -> String {
    format!("{}/pom.xml", Language::Java.source())
}

/// Returns the folder and the package of a generated client.
fn client(provisional: bool) -> (&'static str, &'static str) {
    match provisional {
        false => ("published", "client"),
        true => ("provisional", "provisional"),
    }
}

/// Returns the command line of a Maven phase. The options in the `.mvn` folder of the program limit
/// the output to warnings and errors.
fn maven(phase: &str) -> CommandLine {
    CommandLine::new("mvn", ["-f", &project(), phase])
}

impl Toolkit for Java {
    fn generator(&self) -> &'static str {
        "openapi-generator"
    }

    fn version(&self, root: &Path) -> Result<String, JobError> {
        let pins = read(root, &project())?;
        let version = pins.split_once(PLUGIN).and_then(|(_, rest)| {
            let (_, rest) = rest.split_once("<version>")?;
            Some(rest.split_once("</version>")?.0.to_owned())
        });
        version.ok_or_else(|| JobError(format!("{}: no version of {PLUGIN}", project())))
    }

    fn requirements(&self) -> Vec<Requirement> {
        vec![
            Requirement {
                name: "a JDK of Java 17 or later",
                probe: || CommandLine::new("javac", ["--release", "17", "-version"]),
            },
            Requirement {
                name: "mvn",
                probe: || CommandLine::new("mvn", ["-version"]),
            },
        ]
    }

    fn install(&self, _job: &mut Job<'_>) -> Result<(), JobError> {
        // Maven downloads its dependencies during the build.
        Ok(())
    }

    fn prepare(&self, root: &Path) -> Result<(), JobError> {
        // The generator skips existing files, and prints no warnings for them.
        let target = root.join(Language::Java.target());
        job::recreate_folder(&target.join(client(false).0))?;
        job::recreate_folder(&target.join(client(true).0))
    }

    fn generate(&self) -> Vec<CommandLine> {
        vec![maven("generate-sources")]
    }

    fn is_warning(&self, line: &str) -> bool {
        // The generator prints a notice to its users in a frame of `#`.
        !line.is_empty() && !line.starts_with('#')
    }

    fn count_operations(&self, root: &Path, provisional: bool) -> Result<usize, JobError> {
        let (folder, package) = client(provisional);
        let target = Language::Java.target();
        let api = root.join(format!(
            "{target}/{folder}/src/main/java/stablelink/{package}/api"
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

    fn build(&self) -> Vec<CommandLine> {
        vec![maven("process-classes").args(["-Dcodegen.skip=true"])]
    }

    fn program(&self) -> CommandLine {
        let target = Language::Java.target();
        let separator = if cfg!(windows) { ';' } else { ':' };
        let classes = format!("{target}/classes{separator}{target}/lib/*");
        // The program runs for two seconds, so that a fast start matters more than optimised code.
        CommandLine::new(
            "java",
            ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp"],
        )
        .args([classes.as_str(), "stablelink.Main"])
    }
}
