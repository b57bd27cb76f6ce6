//! Reads the Markdown pages of a site, which `llms.txt` lists.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    super::{lock::CaptureKind, names},
    FetchedPage, ListedPage, PageListing,
    address::{Site, sanitize},
    error::{FailureKind, FetchError, PullError},
    fetch::PageFormat,
    http_client::{Destination, HttpClient, PageRequest},
    settings::PullSettings,
};

pub(super) const FORMAT: PageFormat = PageFormat {
    page_request,
    read_page,
    read_stored: read_page,
};

/// The list of pages.
const LIST: &str = "llms.txt";
/// The heading above the OpenAPI description of an API page.
const SPECIFICATION: &str = "## OpenAPI Specification";

/// Returns the pages of a site.
///
/// # Errors
/// Fails if the list cannot be fetched, links to another site, or has a page twice.
pub(super) async fn list(
    http: &HttpClient,
    site: &Site,
    settings: &PullSettings,
) -> Result<PageListing, PullError> {
    let address = site.below(LIST);
    let request = request(&address, settings.listing_bytes);
    let text = http.get(&request, text).await.map_err(|failure| {
        PullError::site(
            &address,
            failure,
            "nothing was changed; the site has neither published JSON nor this list; check `--site` and `--api-base`",
        )
    })?;
    read_list(site, &text)
}

/// Reads `llms.txt`: lines `- Folder > Folder [title](url): text`. Links without a page ID are counted
/// but not followed; other lines are ignored.
fn read_list(site: &Site, text: &str) -> Result<PageListing, PullError> {
    let mut listing = PageListing {
        address: site.below(LIST),
        ..PageListing::default()
    };
    let mut lines: BTreeMap<String, usize> = BTreeMap::new();
    let mut others = 0;
    for (number, line) in (1..).zip(text.lines()) {
        let Some((folder, title, link)) = entry(line) else {
            continue;
        };
        let Some(id) = names::page_id(link) else {
            others += 1;
            continue;
        };
        let refuse = |text: String, help: &str| {
            PullError::site(format!("{}, line {number}", site.below(LIST)), text, help)
        };
        let url = site.resolve(link).map_err(|why| {
            refuse(
                format!("the link {:?} is not followed: {why}", sanitize(link)),
                "nothing was changed; links must stay on the site: if the documentation moved, pass its new URL as `--site`",
            )
        })?;
        if let Some(other) = lines.insert(id.clone(), number) {
            return Err(refuse(
                format!("the page {id} is already on line {other}"),
                "nothing was changed; a page is identified by its ID: wait until the site is corrected, or add the pages with `docs add`",
            ));
        }
        let source = url.as_str().to_owned();
        listing.pages.push(ListedPage {
            id,
            title: title.to_owned(),
            folder,
            address: source.strip_suffix(".md").unwrap_or(&source).to_owned(),
            source,
        });
    }
    if others > 0 {
        listing
            .others
            .push(("links that are not pages".to_owned(), others));
    }
    Ok(listing)
}

/// Returns folder, title and link of a line of the list. The title may contain brackets; the folder
/// precedes it.
fn entry(line: &str) -> Option<(Vec<String>, &str, &str)> {
    let line = line
        .strip_prefix("- ")
        .or_else(|| line.strip_prefix("* "))?;
    let (label, rest) = line.split_once("](")?;
    let (link, _) = rest.split_once(')')?;
    // Brackets are matched from the end: in `Folder [Title [v2]`, the title starts at the first one.
    let mut depth = 1_usize;
    let mut open = None;
    for (at, c) in label.char_indices().rev() {
        match c {
            ']' => depth += 1,
            '[' => {
                depth -= 1;
                if depth == 0 {
                    open = Some(at);
                    break;
                }
            }
            _ => {}
        }
    }
    let open = open?;
    let folder = label[..open]
        .split(" > ")
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect();
    Some((folder, label[open + 1..].trim(), link.trim()))
}

/// Returns the request for the Markdown of a page.
fn page_request(listed: &ListedPage, settings: &PullSettings) -> PageRequest {
    let source = &listed.source;
    if source.ends_with(".md") {
        request(source, settings.page_bytes)
    } else {
        request(&format!("{source}.md"), settings.page_bytes)
    }
}

fn request(address: &str, limit: usize) -> PageRequest {
    PageRequest {
        address: address.to_owned(),
        destination: Destination::Site,
        limit,
    }
}

fn text(body: &[u8]) -> Result<String, FetchError> {
    let text = std::str::from_utf8(body)
        .map_err(|error| {
            FetchError::new(
                FailureKind::Permanent,
                format!("the response is not UTF-8: {error}"),
            )
        })?
        .trim_start_matches('\u{FEFF}');
    let start: String = text.trim_start().chars().take(9).collect();
    let start = start.to_ascii_lowercase();
    if start.starts_with("<!doctype") || start.starts_with("<html") {
        return Err(FetchError::new(
            FailureKind::Permanent,
            "the response is HTML instead of Markdown; the site may require a password",
        ));
    }
    Ok(text.replace("\r\n", "\n"))
}

/// Reads a fetched or stored page; both have the same content.
fn read_page(listed: &ListedPage, body: &[u8]) -> Result<FetchedPage, FetchError> {
    let mut text = text(body)?;
    if text.trim().is_empty() {
        return Err(FetchError::new(
            FailureKind::Transient,
            "the response is empty",
        ));
    }
    let facts = facts(&text);
    // A guide may end in an unclosed block; the description of an operation does not.
    if facts.is_truncated && facts.is_api {
        return Err(FetchError::new(
            FailureKind::Transient,
            "the response is truncated inside a block (```)",
        ));
    }
    if !text.ends_with('\n') {
        text.push('\n');
    }
    Ok(FetchedPage {
        title: facts.title.unwrap_or_else(|| listed.title.clone()),
        kind: if facts.is_api {
            CaptureKind::Operation
        } else {
            CaptureKind::Guide
        },
        call: facts.call,
        folder: facts.folder.unwrap_or_else(|| listed.folder.clone()),
        modified: None,
        content: text.into_bytes(),
        left_out: BTreeSet::new(),
        listed: listed.clone(),
    })
}

/// The metadata of a Markdown page.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Facts {
    /// The first heading.
    pub title: Option<String>,
    /// Whether it has the description of an operation.
    pub is_api: bool,
    /// Method and path.
    pub call: Option<(String, String)>,
    /// `x-apifox-folder`.
    pub folder: Option<Vec<String>>,
    /// Whether the last block is unclosed.
    pub is_truncated: bool,
}

/// Reads title, method, path and folder of a page, line by line; only the importer parses the YAML.
pub(super) fn facts(text: &str) -> Facts {
    const METHODS: [&str; 8] = [
        "get", "put", "post", "delete", "options", "head", "patch", "trace",
    ];
    let mut facts = Facts::default();
    let mut fence: Option<usize> = None;
    let mut path: Option<String> = None;
    for line in text.lines() {
        let ticks = line.bytes().take_while(|byte| *byte == b'`').count();
        match fence {
            None if ticks >= 3 => fence = Some(ticks),
            None => {
                if facts.title.is_none()
                    && let Some(title) = line.strip_prefix("# ")
                {
                    facts.title = Some(title.trim().to_owned()).filter(|title| !title.is_empty());
                }
                facts.is_api |= line.trim_end() == SPECIFICATION;
            }
            Some(open) if ticks >= open && line.trim_end().len() == ticks => fence = None,
            Some(_) if facts.is_api => {
                let text = line.trim();
                let indent = line.len() - line.trim_start().len();
                if facts.call.is_none() {
                    if indent == 2 && text.starts_with(['/', '"', '\'']) {
                        path = text.strip_suffix(':').map(unquoted);
                    } else if indent == 4
                        && let Some(method) = text.strip_suffix(':')
                        && METHODS.contains(&method)
                    {
                        facts.call = path.take().map(|path| (method.to_uppercase(), path));
                    }
                }
                if facts.folder.is_none()
                    && let Some(folder) = text.strip_prefix("x-apifox-folder:")
                {
                    let names = unquoted(folder.trim());
                    let names = names
                        .split('/')
                        .map(str::trim)
                        .filter(|name| !name.is_empty());
                    facts.folder = Some(names.map(str::to_owned).collect());
                }
            }
            Some(_) => {}
        }
    }
    facts.is_truncated = fence.is_some();
    facts
}

fn unquoted(text: &str) -> String {
    text.trim_matches(['"', '\'']).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(text: &str) -> Result<PageListing, String> {
        let site = Site::parse("https://docs.example").unwrap();
        read_list(&site, text).map_err(|error| error.to_string())
    }

    #[test]
    fn list_has_folders_titles_and_pages() {
        let listing = list(
            "# Harbour\n\n## Docs\n- [Start](https://docs.example/1m0.md): see [this](https://x.example/9e0.md)\n\
             - Orders > Old [Get [v2]](/get-2e0.md): first line\n- a list in words\n- see [it](https://x.example/)\n\
             ## API Docs\n- [Relative](3e0.md)\n- [Older](doc-4.md)\n",
        )
        .unwrap();
        let pages: Vec<_> = listing
            .pages
            .iter()
            .map(|page| {
                (
                    page.id.as_str(),
                    page.title.as_str(),
                    page.folder.join("/"),
                    page.address.as_str(),
                )
            })
            .collect();
        assert_eq!(
            pages,
            [
                ("1m0", "Start", String::new(), "https://docs.example/1m0"),
                (
                    "2e0",
                    "Get [v2]",
                    "Orders/Old".into(),
                    "https://docs.example/get-2e0"
                ),
                ("3e0", "Relative", String::new(), "https://docs.example/3e0"),
                ("4m0", "Older", String::new(), "https://docs.example/doc-4"),
            ]
        );
        assert_eq!(listing.others, [("links that are not pages".to_owned(), 1)]);
    }

    #[test]
    fn link_to_other_site_and_duplicate_page_are_rejected() {
        for (text, part) in [
            ("- [A](https://x.example/1e0.md)", "another origin"),
            ("- [A](../1e0.md)", "contains `..`"),
            (
                "\n- [A](1e0.md)\n- [B](/b-1e0.md)",
                "line 3: the page 1e0 is already on line 2",
            ),
        ] {
            let error = list(text).unwrap_err();
            assert!(error.contains(part), "{error}");
        }
    }

    #[test]
    fn page_metadata_is_read() {
        let api = "# Get Order\n\nWords.\n\n## OpenAPI Specification\n\n```yaml\nopenapi: 3.0.1\npaths:\n  \
                   /orders/{id}:\n    get:\n      summary: Get Order\n      x-apifox-folder: Orders/Old\n```\n";
        let facts_of_api = facts(api);
        assert_eq!(facts_of_api.title.as_deref(), Some("Get Order"));
        assert_eq!(
            facts_of_api.call,
            Some(("GET".into(), "/orders/{id}".into()))
        );
        assert_eq!(
            facts_of_api.folder,
            Some(vec!["Orders".to_owned(), "Old".to_owned()])
        );
        assert!(facts_of_api.is_api && !facts_of_api.is_truncated);
        assert!(facts(&api[..api.len() - 5]).is_truncated);

        let guide = facts("# Guide\n\n```\n## OpenAPI Specification\n# no title\n```\n");
        assert_eq!(guide.title.as_deref(), Some("Guide"));
        assert!(!guide.is_api && guide.call.is_none());
    }
}
