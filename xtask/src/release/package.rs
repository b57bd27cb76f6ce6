//! The crates as a registry would get them.

use super::published;
use crate::job::Job;
use crate::job::call::Call;
use crate::job::stop::Stop;

/// What whoever has the package alone must find in it: both licences ask for their text.
const FILES: [&str; 3] = ["README.md", "LICENSE-APACHE", "LICENSE-MIT"];

/// Packages all of them and builds each from its package, with the packages of the others as dependencies; uploads nothing.
pub(crate) fn in_job(job: &mut Job<'_>) -> Result<(), Stop> {
    let crates = published::find(job.root)?;
    // The suite is for work that is not committed yet, too.
    let mut publish = Call::cargo("publish --dry-run --locked --allow-dirty");
    for name in crates.iter().map(|it| &it.name) {
        let list = Call::cargo("package --list --locked --allow-dirty --package").args([name]);
        let text = list
            .text(job.root)
            .ok_or_else(|| Stop(format!("failed: {list}")))?;
        for file in missing(&text) {
            job.problem(format!(
                "the package of {name} has no {file}\n  help: put it beside its Cargo.toml"
            ));
        }
        publish = publish.args(["--package", name]);
    }
    job.check(&publish)
}

fn missing(list: &str) -> impl Iterator<Item = &'static str> {
    FILES
        .into_iter()
        .filter(move |file| !list.lines().any(|line| line == *file))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_package_lacks_is_named() {
        let lacks = |list| missing(list).collect::<Vec<_>>();
        assert_eq!(
            lacks("Cargo.toml\nLICENSE-APACHE\nLICENSE-MIT\nREADME.md\nsrc/lib.rs"),
            [""; 0]
        );
        assert_eq!(
            lacks("LICENSE-MIT\ndocs/README.md"),
            ["README.md", "LICENSE-APACHE"]
        );
    }
}
