//! The published JSON of a site: which project it is, its navigation, its pages.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, error::Category};

use super::{
    super::{lock::Kind, names::is_number},
    address::{ApiBase, Site, shown},
    error::{Class, Failure, PullError},
    normal::{Normal, normalise},
    page::{Listed, Listing, Page},
    settings::Settings,
    web::{self, Request, To, Web},
};

/// Deepest navigation that is followed. The reader of JSON stops at 128 levels, two of which a folder takes.
const DEEPEST: usize = 60;

/// The project behind a site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Project {
    id: String,
    branch: String,
}

/// Asks which project a site shows; none if the published JSON does not know the site.
///
/// # Errors
/// The answer cannot be had or has another shape.
pub(super) async fn find(
    web: &Web,
    site: &Site,
    api: &ApiBase,
    settings: &Settings,
) -> Result<Option<Project>, PullError> {
    let address = api.below(&format!("published-projects/domains/{}", site.host()));
    match web.get(&request(&address, settings.page_bytes), data).await {
        Ok(data) => project(&data).map(Some).map_err(|text| PullError::Listing {
            address,
            failure: Failure::new(Class::Lasting, text),
            help: "nothing was changed; the form of the published JSON may have moved: `--form markdown` takes the Markdown twins",
        }),
        Err(failure) if failure.status == Some(404) => Ok(None),
        Err(failure) => Err(PullError::Listing {
            address,
            failure,
            help: "nothing was changed; run it again later, see `--api-base`, or take the Markdown twins with `--form markdown`",
        }),
    }
}

fn project(data: &Value) -> Result<Project, String> {
    let id = number(&data["projectId"]).ok_or("the answer has no `projectId` of digits")?;
    let versions: Vec<&Value> = match &data["versionSettings"] {
        Value::Array(versions) => versions.iter().collect(),
        version => vec![version],
    };
    let version = versions
        .iter()
        .find(|version| version["isDefaultVersion"] == Value::Bool(true))
        .or(versions.first());
    let branch = version
        .and_then(|version| number(&version["branchId"]))
        .ok_or("the answer has no `versionSettings` with a `branchId` of digits")?;
    Ok(Project { id, branch })
}

impl Project {
    /// The pages of the project.
    ///
    /// # Errors
    /// The navigation cannot be had, names a page twice, by no id, or has too many pages.
    pub(super) async fn list(
        &self,
        web: &Web,
        site: &Site,
        api: &ApiBase,
        settings: &Settings,
    ) -> Result<Listing, PullError> {
        let address = self.below(api, "http-api-tree");
        let tree = web
            .get(&request(&address, settings.listing_bytes), data)
            .await
            .map_err(|failure| PullError::Listing {
                address: address.clone(),
                failure,
                help: "nothing was changed; run it again later",
            })?;
        let listing = Walk {
            project: self,
            site,
            api,
            listing: Listing::default(),
            seen: BTreeMap::new(),
            others: BTreeMap::new(),
        }
        .whole(&tree)?;
        if listing.pages.is_empty() {
            return Err(PullError::Listed {
                place: address,
                text: "lists no page".to_owned(),
                help: "nothing was changed; see whether this is the right site",
            });
        }
        if listing.pages.len() > settings.pages {
            return Err(PullError::TooManyPages {
                address,
                listed: listing.pages.len(),
                most: settings.pages,
            });
        }
        Ok(listing)
    }

    fn below(&self, api: &ApiBase, path: &str) -> String {
        api.below(&format!(
            "published-projects/{}/{path}?branchId={}",
            self.id, self.branch
        ))
    }
}

struct Walk<'a> {
    project: &'a Project,
    site: &'a Site,
    api: &'a ApiBase,
    listing: Listing,
    seen: BTreeMap<String, String>,
    others: BTreeMap<String, usize>,
}

impl Walk<'_> {
    fn whole(mut self, tree: &Value) -> Result<Listing, PullError> {
        let Some(nodes) = tree.as_array() else {
            return Err(PullError::Listed {
                place: "http-api-tree".to_owned(),
                text: "the navigation is not a list of nodes".to_owned(),
                help: "nothing was changed; `--form markdown` takes the Markdown twins",
            });
        };
        self.nodes(nodes, &mut Vec::new())?;
        self.listing.others = self.others.into_iter().collect();
        Ok(self.listing)
    }

    fn nodes(&mut self, nodes: &[Value], folder: &mut Vec<String>) -> Result<(), PullError> {
        if folder.len() > DEEPEST {
            return Err(PullError::Listed {
                place: format!("http-api-tree, below {:?}", shown(&folder.join(" / "))),
                text: format!("folders stand deeper than {DEEPEST} levels"),
                help: "nothing was changed; no real navigation is like that",
            });
        }
        for node in nodes {
            let name = text(&node["name"]);
            match node["type"].as_str().unwrap_or_default() {
                "apiDetail" => self.page(&node["api"], &name, "http-apis", "e0", folder)?,
                "doc" => self.page(&node["doc"], &name, "doc", "m0", folder)?,
                "apiDetailFolder" => {}
                other => *self.others.entry(shown(other)).or_default() += 1,
            }
            if let Some(children) = node["children"].as_array().filter(|list| !list.is_empty()) {
                folder.push(name);
                self.nodes(children, folder)?;
                folder.pop();
            }
        }
        Ok(())
    }

    fn page(
        &mut self,
        of: &Value,
        name: &str,
        path: &str,
        end: &str,
        folder: &[String],
    ) -> Result<(), PullError> {
        let refuse = |text: String, help| PullError::Listed {
            place: format!("http-api-tree, {:?}", shown(name)),
            text,
            help,
        };
        let Some(number) = number(&of["id"]) else {
            return Err(refuse(
                format!("the id {} is not a number", shown(&of["id"].to_string())),
                "nothing was changed; an id is digits alone, and nothing else is asked for or named after it",
            ));
        };
        let id = format!("{number}{end}");
        if let Some(other) = self.seen.insert(id.clone(), name.to_owned()) {
            return Err(refuse(
                format!("has the id {id}, and so has {:?}", shown(&other)),
                "nothing was changed; a page is known by its id, so the site has to be put right, or the pages be saved by hand (`docs add`)",
            ));
        }
        self.listing.pages.push(Listed {
            address: self.site.below(&id),
            source: self.project.below(self.api, &format!("{path}/{number}")),
            id,
            title: name.to_owned(),
            folder: folder.to_vec(),
        });
        Ok(())
    }
}

/// The request for a page.
pub(super) fn page_request(listed: &Listed, settings: &Settings) -> Request {
    request(&listed.source, settings.page_bytes)
}

fn request(address: &str, limit: usize) -> Request {
    Request {
        address: address.to_owned(),
        to: To::Api,
        limit,
    }
}

/// Reads an answer about a page.
pub(super) fn read_page(listed: &Listed, body: &[u8]) -> Result<Page, Failure> {
    page(listed, data(body)?)
}

/// Reads a page as it is stored.
pub(super) fn read_stored(listed: &Listed, content: &[u8]) -> Result<Page, Failure> {
    page(listed, json(content)?)
}

fn page(listed: &Listed, data: Value) -> Result<Page, Failure> {
    let wanted = &listed.id[..listed.id.len() - 2];
    if !data.is_object() {
        return Err(Failure::new(
            Class::Lasting,
            "the page is not a JSON object",
        ));
    }
    if number(&data["id"]).as_deref() != Some(wanted) {
        let text = format!(
            "the answer is about another page: its id is {}",
            shown(&data["id"].to_string())
        );
        return Err(Failure::new(Class::Lasting, text));
    }
    let Normal {
        page: data,
        left_out,
    } = normalise(data);
    let facts = facts(&data);
    let mut content = serde_json::to_vec_pretty(&data)
        .map_err(|error| Failure::new(Class::Lasting, error.to_string()))?;
    content.push(b'\n');
    Ok(Page {
        title: facts.title.unwrap_or_else(|| listed.title.clone()),
        kind: if listed.id.ends_with("e0") {
            Kind::Operation
        } else {
            Kind::Guide
        },
        call: facts.call,
        folder: listed.folder.clone(),
        modified: data["updatedAt"].as_str().and_then(modified),
        content,
        left_out,
        listed: listed.clone(),
    })
}

/// What a page in this form tells of itself.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Facts {
    /// Its title.
    pub title: Option<String>,
    /// Method and path.
    pub call: Option<(String, String)>,
}

/// Reads title, method and path of a page.
pub(super) fn facts(page: &Value) -> Facts {
    let word = |name: &str| {
        let text = page[name].as_str().unwrap_or_default().trim();
        (!text.is_empty()).then(|| text.to_owned())
    };
    Facts {
        title: word("name"),
        call: word("method")
            .map(|method| method.to_uppercase())
            .zip(word("path")),
    }
}

/// `2025-12-24T08:33:22.000Z` → `2025-12-24 08:33:22`.
fn modified(text: &str) -> Option<String> {
    let text = text.trim().get(..19)?.replacen('T', " ", 1);
    jiff::civil::DateTime::strptime("%Y-%m-%d %H:%M:%S", &text).ok()?;
    Some(text)
}

/// The members of the page in which two versions differ.
pub(super) fn differing(old: &[u8], new: &[u8]) -> BTreeSet<String> {
    let read = |content| serde_json::from_slice::<Value>(content).unwrap_or_default();
    let (old, new) = (read(old), read(new));
    let names = [&old, &new]
        .into_iter()
        .filter_map(Value::as_object)
        .flat_map(|page| page.keys());
    names
        .filter(|name| old.get(*name) != new.get(*name))
        .cloned()
        .collect()
}

/// Numbers of shared schemas that the page refers to and does not bring.
pub(super) fn missing_schemas(page: &[u8]) -> BTreeSet<String> {
    let mut wanted = BTreeSet::new();
    let mut brought = BTreeSet::new();
    let value: Value = serde_json::from_slice(page).unwrap_or_default();
    let mut open = vec![&value];
    while let Some(value) = open.pop() {
        match value {
            Value::Array(items) => open.extend(items),
            Value::Object(members) => {
                for (name, value) in members {
                    match (name.as_str(), value) {
                        ("$ref", Value::String(target)) => {
                            let number = target.strip_prefix("#/definitions/");
                            wanted.extend(number.filter(|name| is_number(name)).map(str::to_owned));
                        }
                        ("definitions", Value::Object(definitions)) => {
                            brought.extend(definitions.keys().cloned());
                        }
                        _ => {}
                    }
                    open.push(value);
                }
            }
            _ => {}
        }
    }
    wanted.difference(&brought).cloned().collect()
}

/// The member `data` of an answer.
fn data(body: &[u8]) -> Result<Value, Failure> {
    let mut answer = json(body)?;
    if let Some(refused) = web::refused(&answer) {
        return Err(refused);
    }
    match answer.get_mut("data") {
        Some(data) if !data.is_null() => Ok(data.take()),
        _ => Err(Failure::new(Class::Lasting, "the answer has no `data`")),
    }
}

fn json(body: &[u8]) -> Result<Value, Failure> {
    if body.trim_ascii_start().starts_with(b"<") {
        return Err(Failure::new(
            Class::Lasting,
            "the answer is a web page (HTML) and not JSON; the site may want a password",
        ));
    }
    serde_json::from_slice(body).map_err(|error| match error.classify() {
        Category::Eof => Failure::new(Class::Passing, "the answer is cut off inside its JSON"),
        _ => Failure::new(Class::Lasting, format!("the answer is not JSON: {error}")),
    })
}

/// A number of up to 20 digits, or a text of such.
fn number(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    is_number(&text).then_some(text)
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_default_version_is_taken_else_the_first() {
        for (data, expected) in [
            (
                json!({"projectId": 7, "versionSettings": [{"branchId": 1}, {"branchId": "2", "isDefaultVersion": true}]}),
                Some(("7", "2")),
            ),
            (
                json!({"projectId": "7", "versionSettings": [{"branchId": 1}]}),
                Some(("7", "1")),
            ),
            (
                json!({"projectId": 7, "versionSettings": {"branchId": 3}}),
                Some(("7", "3")),
            ),
            (json!({"projectId": 7, "versionSettings": []}), None),
            (
                json!({"projectId": "7/../8", "versionSettings": [{"branchId": 1}]}),
                None,
            ),
            (
                json!({"projectId": -7, "versionSettings": [{"branchId": 1}]}),
                None,
            ),
            (
                json!({"projectId": 7, "versionSettings": [{"branchId": "1&x=2"}]}),
                None,
            ),
        ] {
            let project = project(&data).ok();
            let parts = project
                .as_ref()
                .map(|project| (project.id.as_str(), project.branch.as_str()));
            assert_eq!(parts, expected, "{data}");
        }
    }

    #[test]
    fn a_page_tells_what_it_is() {
        let listed = Listed {
            id: "7e0".into(),
            title: "Listed".into(),
            folder: vec!["Trade".into()],
            address: "https://docs.example/7e0".into(),
            source: String::new(),
        };
        let answer = |data: Value| json!({"success": true, "data": data}).to_string();
        let body = answer(
            json!({"id": 7, "name": "Get", "method": "get", "path": "/x",
                                 "updatedAt": "2025-12-24T08:33:22.000Z", "viewCount": 3}),
        );
        let page = read_page(&listed, body.as_bytes()).unwrap();
        assert_eq!(page.title, "Get");
        assert_eq!(page.call, Some(("GET".into(), "/x".into())));
        assert_eq!(page.modified.as_deref(), Some("2025-12-24 08:33:22"));
        assert!(!String::from_utf8_lossy(&page.content).contains("viewCount"));
        assert_eq!(page.left_out, BTreeSet::from(["viewCount"]));
        let stored = read_stored(&listed, &page.content).unwrap();
        let left_out = BTreeSet::new();
        assert_eq!(stored, Page { left_out, ..page });

        for (body, class, part) in [
            (
                answer(json!({"id": 8})),
                Class::Lasting,
                "another page: its id is 8",
            ),
            (answer(json!([])), Class::Lasting, "not a JSON object"),
            (answer(Value::Null), Class::Lasting, "no `data`"),
            ("<!DOCTYPE html>".into(), Class::Lasting, "web page (HTML)"),
            (r#"{"success": true, "da"#.into(), Class::Passing, "cut off"),
            (String::new(), Class::Passing, "cut off"),
            ("[".repeat(100_000), Class::Lasting, "recursion limit"),
            ("no".into(), Class::Lasting, "not JSON"),
        ] {
            let failure = read_page(&listed, body.as_bytes()).unwrap_err();
            assert_eq!(failure.class, class, "{failure}");
            assert!(failure.text.contains(part), "{failure}");
        }
    }

    #[test]
    fn shared_schemas_that_a_page_does_not_bring_are_found() {
        let page = json!({"a": {"$ref": "#/definitions/1"}, "b": [{"x": {"$ref": "#/definitions/2"}}],
                          "c": {"$ref": "#/components/schemas/3"}, "definitions": {"2": {}}});
        let missing = missing_schemas(page.to_string().as_bytes());
        assert_eq!(missing, BTreeSet::from(["1".to_owned()]));
    }
}
