//! The dashboard's ways in, for browsers: HTTP on this machine's own address and, if the settings
//! want it, HTTPS on all of them.
//!
//! ```text
//! /, /home, …         the dashboard's files                                       anybody
//! /household.crt      the certificate that makes a tablet trust the hub           anybody
//! /api/v1/hello       and login                                                   anybody
//! /api/v1/events      a WebSocket: each binary message is one frame of the        signed in
//!                     gateway's protocol, as on the hub's socket
//! /api/v1/…           the same for programs, as JSON: see `v1`                    signed in
//! ```
//!
//! Signed in is a browser with its session's cookie, or a program with the hub's token.
//!
//! A display at a node comes over the node's link, and is shown the page for the wall alone: see `displays`.
//!
//! Only 127.0.0.1 is bound where nothing is encrypted. Who can reach that may still be a page of
//! somebody else in the same browser: see `guard`.

pub(crate) mod attempts;
mod displays;
mod entrance;
mod files;
mod guard;
mod household;
mod pairing;
pub mod password;
mod refusal;
mod serve;
mod socket;
#[cfg(test)]
mod tests;
pub mod token;
mod v1;

pub use displays::Visitor;
pub use household::Household;
pub(crate) use household::own_addresses;

use crate::{
    config::{self, Port},
    gateway::{PROGRAMS, SCREEN, Service},
    people::NODE,
    store::DataFolder,
    tasks::{TaskKind, Tasks},
};
use axum::{
    Router,
    extract::{DefaultBodyLimit, State},
    http::{HeaderMap, StatusCode, Uri, header},
    middleware,
    response::{IntoResponse, Response},
    routing::{MethodRouter, get},
};
use displays::SHOWN;
use entrance::Entrance;
use files::Files;
use loqa_jobs::beside;
use loqa_protocol::Problem;
use pairing::Pairing;
use refusal::{Refusal, refuse};
use serde::Serialize;
use serve::{Encryption, serve};
use std::{
    net::Ipv4Addr,
    path::{Path, PathBuf},
    sync::Arc,
};
use tokio::{
    net::TcpListener,
    sync::{Semaphore, mpsc},
};

/// Browsers at a time; one more is refused.
const MAX_CLIENTS: usize = 128;
/// Requests that the hub is thinking about at a time; one more is refused.
const MAX_REQUESTS: usize = 32;

/// Where the dashboard is.
#[derive(Clone, Debug, Serialize)]
pub struct Dashboard {
    /// Such as `http://127.0.0.1:7380/`.
    pub address: String,
    /// What signs a browser in, until the hub stops.
    pub code: String,
    /// For tablets and phones.
    pub household: InTheHouse,
}

/// Whether the dashboard can be opened in the house.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum InTheHouse {
    /// The settings do not want it.
    Off,
    /// There.
    Open(Household),
    /// Why it cannot; on this machine it can.
    Failed(Problem),
}

impl Dashboard {
    /// The address, with the code where it stays in the browser: a fragment is never sent.
    pub fn link(&self) -> String {
        format!("{}#{}", self.address, self.code)
    }
}

/// What every request may need.
#[derive(Clone)]
struct Door {
    entrance: Entrance,
    service: Arc<dyn Service>,
    pairing: Arc<Pairing>,
    files: Arc<Files>,
    /// What makes a tablet trust the hub, as PEM.
    certificate: Option<String>,
    places: Arc<Semaphore>,
    requests: Arc<Semaphore>,
    conversations: Arc<v1::Conversations>,
    tasks: Tasks,
    /// Where the token's hash lies.
    folder: PathBuf,
}

impl Door {
    /// Whether a request is of somebody whom the hub has let in: a program by its token, and
    /// without one a browser by its session. At a node it is by the node's key.
    fn knows(&self, headers: &HeaderMap) -> bool {
        if self.entrance.node().is_some() {
            return true;
        }
        match token::shown(headers) {
            Some(shown) => token::is_right(&self.folder, shown),
            None => self.pairing.is_signed_in(headers, &self.entrance),
        }
    }

    /// Whom a request speaks for its household through.
    fn place(&self, headers: &HeaderMap) -> String {
        if let Some(node) = self.entrance.node() {
            return format!("{NODE}{node}");
        }
        let screen = || self.pairing.screen(headers, &self.entrance);
        match token::shown(headers).is_none().then(screen).flatten() {
            Some(screen) => format!("{SCREEN}{screen}"),
            None => PROGRAMS.into(),
        }
    }
}

/// Opens the dashboard as the settings want it, also for `visitors` at nodes, until `tasks` shut down; `None` if they
/// want none.
pub async fn open(
    settings: &config::Dashboard,
    folder: &DataFolder,
    service: Arc<dyn Service>,
    visitors: mpsc::Receiver<Visitor>,
    tasks: &Tasks,
) -> Option<Result<Dashboard, Problem>> {
    let Port::Number(port) = settings.port else {
        return None;
    };
    Some(open_at((port, visitors), settings, folder, service, tasks).await)
}

async fn open_at(
    (port, visitors): (u16, mpsc::Receiver<Visitor>),
    settings: &config::Dashboard,
    folder: &DataFolder,
    service: Arc<dyn Service>,
    tasks: &Tasks,
) -> Result<Dashboard, Problem> {
    let cannot = |error: std::io::Error| Problem {
        code: "dashboard".into(),
        message: format!("the dashboard cannot use port {port} of this machine: {error}"),
        help: "set another `port` in [dashboard] of loqa.toml, 0 for any, or \"none\"".into(),
    };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))
        .await
        .map_err(cannot)?;
    let port = listener.local_addr().map_err(cannot)?.port();
    let mut door = Door {
        entrance: Entrance::loopback(port),
        service,
        pairing: Arc::new(Pairing::open(folder.path())?),
        files: Arc::new(Files::read(&files_folder(&settings.files))),
        certificate: None,
        places: Arc::new(Semaphore::new(MAX_CLIENTS)),
        requests: Arc::new(Semaphore::new(MAX_REQUESTS)),
        conversations: Arc::default(),
        tasks: tasks.clone(),
        folder: folder.path().to_owned(),
    };
    let code = door.pairing.code().to_owned();
    let household = match settings.household {
        false => InTheHouse::Off,
        true => match household::open(settings.household_port, folder.path(), tasks).await {
            Ok(opened) => {
                door.certificate = Some(opened.certificate);
                let door = Door {
                    entrance: opened.entrance,
                    ..door.clone()
                };
                answer(opened.listener, opened.encryption, door);
                InTheHouse::Open(opened.shown)
            }
            Err(problem) => InTheHouse::Failed(problem),
        },
    };
    displays::welcome(door.clone(), visitors);
    answer(listener, None, door);
    Ok(Dashboard {
        address: format!("http://127.0.0.1:{port}/"),
        code,
        household,
    })
}

/// Lets people in through a door.
fn answer(listener: TcpListener, encryption: Encryption, door: Door) {
    let tasks = door.tasks.clone();
    let routes = routes(Arc::new(door));
    let serving = serve(listener, encryption, routes, tasks.clone());
    tasks.spawn(TaskKind::CLIENT, "dashboard", serving);
}

/// The settings' folder, else the one that is installed with the program.
fn files_folder(set: &Path) -> PathBuf {
    if !set.as_os_str().is_empty() {
        return set.to_owned();
    }
    beside("ui")
}

/// Whom a route answers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Who {
    Anybody,
    SignedIn,
}

/// Every route but the files.
fn table() -> Vec<(String, Who, MethodRouter<Arc<Door>>)> {
    let described = v1::table()
        .into_iter()
        .flat_map(|(who, (_, paths, answer))| {
            let paths = paths.paths.into_keys();
            paths.map(move |path| (path, who, answer.clone()))
        });
    let certificate = ("/household.crt".into(), Who::Anybody, get(certificate));
    described.chain([certificate]).collect()
}

fn routes(door: Arc<Door>) -> Router {
    let mut router = Router::new();
    let at_node = door.entrance.node().is_some();
    let table = table().into_iter();
    for (path, who, answer) in table.filter(|(path, ..)| !at_node || SHOWN.contains(&&**path)) {
        let answer = answer.fallback(v1::wrong_method);
        let session = middleware::from_fn_with_state(door.clone(), guard::session);
        router = router.route(
            &path,
            match who {
                Who::Anybody => answer,
                Who::SignedIn => answer.layer(session),
            },
        );
    }
    router
        .fallback(file)
        .layer(DefaultBodyLimit::max(v1::MAX_BODY))
        .layer(middleware::from_fn_with_state(door.clone(), guard::origin))
        .layer(middleware::map_response(guard::headers))
        .with_state(door)
}

async fn certificate(State(door): State<Arc<Door>>) -> Result<Response, Refusal> {
    let Some(certificate) = &door.certificate else {
        return Err(refuse(
            StatusCode::NOT_FOUND,
            "no_certificate",
            "this hub is there for its own machine alone",
            "set `household = true` in [dashboard] of loqa.toml, then start the hub again",
        ));
    };
    let about = [
        (header::CONTENT_TYPE, "application/x-x509-ca-cert"),
        (
            header::CONTENT_DISPOSITION,
            "attachment; filename=\"loqa-household.crt\"",
        ),
    ];
    Ok((about, certificate.clone()).into_response())
}

async fn file(
    State(door): State<Arc<Door>>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    match door.files.get(uri.path()) {
        Some(file) => Ok(file.response(&headers)),
        None => Err(refuse(
            StatusCode::NOT_FOUND,
            "not_found",
            "there is nothing at this address",
            "",
        )),
    }
}
