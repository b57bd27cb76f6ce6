//! A documentation site on this machine: generated pages in the published JSON and as Markdown twins, with
//! failures to order. Real HTTP over loopback; nothing in it sleeps.

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

/// Number of the project that the site shows.
pub const PROJECT: u64 = 4_242;
/// Its published branch.
pub const BRANCH: u64 = 77;

/// What the site holds, and what was asked of it.
#[derive(Debug, Default)]
pub struct State {
    /// The pages, in the order of the navigation.
    pub pages: Vec<DocPage>,
    /// Whether there is published JSON; without it, the site has its Markdown twins alone.
    pub published: bool,
    /// Which requests fail.
    pub faults: Option<Faults>,
    /// Answers in the place of the site's own, by path and query.
    pub replies: BTreeMap<String, Reply>,
    /// The requests so far.
    pub log: Vec<Request>,
}

/// A running site. It stops when the value goes.
#[derive(Debug)]
pub struct Site {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
}

impl Site {
    /// Starts a site on a free port of the loopback address.
    ///
    /// # Errors
    /// No port can be had.
    pub fn start(state: State) -> io::Result<Self> {
        let state = Arc::new(Mutex::new(state));
        let for_answers = Arc::clone(&state);
        let address = server::start(move |request| answer(&mut lock(&for_answers), request))?;
        Ok(Self { address, state })
    }

    /// The address of the site.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The base of its published JSON.
    pub fn api_base(&self) -> String {
        format!("http://{}/api/v1", self.address)
    }

    /// What it holds, to look at or to change.
    pub fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    /// Takes the requests so far out of the log.
    pub fn take_log(&self) -> Vec<Request> {
        std::mem::take(&mut self.state().log)
    }

    /// The path under which a page is fetched.
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

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

fn answer(state: &mut State, request: Request) -> Reply {
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
    let reply = own_answer(state, &target, times);
    match &state.faults {
        Some(faults) => faults.apply(&target, times, reply),
        None => reply,
    }
}

fn own_answer(state: &State, target: &str, times: usize) -> Reply {
    if let Some(path) = target.strip_prefix("/api/v1/published-projects/") {
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

fn published(state: &State, path: &str, times: usize) -> Option<Reply> {
    if !state.published {
        return None;
    }
    let headers = state.log.last().map(|request| &request.headers)?;
    if headers.get("x-client-version").map(String::as_str) != Some("2.0.0") {
        return Some(Reply::refused(400, 400_105, "Client version too low"));
    }
    if path.starts_with("domains/") {
        return Some(Reply::json(pages::project()));
    }
    let path = path
        .strip_prefix(&format!("{PROJECT}/"))?
        .strip_suffix(&format!("?branchId={BRANCH}"))?;
    if path == "http-api-tree" {
        return Some(Reply::json(pages::tree(&state.pages)));
    }
    let id = path
        .strip_prefix("http-apis/")
        .or_else(|| path.strip_prefix("doc/"));
    Some(Reply::json(page(state, id)?.published(times)))
}

fn page<'a>(state: &'a State, id: Option<&str>) -> Option<&'a DocPage> {
    let id: u64 = id?.parse().ok()?;
    state.pages.iter().find(|page| page.id == id)
}
