//! The pages of an invented bookshop, in each format.

use serde_json::{Map, Value, json};

use super::{BRANCH, PROJECT, SiteState};

/// A page of the site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocPage {
    /// The ID.
    pub id: u64,
    /// The title.
    pub title: String,
    /// The folder.
    pub folder: String,
    /// Method and path; `None` for a guide.
    pub call: Option<(String, String)>,
    /// The text.
    pub text: String,
}

impl DocPage {
    /// Returns `count` pages; every sixth is a guide.
    pub fn many(count: u64) -> Vec<Self> {
        (1..=count).map(Self::numbered).collect()
    }

    fn numbered(number: u64) -> Self {
        let guide = number.is_multiple_of(6);
        Self {
            id: 900_000_000 + number,
            title: if guide {
                format!("About Shelf {number}")
            } else {
                format!("Get Book {number}")
            },
            folder: format!("Shelf {}", number / 25 + 1),
            call: (!guide).then(|| ("get".to_owned(), format!("/shelf/book-{number}"))),
            text: format!("Facts about shelf {number}."),
        }
    }

    /// Returns whether the page describes an operation.
    pub fn is_api(&self) -> bool {
        self.call.is_some()
    }

    /// Returns the page as published JSON. The author and the order of fields vary between requests.
    pub(super) fn published(&self, times: usize) -> Value {
        let mut members = vec![
            ("id", json!(self.id)),
            ("name", json!(self.title)),
            ("editorUserId", json!(times)),
            ("updatedAt", json!("2026-01-02T03:04:05.000Z")),
        ];
        match &self.call {
            Some((method, path)) => members.extend([
                ("method", json!(method)),
                ("path", json!(path)),
                ("status", json!("released")),
                ("description", json!(self.text)),
                ("parameters", json!({"query": [{"name": "shelf", "required": false, "type": "string"}], "path": []})),
                ("responses", json!([{
                    "id": self.id, "name": "OK", "code": 200, "contentType": "json",
                    "jsonSchema": {
                        "type": "object",
                        "properties": {"title": {"type": "string"}, "copies": {"type": ["integer", "null"]}},
                    },
                }])),
                ("responseExamples", json!([{"name": "OK", "responseId": self.id, "data": "{\"title\": \"Tides\", \"copies\": 2}"}])),
            ]),
            None => members.push(("content", json!(format!("{}\n", self.text)))),
        }
        if times.is_multiple_of(2) {
            members.reverse();
        }
        let members: Map<String, Value> = members
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect();
        members.into()
    }

    /// Returns the page as Markdown.
    pub(super) fn markdown(&self) -> String {
        let Self {
            id,
            title,
            folder,
            text,
            ..
        } = self;
        let Some((method, path)) = &self.call else {
            return format!("# {title}\n\n{text}\n");
        };
        format!(
            "# {title}\n\n{text}\n\n## OpenAPI Specification\n\n```yaml\nopenapi: 3.0.1\ninfo:\n  title: ''\n  \
             version: 1.0.0\npaths:\n  {path}:\n    {method}:\n      summary: {title}\n      x-apifox-folder: {folder}\n      \
             description: {text}\n      responses:\n        '200':\n          description: ''\n          content:\n            \
             application/json:\n              schema:\n                type: object\n                properties:\n                  \
             title:\n                    type: string\n      \
             x-run-in-apifox: https://app.apifox.com/web/project/{PROJECT}/apis/api-{id}-run\ncomponents:\n  schemas: {{}}\n\
             servers: []\nsecurity: []\n```\n"
        )
    }

    fn link(&self) -> String {
        let end = if self.is_api() { "e0" } else { "m0" };
        format!(
            "- {} [{}](/{}{end}.md): {}\n",
            self.folder, self.title, self.id, self.text
        )
    }
}

/// Returns the project of the site.
pub(super) fn project(state: &SiteState) -> Value {
    let mut project = json!({"projectId": PROJECT});
    if !state.unbranched {
        project["versionSettings"] = json!([
            {"branchId": 1, "isDefaultVersion": false},
            {"branchId": BRANCH, "isDefaultVersion": true},
        ]);
    }
    if state.password.is_some() {
        project["visibility"] = json!("PASSWORD_PROTECTED");
    }
    project
}

/// Returns the navigation.
pub(super) fn tree(pages: &[DocPage]) -> Value {
    let mut folders: Vec<(String, Vec<Value>)> = Vec::new();
    for page in pages {
        let node = if page.is_api() {
            json!({"type": "apiDetail", "name": page.title, "api": {"id": page.id}, "children": []})
        } else {
            json!({"type": "doc", "name": page.title, "doc": {"id": page.id}, "children": []})
        };
        // Consecutive pages with the same folder are one node; a moved page repeats its folder.
        match folders.last_mut() {
            Some((name, nodes)) if *name == page.folder => nodes.push(node),
            _ => folders.push((page.folder.clone(), vec![node])),
        }
    }
    folders
        .into_iter()
        .map(|(name, nodes)| json!({"type": "apiDetailFolder", "name": name, "children": nodes}))
        .collect()
}

/// Returns the list of Markdown pages.
pub(super) fn llms_txt(pages: &[DocPage]) -> String {
    let of = |api: bool| -> String {
        pages
            .iter()
            .filter(|page| page.is_api() == api)
            .map(DocPage::link)
            .collect()
    };
    format!(
        "# Harbour Books\n\n## Docs\n{}\n## API Docs\n{}",
        of(false),
        of(true)
    )
}
