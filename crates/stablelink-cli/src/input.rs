//! Input from arguments, files and standard input.

use std::io::Read;
use std::path::PathBuf;
use std::str::FromStr;

use stablelink::scalars::DecimalError;

use crate::error::CliError;

/// Parses a decimal that is not negative.
pub(crate) fn parse_amount<T: FromStr<Err = DecimalError>>(text: &str) -> Result<T, String> {
    let form = "expected a decimal of at least 0, such as 1.50";
    match text.parse() {
        Ok(amount) if !text.starts_with('-') => Ok(amount),
        Err(error @ DecimalError::TooManyDigits) => Err(format!("{form}: {error}")),
        _ => Err(form.to_owned()),
    }
}

/// Returns a parser of integers that are at least `min`.
pub(crate) fn integer_from(
    min: u64,
) -> impl Fn(&str) -> Result<u64, String> + Clone + Send + Sync + 'static {
    move |text| match text.parse() {
        Ok(number) if number >= min => Ok(number),
        _ => Err(format!("expected an integer of at least {min}")),
    }
}

/// The source of an input: a literal text, `@FILE`, or standard input (`@-` or `-`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum InputArg {
    Text(String),
    File(PathBuf),
    Stdin,
}

/// The size limit protects against reading the wrong file into memory.
const MAX_SIZE: u64 = 64 * 1024 * 1024;

impl FromStr for InputArg {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text.strip_prefix('@') {
            Some("") => return Err("the file name after @ is empty"),
            Some("-") => Self::Stdin,
            Some(path) => Self::File(path.into()),
            None if text == "-" => Self::Stdin,
            None => Self::Text(text.to_owned()),
        })
    }
}

impl InputArg {
    /// Returns the bytes unchanged.
    pub(crate) fn read(&self) -> Result<Vec<u8>, CliError> {
        let mut bytes = Vec::new();
        let size = match self {
            Self::Text(text) => return Ok(text.clone().into_bytes()),
            Self::Stdin => std::io::stdin()
                .take(MAX_SIZE + 1)
                .read_to_end(&mut bytes)?,
            Self::File(path) => std::fs::File::open(path)
                .and_then(|file| file.take(MAX_SIZE + 1).read_to_end(&mut bytes))
                .map_err(|error| {
                    CliError::usage(format!("cannot read {}: {error}", path.display()))
                })?,
        };
        if size as u64 > MAX_SIZE {
            return Err(CliError::usage("the input is larger than 64 MiB"));
        }
        Ok(bytes)
    }

    pub(crate) fn read_text(&self) -> Result<String, CliError> {
        String::from_utf8(self.read()?).map_err(|_| CliError::usage("the input is not UTF-8"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn input_arg_is_text_file_or_stdin() {
        for (text, input) in [
            ("{}", InputArg::Text("{}".into())),
            ("", InputArg::Text(String::new())),
            ("@a.json", InputArg::File("a.json".into())),
            ("@-", InputArg::Stdin),
            ("-", InputArg::Stdin),
            ("-x", InputArg::Text("-x".into())),
        ] {
            assert_eq!(text.parse::<InputArg>(), Ok(input), "{text}");
        }
        assert!("@".parse::<InputArg>().is_err());
        assert_eq!(InputArg::Text("a \n".into()).read().unwrap(), b"a \n");
        let error = InputArg::File("/no/such".into()).read().unwrap_err();
        assert!(
            error.to_string().starts_with("cannot read /no/such"),
            "{error}"
        );
    }
}
