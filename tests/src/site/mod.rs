//! A documentation site on localhost, with generated pages as published JSON and as Markdown, and with
//! configurable failures. It uses real HTTP and never sleeps.

mod faults;
mod pages;
mod server;

use std::{
    collections::BTreeMap,
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

pub use faults::Faults;
pub use pages::DocPage;
pub use server::{Reply, Request};

/// The ID of the project.
pub const PROJECT: u64 = 4_242;
/// The ID of the published branch.
pub const BRANCH: u64 = 77;
/// The ID of the shared documentation.
pub const SHARED: &str = "6aa360d3-d8f2-471e-b841-3a35c33a7b7c";
/// The cookie of a reader who knows the password.
const COOKIE: &str = "apiDocToken.4242=known";

/// The content and the request log of a site.
#[derive(Debug, Default)]
pub struct SiteState {
    /// The pages, in the order of the navigation.
    pub pages: Vec<DocPage>,
    /// Whether the site has published JSON; otherwise it has only Markdown.
    pub published: bool,
    /// Whether the project has no branches, so that no request may name one.
    pub unbranched: bool,
    /// Whether the published JSON is that of a shared documentation with the ID [`SHARED`].
    pub shared: bool,
    /// Whether replies are compressed, although no request allows it.
    pub gzip: bool,
    /// The password, if the documentation is protected.
    pub password: Option<String>,
    /// The failures.
    pub faults: Option<Faults>,
    /// Replies that replace those of the site, by path and query.
    pub replies: BTreeMap<String, Reply>,
    /// The request log.
    pub log: Vec<Request>,
}

/// A running site. Dropping it stops the server.
#[derive(Debug)]
pub struct Site {
    address: SocketAddr,
    state: Arc<Mutex<SiteState>>,
}

impl Site {
    /// Starts a site on a free port of the loopback address.
    ///
    /// # Errors
    /// Fails if no port is available.
    pub fn start(state: SiteState) -> io::Result<Self> {
        let state = Arc::new(Mutex::new(state));
        let for_answers = Arc::clone(&state);
        let address = server::start(move |request| reply(&mut lock(&for_answers), request))?;
        Ok(Self { address, state })
    }

    /// Returns the URL of the site.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Returns the base URL of the published JSON.
    pub fn api_base(&self) -> String {
        format!("http://{}/api/v1", self.address)
    }

    /// Returns the state, for inspection or changes.
    pub fn state(&self) -> MutexGuard<'_, SiteState> {
        lock(&self.state)
    }

    /// Returns the request log and clears it.
    pub fn take_log(&self) -> Vec<Request> {
        std::mem::take(&mut self.state().log)
    }

    /// Returns the path of a page.
    pub fn path_of(&self, id: u64) -> String {
        let state = self.state();
        let page = state.pages.iter().find(|page| page.id == id);
        let api = page.is_some_and(DocPage::is_api);
        match (state.published, api) {
            (true, true) => {
                format!("/api/v1/published-projects/{PROJECT}/http-apis/{id}?branchId={BRANCH}")
            }
            (true, false) => {
                format!("/api/v1/published-projects/{PROJECT}/doc/{id}?branchId={BRANCH}")
            }
            (false, true) => format!("/{id}e0.md"),
            (false, false) => format!("/{id}m0.md"),
        }
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        server::stop(self.address);
    }
}

fn lock(state: &Mutex<SiteState>) -> MutexGuard<'_, SiteState> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

fn reply(state: &mut SiteState, request: Request) -> Reply {
    let target = request.target.clone();
    state.log.push(request);
    let times = state
        .log
        .iter()
        .filter(|request| request.target == target)
        .count();
    if let Some(reply) = state.replies.get(&target) {
        return reply.clone();
    }
    let reply = default_reply(state, &target, times);
    let reply = if state.gzip { reply.gzipped() } else { reply };
    match &state.faults {
        Some(faults) => faults.apply(&target, times, reply),
        None => reply,
    }
}

fn default_reply(state: &SiteState, target: &str, times: usize) -> Reply {
    if let Some(path) = target.strip_prefix("/api/v1/") {
        return published(state, path, times).unwrap_or(Reply::status(404));
    }
    if state.published {
        return Reply::status(404);
    }
    if target == "/llms.txt" {
        return Reply::markdown(pages::llms_txt(&state.pages));
    }
    let id = target.strip_prefix('/').and_then(|name| {
        name.strip_suffix("e0.md")
            .or_else(|| name.strip_suffix("m0.md"))
    });
    page(state, id).map_or(Reply::status(404), |page| Reply::markdown(page.markdown()))
}

fn published(state: &SiteState, path: &str, times: usize) -> Option<Reply> {
    if !state.published {
        return None;
    }
    let headers = state.log.last().map(|request| &request.headers)?;
    if headers.get("x-client-version").map(String::as_str) != Some("2.0.0") {
        return Some(Reply::refused(400, 400_105, "Client version too low"));
    }
    let project = if state.shared {
        format!("shared-docs/{SHARED}/")
    } else {
        format!("published-projects/{PROJECT}/")
    };
    let (log_in, id) = if state.shared {
        ("shared-doc-auth", SHARED.to_owned())
    } else {
        ("published-projects-auth", PROJECT.to_string())
    };
    if let Some(password) = &state.password {
        let request = state.log.last()?;
        if path == log_in {
            let is_known =
                request.method == "POST" && request.body == format!("id={id}&password={password}");
            return Some(if is_known {
                let reply = Reply::json(serde_json::json!({}));
                reply.with_header("Set-Cookie", &format!("{COOKIE}; Path=/; HttpOnly"))
            } else {
                Reply::refused(403, 403_002, "Wrong password")
            });
        }
        let is_known = headers.get("cookie").map(String::as_str) == Some(COOKIE);
        if !path.starts_with("published-projects/domains/") && !is_known {
            return Some(Reply::refused(403, 403_001, "No access"));
        }
    }
    if path.starts_with("published-projects/domains/") && !state.shared {
        return Some(Reply::json(pages::project(state)));
    }
    let path = path.strip_prefix(&project)?;
    let path = if state.unbranched || state.shared {
        (!path.contains('?')).then_some(path)?
    } else {
        path.strip_suffix(&format!("?branchId={BRANCH}"))?
    };
    if path == "http-api-tree" {
        return Some(Reply::json(pages::tree(&state.pages)));
    }
    let id = path
        .strip_prefix("http-apis/")
        .or_else(|| path.strip_prefix("doc/"));
    Some(Reply::json(page(state, id)?.published(times)))
}

fn page<'a>(state: &'a SiteState, id: Option<&str>) -> Option<&'a DocPage> {
    let id: u64 = id?.parse().ok()?;
    state.pages.iter().find(|page| page.id == id)
}
