//! Bodies and JSON from arguments, files and standard input.

use std::convert::Infallible;
use std::io::Read;
use std::path::PathBuf;
use std::str::FromStr;

use crate::failure::Failure;

/// Where bytes come from: a text as it is, `@FILE`, or `@-` or `-` for standard input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Input {
    Text(String),
    File(PathBuf),
    Stdin,
}

/// More is no body of this gateway, and would fill the memory by mistake.
const LIMIT: u64 = 64 * 1024 * 1024;

impl FromStr for Input {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(match text.strip_prefix('@') {
            Some("-") => Self::Stdin,
            Some(path) => Self::File(path.into()),
            None if text == "-" => Self::Stdin,
            None => Self::Text(text.to_owned()),
        })
    }
}

impl Input {
    /// The bytes, none added and none taken away.
    pub(crate) fn read(&self) -> Result<Vec<u8>, Failure> {
        let mut bytes = Vec::new();
        let size = match self {
            Self::Text(text) => return Ok(text.clone().into_bytes()),
            Self::Stdin => std::io::stdin().take(LIMIT + 1).read_to_end(&mut bytes),
            Self::File(path) => {
                let unreadable =
                    |error| Failure::usage(format!("{} can't be read: {error}", path.display()));
                let file = std::fs::File::open(path).map_err(unreadable)?;
                file.take(LIMIT + 1)
                    .read_to_end(&mut bytes)
                    .map_err(unreadable)
                    .map(Ok)?
            }
        }?;
        if size as u64 > LIMIT {
            return Err(Failure::usage("the input is longer than 64 MiB"));
        }
        Ok(bytes)
    }

    /// The bytes as text.
    pub(crate) fn read_text(&self) -> Result<String, Failure> {
        String::from_utf8(self.read()?).map_err(|_| Failure::usage("the input is not UTF-8"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_a_file_or_standard_input() {
        for (text, input) in [
            ("{}", Input::Text("{}".into())),
            ("", Input::Text(String::new())),
            ("@a.json", Input::File("a.json".into())),
            ("@-", Input::Stdin),
            ("-", Input::Stdin),
            ("-x", Input::Text("-x".into())),
        ] {
            assert_eq!(text.parse::<Input>(), Ok(input), "{text}");
        }
        assert_eq!(Input::Text("a \n".into()).read().unwrap(), b"a \n");
        let failure = Input::File("/no/such".into()).read().unwrap_err();
        assert!(
            failure.to_string().starts_with("/no/such can't be read"),
            "{failure}"
        );
    }
}
