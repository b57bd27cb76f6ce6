//! Reads the navigation of the published JSON: the project of a site and its pages.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{
    ListedPage, PageListing,
    address::{ApiBase, Site, sanitize},
    error::PullError,
    http_client::HttpClient,
    published::{data, number, request},
    settings::PullSettings,
};

/// The maximum depth of folders. The JSON parser allows 128 levels, and a folder takes two.
const MAX_DEPTH: usize = 60;

/// The project of a site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SiteProject {
    id: String,
    /// Without a branch, the site shows its default branch.
    branch: Option<String>,
}

/// Returns the project of a site, or `None` if the site has no published JSON.
///
/// # Errors
/// Fails if the response cannot be fetched or has an unexpected structure.
pub(super) async fn find(
    http: &HttpClient,
    site: &Site,
    api: &ApiBase,
    settings: &PullSettings,
) -> Result<Option<SiteProject>, PullError> {
    let address = api.below(&format!("published-projects/domains/{}", site.host()));
    match http.get(&request(&address, settings.page_bytes), data).await {
        Ok(data) => project(&data).map(Some).map_err(|text| {
            PullError::site(
                &address,
                text,
                "nothing was changed; the structure of the published JSON may have changed: use `--form markdown`",
            )
        }),
        Err(failure) if failure.status == Some(404) => Ok(None),
        Err(failure) => Err(PullError::site(
            &address,
            failure,
            "nothing was changed; run the command again later, check `--api-base`, or use `--form markdown`",
        )),
    }
}

fn project(data: &Value) -> Result<SiteProject, String> {
    // Sites with a custom domain return the record of the project itself.
    let id = ["projectId", "id"]
        .iter()
        .find(|name| !data[**name].is_null());
    let id = id
        .and_then(|name| number(&data[*name]))
        .ok_or("the response has no numeric `projectId`")?;
    let versions: Vec<&Value> = match &data["versionSettings"] {
        Value::Array(versions) => versions.iter().collect(),
        Value::Null => Vec::new(),
        version => vec![version],
    };
    let version = versions
        .iter()
        .find(|version| version["isDefaultVersion"] == Value::Bool(true))
        .or(versions.first());
    let branch = version.map(|version| {
        number(&version["branchId"])
            .ok_or("a version in `versionSettings` has no numeric `branchId`")
    });
    let branch = branch.transpose()?;
    Ok(SiteProject { id, branch })
}

impl SiteProject {
    /// Returns the pages of the project.
    ///
    /// # Errors
    /// Fails if the navigation cannot be fetched, or has a page twice or without an ID.
    pub(super) async fn list(
        &self,
        http: &HttpClient,
        site: &Site,
        api: &ApiBase,
        settings: &PullSettings,
    ) -> Result<PageListing, PullError> {
        let address = self.below(api, "http-api-tree");
        let tree = http
            .get(&request(&address, settings.listing_bytes), data)
            .await
            .map_err(|failure| {
                let help = "nothing was changed; run the command again later";
                PullError::site(&address, failure, help)
            })?;
        NavigationReader {
            project: self,
            site,
            api,
            listing: PageListing {
                address,
                ..PageListing::default()
            },
            seen: BTreeMap::new(),
            others: BTreeMap::new(),
        }
        .read(&tree)
    }

    /// Returns the URL of the list of shared schemas.
    pub(super) fn schemas(&self, api: &ApiBase) -> String {
        self.below(api, "data-schemas")
    }

    fn below(&self, api: &ApiBase, path: &str) -> String {
        let branch = self.branch.as_ref();
        let branch = branch.map_or(String::new(), |branch| format!("?branchId={branch}"));
        api.below(&format!("published-projects/{}/{path}{branch}", self.id))
    }
}

struct NavigationReader<'a> {
    project: &'a SiteProject,
    site: &'a Site,
    api: &'a ApiBase,
    listing: PageListing,
    seen: BTreeMap<String, String>,
    others: BTreeMap<String, usize>,
}

impl NavigationReader<'_> {
    fn read(mut self, tree: &Value) -> Result<PageListing, PullError> {
        let Some(nodes) = tree.as_array() else {
            return Err(PullError::site(
                "http-api-tree",
                "the navigation is not a list of nodes",
                "nothing was changed; use `--form markdown`",
            ));
        };
        self.nodes(nodes, &mut Vec::new())?;
        self.listing.others = self.others.into_iter().collect();
        Ok(self.listing)
    }

    fn nodes(&mut self, nodes: &[Value], folder: &mut Vec<String>) -> Result<(), PullError> {
        if folder.len() > MAX_DEPTH {
            return Err(PullError::site(
                format!("http-api-tree, below {:?}", sanitize(&folder.join(" / "))),
                format!("folders are nested deeper than {MAX_DEPTH} levels"),
                "nothing was changed; this is not a valid navigation",
            ));
        }
        for node in nodes {
            let name = text(&node["name"]);
            match node["type"].as_str().unwrap_or_default() {
                "apiDetail" => self.page(&node["api"], &name, "http-apis", "e0", folder)?,
                "doc" => self.page(&node["doc"], &name, "doc", "m0", folder)?,
                "apiDetailFolder" => {}
                other => *self.others.entry(sanitize(other)).or_default() += 1,
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
        let refuse = |text: String, help: &str| {
            PullError::site(format!("http-api-tree, {:?}", sanitize(name)), text, help)
        };
        let Some(number) = number(&of["id"]) else {
            return Err(refuse(
                format!("the ID {} is not a number", sanitize(&of["id"].to_string())),
                "nothing was changed; an ID has only digits, because URLs and file names contain it",
            ));
        };
        let id = format!("{number}{end}");
        if let Some(other) = self.seen.insert(id.clone(), name.to_owned()) {
            return Err(refuse(
                format!("has the ID {id}, but so has {:?}", sanitize(&other)),
                "nothing was changed; a page is identified by its ID: wait until the site is corrected, or add the pages with `docs add`",
            ));
        }
        self.listing.pages.push(ListedPage {
            address: self.site.below(&id),
            source: self.project.below(self.api, &format!("{path}/{number}")),
            id,
            title: name.to_owned(),
            folder: folder.to_vec(),
        });
        Ok(())
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn default_version_or_first_is_used() {
        for (data, expected) in [
            (
                json!({"projectId": 7, "versionSettings": [{"branchId": 1}, {"branchId": "2", "isDefaultVersion": true}]}),
                Some(("7", Some("2"))),
            ),
            (
                json!({"projectId": "7", "versionSettings": [{"branchId": 1}]}),
                Some(("7", Some("1"))),
            ),
            (
                json!({"projectId": 7, "versionSettings": {"branchId": 3}}),
                Some(("7", Some("3"))),
            ),
            (
                json!({"projectId": 7, "versionSettings": []}),
                Some(("7", None)),
            ),
            (json!({"id": 7}), Some(("7", None))),
            (json!({"projectId": 7, "id": 8}), Some(("7", None))),
            (json!({"projectId": "x", "id": 8}), None),
            (json!({"projectId": 7, "versionSettings": [{}]}), None),
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
                .map(|project| (project.id.as_str(), project.branch.as_deref()));
            assert_eq!(parts, expected, "{data}");
        }
    }

    /// The input has the structure of a live site, with other names.
    #[test]
    fn navigation_of_live_site_is_read() {
        let site = Site::parse("https://docs.example").unwrap();
        let api = ApiBase::parse("https://api.example/v1").unwrap();
        let project = project(&json!({
            "id": 7, "projectId": 7, "enableSubdirectory": false, "subdirectory": "", "docRedirectRules": [], "customCnameList": [],
            "customDomainOptions": {"enableSubdirectory": false, "subdirectory": "", "enableHttps": true},
            "versionSettings": [{"branchId": 9, "isDefaultVersion": true, "name": "latest", "slug": "latest",
                                 "environments": {"environmentIds": [1], "defaultEnvironmentId": 1}}],
        }))
        .unwrap();
        let guide = |id: u32, name: &str| {
            json!({"key": format!("doc.{id}"), "type": "doc", "name": name, "moduleId": 3, "children": [],
                   "doc": {"id": id, "name": name, "moduleId": 3, "folderId": 0, "tags": [], "sidebarTitle": ""}})
        };
        let call = |id: u32, name: &str| {
            json!({"key": format!("apiDetail.{id}"), "type": "apiDetail", "name": name, "moduleId": 3, "children": [],
                   "api": {"id": id, "name": name, "moduleId": 3, "type": "http", "method": "post", "path": "/a", "folderId": 5,
                           "tags": ["Other"], "status": "released", "responsibleId": 0, "customApiFields": {}, "editorId": 2}})
        };
        let folder = |id: u32, name: &str, children: Value| {
            json!({"key": format!("apiDetailFolder.{id}"), "type": "apiDetailFolder", "name": name, "moduleId": 3, "children": children,
                   "folder": {"id": id, "name": name, "moduleId": 3, "docId": 0, "parentId": 0, "projectBranchId": 0,
                              "shareSettings": null, "editorId": 2, "type": "http"}})
        };
        let tree = json!([
            guide(1, "Welcome"),
            folder(
                5,
                "Books",
                json!([
                    folder(
                        6,
                        "Lend / take back ",
                        json!([call(11, "Lend "), call(12, "Take Back")])
                    ),
                    guide(2, "Codes"),
                    folder(8, "Empty", json!([])),
                ])
            ),
        ]);
        let listing = NavigationReader {
            project: &project,
            site: &site,
            api: &api,
            listing: PageListing::default(),
            seen: BTreeMap::new(),
            others: BTreeMap::new(),
        }
        .read(&tree)
        .unwrap();
        assert_eq!(listing.others, []);
        let pages: Vec<(&str, String, &str, &str)> = listing
            .pages
            .iter()
            .map(|page| {
                let source = page
                    .source
                    .strip_prefix("https://api.example/v1/published-projects/7/")
                    .unwrap();
                (
                    page.id.as_str(),
                    page.folder.join(" > "),
                    page.title.as_str(),
                    source,
                )
            })
            .collect();
        assert_eq!(
            pages,
            [
                ("1m0", String::new(), "Welcome", "doc/1?branchId=9"),
                (
                    "11e0",
                    "Books > Lend / take back".to_owned(),
                    "Lend",
                    "http-apis/11?branchId=9"
                ),
                (
                    "12e0",
                    "Books > Lend / take back".to_owned(),
                    "Take Back",
                    "http-apis/12?branchId=9"
                ),
                ("2m0", "Books".to_owned(), "Codes", "doc/2?branchId=9"),
            ]
        );
    }
}
