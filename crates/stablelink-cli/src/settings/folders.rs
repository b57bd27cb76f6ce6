//! Where settings and tokens lie.

use std::env;
use std::path::{Path, PathBuf};

use crate::failure::Failure;

/// Where settings and tokens lie, by the rules of XDG.
#[derive(Clone, Debug)]
pub(crate) struct Folders {
    config: PathBuf,
    state: PathBuf,
}

const NAME: &str = "stablelink";

impl Folders {
    pub(crate) fn of_user() -> Result<Self, Failure> {
        Self::by(|name| env::var_os(name).map(PathBuf::from)).ok_or_else(|| {
            Failure::usage(
                "there is no place for settings: neither HOME nor XDG_CONFIG_HOME is set",
            )
            .next("set HOME, or give everything by environment variables and --env")
        })
    }

    fn by(variable: impl Fn(&str) -> Option<PathBuf>) -> Option<Self> {
        let place = |name: &str, below_home: &str| {
            // XDG: a path that is not absolute is to be ignored.
            variable(name)
                .filter(|path| path.is_absolute())
                .or_else(|| {
                    Some(
                        variable("HOME")
                            .filter(|home| home.is_absolute())?
                            .join(below_home),
                    )
                })
        };
        Some(Self {
            config: place("XDG_CONFIG_HOME", ".config")?.join(NAME),
            state: place("XDG_STATE_HOME", ".local/state")?.join(NAME),
        })
    }

    pub(crate) fn config_file(&self) -> PathBuf {
        self.config.join("config.toml")
    }

    pub(crate) fn secrets_file(&self) -> PathBuf {
        self.config.join("secrets.toml")
    }

    /// The file of tokens, whose folder is made if need be.
    pub(crate) fn tokens_file(&self) -> Result<PathBuf, Failure> {
        make(&self.state)?;
        Ok(self.state.join("tokens"))
    }
}

/// Makes a folder that its owner alone can use; one that is there stays as it is.
pub(crate) fn make(folder: &Path) -> Result<(), Failure> {
    let mut maker = std::fs::DirBuilder::new();
    maker.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut maker, 0o700);
    maker
        .create(folder)
        .map_err(|error| Failure::usage(format!("{} can't be made: {error}", folder.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn xdg_goes_before_home() {
        let of = |pairs: &'static [(&str, &str)]| {
            Folders::by(|name| {
                pairs
                    .iter()
                    .find(|(key, _)| *key == name)
                    .map(|(_, value)| value.into())
            })
        };
        let home = of(&[("HOME", "/h")]).unwrap();
        assert_eq!(
            home.config_file(),
            Path::new("/h/.config/stablelink/config.toml")
        );
        assert_eq!(home.state, Path::new("/h/.local/state/stablelink"));
        let xdg = of(&[
            ("HOME", "/h"),
            ("XDG_CONFIG_HOME", "/c"),
            ("XDG_STATE_HOME", "relative"),
        ])
        .unwrap();
        assert_eq!(xdg.secrets_file(), Path::new("/c/stablelink/secrets.toml"));
        assert_eq!(xdg.state, Path::new("/h/.local/state/stablelink"));
        assert!(of(&[("XDG_CONFIG_HOME", "/c")]).is_none());
    }
}
