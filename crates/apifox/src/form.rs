//! The forms that a page comes in.

/// How a page was saved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PageFormat {
    /// The text of a page as a browser shows it.
    Rendered,
    /// The Markdown twin: `# title`, and for an API page a block of YAML.
    Markdown,
    /// The JSON that the site's own pages are drawn from.
    Published,
}

impl PageFormat {
    /// Tells the form by how the page begins: an object of JSON, a heading of Markdown, or anything else.
    ///
    /// Says nothing about whether the page can be read.
    pub fn detect(text: &[u8]) -> Self {
        let text = text
            .strip_prefix(b"\xef\xbb\xbf")
            .unwrap_or(text)
            .trim_ascii_start();
        if text.starts_with(b"{") {
            Self::Published
        } else if text.starts_with(b"# ") {
            Self::Markdown
        } else {
            Self::Rendered
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_told_by_their_beginning() {
        for (text, form) in [
            ("{\"id\": 1}", PageFormat::Published),
            ("\u{feff}\n  {", PageFormat::Published),
            ("\n# Get Order\n", PageFormat::Markdown),
            ("#hashtag", PageFormat::Rendered),
            ("1. Orders\nHarbour Books\n", PageFormat::Rendered),
            ("", PageFormat::Rendered),
        ] {
            assert_eq!(PageFormat::detect(text.as_bytes()), form, "{text:?}");
        }
    }
}
