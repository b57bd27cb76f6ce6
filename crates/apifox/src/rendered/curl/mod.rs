//! The curl sample of a page: method, URL, headers and body.

mod shell;

use super::url::{Address, address, pairs};
use crate::json::{Budget, JsonNode, parse};
use shell::Word;

/// A curl sample.
#[derive(Debug, Default)]
pub(crate) struct Curl {
    /// The line where it starts.
    pub(crate) line: u32,
    /// The method in upper case, if the sample names it or sends a body.
    pub(crate) method: Option<String>,
    /// The URL and its line.
    pub(crate) address: Option<(Address, u32)>,
    /// The query of the URL, and data that `-G` adds to it.
    pub(crate) query: Vec<Pair>,
    pub(crate) headers: Vec<Pair>,
    /// The body.
    pub(crate) data: Option<Data>,
    /// Parts of a multipart body.
    pub(crate) parts: Vec<Part>,
    /// Whether the sample ends inside a quoted string.
    pub(crate) cut: bool,
    /// Number of lines.
    pub(crate) lines: usize,
}

/// A name with its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pair {
    pub(crate) name: String,
    pub(crate) value: String,
    pub(crate) line: u32,
}

/// A body as text, with its position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Data {
    pub(crate) text: String,
    pub(crate) line: u32,
    pub(crate) column: u32,
}

/// A part of a multipart body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) name: String,
    /// The value, or `None` for a file.
    pub(crate) value: Option<String>,
    pub(crate) line: u32,
}

impl Curl {
    /// Returns the body if it is JSON.
    pub(crate) fn json(&self) -> Option<JsonNode> {
        let data = self.data.as_ref()?;
        let text = data.text.trim_start();
        let parsed = text
            .starts_with(['{', '['])
            .then(|| parse(text, data.line, data.column, &mut Budget::default()))?;
        Some(parsed.ok()?.node)
    }

    /// Returns a header; the name is case-insensitive.
    pub(crate) fn header(&self, name: &str) -> Option<&Pair> {
        self.headers
            .iter()
            .find(|header| header.name.eq_ignore_ascii_case(name))
    }

    /// Returns whether the sample sends a body.
    pub(crate) fn sends_body(&self) -> bool {
        self.data.is_some() || !self.parts.is_empty()
    }
}

/// Returns whether a curl sample starts at a line.
pub(crate) fn starts(line: &str) -> bool {
    let line = line.strip_prefix("$ ").unwrap_or(line);
    line == "curl" || line.starts_with("curl ") || line.starts_with("curl\\")
}

/// Options whose value does not describe the operation.
const VALUED: &[&str] = &[
    "--cacert",
    "--cert",
    "--connect-timeout",
    "--cookie",
    "--cookie-jar",
    "--key",
    "--max-time",
    "--output",
    "--proxy",
    "--referer",
    "--retry",
    "--user",
    "--user-agent",
    "-A",
    "-b",
    "-c",
    "-e",
    "-m",
    "-o",
    "-u",
    "-w",
    "-x",
    "--write-out",
];

/// Parses the sample at the start of a text.
pub(crate) fn read(text: &str, line: u32) -> Curl {
    let text = text.trim_start_matches([' ', '\t', '\u{a0}', '$']);
    let command = shell::command(text, line);
    let mut curl = Curl {
        line,
        cut: command.cut,
        lines: command.lines,
        ..Curl::default()
    };
    let mut get = false;
    let mut data: Vec<Data> = Vec::new();
    let mut words = command.words.into_iter().skip(1);
    while let Some(word) = words.next() {
        let Some(option) = Switch::of(&word) else {
            if curl.address.is_none() {
                curl.address = address(&word.text).map(|address| (address, word.line));
            }
            continue;
        };
        if option.name == "-G" || option.name == "--get" {
            get = true;
            continue;
        }
        if option.name == "-I" || option.name == "--head" {
            curl.method.get_or_insert_with(|| "HEAD".to_owned());
            continue;
        }
        if !option.takes_value() {
            continue;
        }
        let Some(value) = option.value.or_else(|| words.next()) else {
            break;
        };
        match option.name {
            "-X" | "--request" => curl.method = Some(value.text.to_ascii_uppercase()),
            "--url" => curl.address = address(&value.text).map(|address| (address, value.line)),
            "-H" | "--header" => curl.headers.extend(header(&value)),
            "-F" | "--form" | "--form-string" => curl.parts.extend(part(&value)),
            "--data-urlencode" => data.push(Data {
                text: encoded(&value.text),
                line: value.line,
                column: value.column,
            }),
            "-d" | "--data" | "--data-raw" | "--data-binary" | "--data-ascii" | "--json" => {
                data.push(Data {
                    text: value.text,
                    line: value.line,
                    column: value.column,
                });
            }
            _ => {}
        }
    }
    if let Some((address, line)) = &curl.address {
        curl.query = with_line(&address.query, *line);
    }
    if get {
        for piece in data.drain(..) {
            curl.query
                .extend(with_line(&pairs(&piece.text, true), piece.line));
        }
    }
    curl.data = data.into_iter().reduce(|mut all, next| {
        all.text.push('&');
        all.text.push_str(&next.text);
        all
    });
    if curl.method.is_none() && curl.sends_body() {
        curl.method = Some("POST".to_owned());
    }
    curl
}

fn with_line(pairs: &[(String, String)], line: u32) -> Vec<Pair> {
    pairs
        .iter()
        .map(|(name, value)| Pair {
            name: name.clone(),
            value: value.clone(),
            line,
        })
        .collect()
}

fn header(word: &Word) -> Option<Pair> {
    // `-H 'Name;'` sends a header without a value.
    let (name, value) = word
        .text
        .split_once(':')
        .or_else(|| Some((word.text.strip_suffix(';')?, "")))?;
    let name = name.trim();
    (!name.is_empty()).then(|| Pair {
        name: name.to_owned(),
        value: value.trim().to_owned(),
        line: word.line,
    })
}

fn part(word: &Word) -> Option<Part> {
    let (name, value) = word.text.split_once('=')?;
    let name = name.trim().trim_matches('"');
    (!name.is_empty()).then(|| Part {
        name: name.to_owned(),
        value: (!value.starts_with('@') && !value.starts_with('<'))
            .then(|| value.trim_matches('"').to_owned()),
        line: word.line,
    })
}

/// Encodes the value of `--data-urlencode 'name=value'` as far as a form needs it.
fn encoded(text: &str) -> String {
    let (name, value) = text.split_once('=').unwrap_or((text, ""));
    let value = value
        .replace('%', "%25")
        .replace('&', "%26")
        .replace('+', "%2B");
    format!("{name}={value}")
}

/// An option of the command, and the value written in the same word.
struct Switch<'a> {
    name: &'a str,
    value: Option<Word>,
}

impl<'a> Switch<'a> {
    fn of(word: &'a Word) -> Option<Self> {
        let text = word.text.as_str();
        let within = |from: usize| {
            Some(Word {
                text: text.get(from..)?.to_owned(),
                line: word.line,
                column: word.column,
            })
        };
        if text.starts_with("--") {
            return Some(match text.split_once('=') {
                Some((name, _)) => Self {
                    name,
                    value: within(name.len() + 1),
                },
                None => Self {
                    name: text,
                    value: None,
                },
            });
        }
        if !text.starts_with('-') || text.len() < 2 {
            return None;
        }
        let short = text.get(..2)?;
        Some(Self {
            name: short,
            value: within(2).filter(|rest| !rest.text.is_empty()),
        })
    }

    fn takes_value(&self) -> bool {
        matches!(
            self.name,
            "-X" | "--request"
                | "--url"
                | "-H"
                | "--header"
                | "-F"
                | "--form"
                | "--form-string"
                | "-d"
                | "--data"
                | "--data-raw"
                | "--data-binary"
                | "--data-ascii"
                | "--data-urlencode"
                | "--json"
        ) || VALUED.contains(&self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_are_parsed() {
        for (text, method) in [
            ("curl https://a.example/x", None),
            ("curl -X put https://a.example/x", Some("PUT")),
            ("curl -XDELETE https://a.example/x", Some("DELETE")),
            (
                "curl --location --request POST 'https://a.example/x'",
                Some("POST"),
            ),
            ("curl --request=PATCH 'https://a.example/x'", Some("PATCH")),
            ("curl https://a.example/x -d '{}'", Some("POST")),
            ("curl https://a.example/x -F a=b", Some("POST")),
            ("curl -G https://a.example/x -d a=b", None),
            ("curl -I https://a.example/x", Some("HEAD")),
        ] {
            let curl = read(text, 1);
            assert_eq!(curl.method.as_deref(), method, "{text}");
            let (address, _) = curl.address.expect(text);
            assert_eq!(address.path, "/x", "{text}");
        }
    }

    #[test]
    fn headers_query_body_and_parts_are_parsed() {
        let curl = read(
            "curl -sL --url 'https://a.example/x?p=%31' -H 'A-Key: v:1' --header \"B:\" -u me:pw \\\n\
             -d 'a=1' --data-urlencode 'b=x&y' -F 'file=@\"/tmp/x\"' -F note=hi",
            3,
        );
        assert_eq!(curl.query[0].value, "1");
        assert_eq!(curl.header("a-key").unwrap().value, "v:1");
        assert_eq!(curl.header("B").unwrap().value, "");
        assert_eq!(curl.data.unwrap().text, "a=1&b=x%26y");
        assert_eq!(curl.parts[0].value, None);
        assert_eq!(curl.parts[1].value.as_deref(), Some("hi"));
        assert_eq!(curl.parts[1].line, 4);
    }

    #[test]
    fn get_option_moves_data_to_the_query() {
        let curl = read(
            "curl -G 'https://a.example/x' --data-urlencode 'q=a b+c'",
            1,
        );
        assert_eq!(curl.query[0].value, "a b+c");
        assert!(!curl.sends_body());
    }

    #[test]
    fn start_of_sample_is_recognised() {
        assert!(starts("curl --location"));
        assert!(starts("$ curl x"));
        assert!(!starts("curling"));
    }
}
