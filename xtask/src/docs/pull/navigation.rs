//! Reads the navigation of the published JSON: the project of a site and its pages.

use std::collections::BTreeMap;

use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;

use super::{
    ListedPage, PageListing, PullOptions,
    address::{ApiBase, Site, sanitize},
    error::{PASSWORD_VARIABLE, PullError},
    http_client::HttpClient,
    published::{data, for_each_field, number, request},
    settings::PullSettings,
};

/// The value of a field of a project that requires a password.
const PROTECTED: &str = "PASSWORD_PROTECTED";

/// The maximum depth of folders. The JSON parser allows 128 levels, and a folder takes two.
const MAX_DEPTH: usize = 60;

/// The project of a site, and its pages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SiteProject {
    /// The base URL that serves the project.
    api: ApiBase,
    /// The path of the project below the base.
    path: String,
    /// The ID of the project.
    id: String,
    /// Without a branch, the site shows its default branch.
    branch: Option<String>,
    /// The site, with the subdirectory in which its pages are.
    site: Site,
    /// Whether the project states that it requires a password.
    is_protected: bool,
}

/// Returns the project of a site with its pages, from the first base that has it, or `None` if no base has it.
///
/// # Errors
/// Fails if no base serves the project, and a base requires a password, or a response cannot be fetched or has an
/// unexpected structure.
pub(super) async fn find(
    http: &HttpClient,
    options: &PullOptions,
) -> Result<Option<(SiteProject, PageListing)>, PullError> {
    let (mut denied, mut first_error) = (None, None);
    for api in &options.api {
        match find_at(http, options, api).await {
            Ok(Some(found)) => return Ok(Some(found)),
            Ok(None) => {}
            Err(error @ PullError::PasswordRequired { .. }) => denied = denied.or(Some(error)),
            Err(error) => first_error = first_error.or(Some(error)),
        }
    }
    denied.or(first_error).map_or(Ok(None), Err)
}

/// Returns the project of a site with its pages at one base. The password is sent only if the project states that it is
/// protected, or if the base denies access to its navigation.
async fn find_at(
    http: &HttpClient,
    options: &PullOptions,
    api: &ApiBase,
) -> Result<Option<(SiteProject, PageListing)>, PullError> {
    let Some(project) = look_up(http, options, api).await? else {
        return Ok(None);
    };
    let settings = &options.settings;
    let listed = if project.is_protected {
        Err(PullError::PasswordRequired {
            place: project.below(""),
            text: "the documentation is protected by a password".to_owned(),
        })
    } else {
        project.clone().list(http, settings, false).await
    };
    match (listed, &options.password) {
        (Err(PullError::PasswordRequired { .. }), Some(password)) => {
            project.log_in(http, password).await?;
            project.list(http, settings, true).await
        }
        (listed, _) => listed,
    }
}

/// Returns the project of a site at one base. The URL of a shared documentation has the ID of its project; other
/// sites are looked up by host.
async fn look_up(
    http: &HttpClient,
    options: &PullOptions,
    api: &ApiBase,
) -> Result<Option<SiteProject>, PullError> {
    let site = &options.site;
    if let Some(id) = site.shared_id() {
        return Ok(Some(SiteProject {
            api: api.clone(),
            path: format!("shared-docs/{id}"),
            id: id.to_owned(),
            branch: None,
            site: site.clone(),
            is_protected: false,
        }));
    }
    let address = api.below(&format!("published-projects/domains/{}", site.host()));
    let request = request(&address, options.settings.page_bytes);
    match http.get(&request, data).await {
        Ok(data) => project(&data, site, api).map(Some).map_err(|text| {
            PullError::site(
                &address,
                text,
                "nothing was changed; the structure of the published JSON may have changed: use `--form markdown`",
            )
        }),
        Err(failure) if failure.is_absent() => Ok(None),
        Err(failure) => Err(PullError::site(
            &address,
            failure,
            "nothing was changed; run the command again later, check `--api-base`, or use `--form markdown`",
        )),
    }
}

fn project(data: &Value, site: &Site, api: &ApiBase) -> Result<SiteProject, String> {
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
    let branch = match version.map(|version| &version["branchId"]) {
        None | Some(Value::Null) => None,
        Some(branch) => {
            Some(number(branch).ok_or("a version in `versionSettings` has no numeric `branchId`")?)
        }
    };
    let options = [data, &data["customDomainOptions"]];
    let subdirectory = options
        .iter()
        .find(|options| options["enableSubdirectory"] == Value::Bool(true))
        .and_then(|options| options["subdirectory"].as_str())
        .unwrap_or_default();
    let mut is_protected = false;
    for_each_field(data, |_, value| is_protected |= value == PROTECTED);
    Ok(SiteProject {
        api: api.clone(),
        path: format!("published-projects/{id}"),
        id,
        branch,
        site: site.in_subdirectory(subdirectory),
        is_protected,
    })
}

impl SiteProject {
    /// Sends the password to the first URL that takes it.
    async fn log_in(&self, http: &HttpClient, password: &SecretString) -> Result<(), PullError> {
        let addresses = match self.site.shared_id() {
            Some(id) => vec![
                "shared-doc-auth".to_owned(),
                format!("projects/{id}/shared-doc-auth"),
            ],
            None => vec!["published-projects-auth".to_owned()],
        };
        let mut last = None;
        for address in addresses {
            let address = self.api.below(&address);
            match http
                .log_in(&address, &self.id, password.expose_secret())
                .await
            {
                Ok(()) => return Ok(()),
                Err(failure) => {
                    let is_absent = failure.is_absent();
                    last = Some(PullError::site(
                        &address,
                        format!("the password was not accepted: {failure}"),
                        format!("nothing was changed; check {PASSWORD_VARIABLE}"),
                    ));
                    if !is_absent {
                        break;
                    }
                }
            }
        }
        last.map_or(Ok(()), Err)
    }

    /// Returns the project with its pages, or `None` if the base does not have the project. A project that does not
    /// know its branch is read without one.
    ///
    /// # Errors
    /// Fails if the navigation cannot be fetched, or has a page twice or without an ID. Status 401 or 403 before the
    /// login is [`PullError::PasswordRequired`].
    async fn list(
        mut self,
        http: &HttpClient,
        settings: &PullSettings,
        is_logged_in: bool,
    ) -> Result<Option<(Self, PageListing)>, PullError> {
        let (address, tree) = loop {
            let address = self.below("http-api-tree");
            match http
                .get(&request(&address, settings.listing_bytes), data)
                .await
            {
                Ok(tree) => break (address, tree),
                Err(failure) if failure.is_absent() => {
                    if self.branch.take().is_none() {
                        return Ok(None);
                    }
                }
                Err(failure) if !is_logged_in && matches!(failure.status, Some(401 | 403)) => {
                    return Err(PullError::PasswordRequired {
                        place: address,
                        text: failure.text,
                    });
                }
                Err(failure) => {
                    let help = "nothing was changed; run the command again later";
                    return Err(PullError::site(&address, failure, help));
                }
            }
        };
        let reader = NavigationReader {
            project: &self,
            listing: PageListing {
                address,
                ..PageListing::default()
            },
            seen: BTreeMap::new(),
            others: BTreeMap::new(),
        };
        let listing = reader.read(&tree)?;
        Ok(Some((self, listing)))
    }

    /// Returns the URL of the list of shared schemas.
    pub(super) fn schemas(&self) -> String {
        self.below("data-schemas")
    }

    /// Returns the ID of the project.
    pub(super) fn id(&self) -> &str {
        &self.id
    }

    fn below(&self, path: &str) -> String {
        let branch = self.branch.as_ref();
        let branch = branch.map_or(String::new(), |branch| format!("?branchId={branch}"));
        self.api.below(&format!("{}/{path}{branch}", self.path))
    }
}

struct NavigationReader<'a> {
    project: &'a SiteProject,
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
            address: self.project.site.below(&id),
            source: self.project.below(&format!("{path}/{number}")),
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

    fn site_and_api() -> (Site, ApiBase) {
        (
            Site::parse("https://docs.example").unwrap(),
            ApiBase::parse("https://api.example/v1").unwrap(),
        )
    }

    #[test]
    fn project_states_its_subdirectory_and_protection() {
        let (site, api) = site_and_api();
        for (data, address, is_protected) in [
            (
                json!({"projectId": 7, "enableSubdirectory": true, "subdirectory": "/help"}),
                "https://docs.example/help/1e0",
                false,
            ),
            (
                json!({"projectId": 7, "customDomainOptions": {"enableSubdirectory": true, "subdirectory": "a"}}),
                "https://docs.example/a/1e0",
                false,
            ),
            (
                json!({"projectId": 7, "subdirectory": "off", "visibility": "PASSWORD_PROTECTED"}),
                "https://docs.example/1e0",
                true,
            ),
        ] {
            let project = project(&data, &site, &api).unwrap();
            assert_eq!(project.site.below("1e0"), address, "{data}");
            assert_eq!(project.is_protected, is_protected, "{data}");
        }
    }

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
            (
                json!({"projectId": 7, "versionSettings": [{}]}),
                Some(("7", None)),
            ),
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
            let (site, api) = site_and_api();
            let project = project(&data, &site, &api).ok();
            let parts = project
                .as_ref()
                .map(|project| (project.id.as_str(), project.branch.as_deref()));
            assert_eq!(parts, expected, "{data}");
        }
    }

    /// The input has the structure of a live site, with other names.
    #[test]
    fn navigation_of_live_site_is_read() {
        let (site, api) = site_and_api();
        let project = project(&json!({
            "id": 7, "projectId": 7, "enableSubdirectory": false, "subdirectory": "", "docRedirectRules": [], "customCnameList": [],
            "customDomainOptions": {"enableSubdirectory": false, "subdirectory": "", "enableHttps": true},
            "versionSettings": [{"branchId": 9, "isDefaultVersion": true, "name": "latest", "slug": "latest",
                                 "environments": {"environmentIds": [1], "defaultEnvironmentId": 1}}],
        }), &site, &api)
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
