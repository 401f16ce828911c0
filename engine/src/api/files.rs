//! The dashboard's files, as `cargo xtask run` builds them.

use axum::{
    body::Bytes,
    http::{HeaderMap, StatusCode, header},
    response::{Html, IntoResponse, Response},
};
use sha2::{Digest, Sha256};
use std::{collections::BTreeMap, fs, path::Path};

/// Pages are drawn in the browser: each has an address, and all have one file.
const PAGES: [&str; 10] = [
    "/",
    "/sessions",
    "/home",
    "/skills",
    "/models",
    "/privacy",
    "/people",
    "/nodes",
    "/system",
    "/kiosk",
];
const INDEX: &str = "/index.html";

/// What is served, and as what.
const KINDS: [(&str, &str); 7] = [
    ("html", "text/html; charset=utf-8"),
    ("js", "text/javascript; charset=utf-8"),
    ("css", "text/css; charset=utf-8"),
    ("wasm", "application/wasm"),
    ("svg", "image/svg+xml"),
    ("png", "image/png"),
    ("webmanifest", "application/manifest+json"),
];

/// A hub is a hub without its dashboard, and says how to get one.
const NOT_BUILT: &str = "<!doctype html><html lang=en><meta charset=utf-8><title>Loqa</title>\
    <h1>This hub has no dashboard</h1><p>It was built without one. \
    <code>cargo xtask run</code> builds both; <code>loqa ask</code> works meanwhile.";

/// All of them, in memory: a few hundred kilobytes, and no path of a request ever meets the disk.
pub struct Files(BTreeMap<String, File>);

/// One of them.
pub struct File {
    bytes: Bytes,
    kind: &'static str,
    /// Changes with the bytes.
    tag: String,
}

impl Files {
    /// What a folder holds; nothing, if it is not there.
    pub fn read(folder: &Path) -> Files {
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        let files = entries.filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let ending = name.rsplit_once('.')?.1;
            let (_, kind) = KINDS.iter().find(|(known, _)| *known == ending)?;
            let bytes = fs::read(entry.path()).ok()?;
            let digest = Sha256::digest(&bytes);
            let tag = hex::encode(&digest[..8]);
            let file = File {
                bytes: bytes.into(),
                kind,
                tag: format!("\"{tag}\""),
            };
            Some((format!("/{name}"), file))
        });
        Files(files.collect())
    }

    /// The file of a request's path.
    pub fn get(&self, path: &str) -> Option<Served<'_>> {
        let is_page = PAGES.contains(&path);
        match self.0.get(if is_page { INDEX } else { path }) {
            Some(file) => Some(Served::File(file)),
            None => is_page.then_some(Served::NotBuilt),
        }
    }
}

/// What a path leads to.
pub enum Served<'a> {
    /// A file.
    File(&'a File),
    /// A page, of a dashboard that is not there.
    NotBuilt,
}

impl Served<'_> {
    /// The answer, or that the browser has it already.
    pub fn response(&self, headers: &HeaderMap) -> Response {
        let Served::File(file) = self else {
            return Html(NOT_BUILT).into_response();
        };
        let about = [
            (header::CONTENT_TYPE, file.kind),
            (header::CACHE_CONTROL, "no-cache"),
            (header::ETAG, &file.tag),
        ];
        let known = headers.get(header::IF_NONE_MATCH);
        if known.is_some_and(|tag| tag.as_bytes() == file.tag.as_bytes()) {
            return (StatusCode::NOT_MODIFIED, about).into_response();
        }
        (about, file.bytes.clone()).into_response()
    }
}
