//! The dashboard's ways in, for browsers: HTTP on this machine's own address and, if the settings
//! want it, HTTPS on all of them.
//!
//! ```text
//! GET  /, /home, …        the dashboard's files                                  anybody
//! GET  /household.crt     the certificate that makes a tablet trust the hub      anybody
//! GET  /api/v1/hello      {"version", "signed_in"}                               anybody
//! POST /api/v1/login      {"code"}: a session's cookie for the code or password   anybody
//! POST /api/v1/logout     forgets it                                             signed in
//! GET  /api/v1/events     a WebSocket: each binary message is one frame of       signed in
//!                         the gateway's protocol, as on the hub's socket
//! ```
//!
//! Only 127.0.0.1 is bound where nothing is encrypted. Who can reach that may still be a page of
//! somebody else in the same browser: see `guard`.

mod attempts;
mod entrance;
mod files;
mod guard;
mod household;
mod pairing;
pub mod password;
mod serve;
mod socket;
#[cfg(test)]
mod tests;

pub use household::Household;

use crate::{
    config::{self, Port},
    gateway::Service,
    store::DataFolder,
    tasks::{TaskKind, Tasks},
};
use axum::{
    Extension, Json, Router,
    body::Bytes,
    extract::{DefaultBodyLimit, State, WebSocketUpgrade},
    http::{HeaderMap, HeaderValue, StatusCode, Uri, header},
    middleware,
    response::{IntoResponse, Response},
    routing::{MethodRouter, get, post},
};
use entrance::Entrance;
use files::Files;
use loqa_protocol::Problem;
use pairing::{Pairing, Refused};
use serde::{Deserialize, Serialize};
use serde_json::json;
use serve::{Encryption, Peer, serve};
use std::{net::Ipv4Addr, path::PathBuf, sync::Arc};
use tokio::{net::TcpListener, sync::Semaphore};

/// Browsers at a time; one more is refused.
const MAX_CLIENTS: usize = 128;
/// A login is a code and little else, bytes.
const MAX_BODY: usize = 1024;

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
    tasks: Tasks,
}

/// Opens the dashboard as the settings want it, until `tasks` shut down; `None` if they want none.
pub async fn open(
    settings: &config::Dashboard,
    folder: &DataFolder,
    service: Arc<dyn Service>,
    tasks: &Tasks,
) -> Option<Result<Dashboard, Problem>> {
    let Port::Number(port) = settings.port else {
        return None;
    };
    Some(open_at(port, settings, folder, service, tasks).await)
}

async fn open_at(
    port: u16,
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
        tasks: tasks.clone(),
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

/// The settings' folder, else the one that lies beside the program.
fn files_folder(set: &std::path::Path) -> PathBuf {
    if !set.as_os_str().is_empty() {
        return set.to_owned();
    }
    let program = std::env::current_exe().unwrap_or_default();
    program.with_file_name("ui")
}

/// Whom a route answers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Who {
    Anybody,
    SignedIn,
}

/// Every route but the files.
fn table() -> [(&'static str, Who, MethodRouter<Arc<Door>>); 5] {
    [
        ("/household.crt", Who::Anybody, get(certificate)),
        ("/api/v1/hello", Who::Anybody, get(hello)),
        ("/api/v1/login", Who::Anybody, post(login)),
        ("/api/v1/logout", Who::SignedIn, post(logout)),
        ("/api/v1/events", Who::SignedIn, get(events)),
    ]
}

fn routes(door: Arc<Door>) -> Router {
    let mut router = Router::new();
    for (path, who, answer) in table() {
        let session = middleware::from_fn_with_state(door.clone(), guard::session);
        router = router.route(
            path,
            match who {
                Who::Anybody => answer,
                Who::SignedIn => answer.layer(session),
            },
        );
    }
    router
        .fallback(file)
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(middleware::from_fn_with_state(door.clone(), guard::origin))
        .layer(middleware::map_response(guard::headers))
        .with_state(door)
}

async fn certificate(State(door): State<Arc<Door>>) -> Response {
    let Some(certificate) = &door.certificate else {
        return refuse(
            StatusCode::NOT_FOUND,
            "no_certificate",
            "this hub is there for its own machine alone",
            "set `household = true` in [dashboard] of loqa.toml, then start the hub again",
        );
    };
    let about = [
        (header::CONTENT_TYPE, "application/x-x509-ca-cert"),
        (
            header::CONTENT_DISPOSITION,
            "attachment; filename=\"loqa-household.crt\"",
        ),
    ];
    (about, certificate.clone()).into_response()
}

async fn file(State(door): State<Arc<Door>>, uri: Uri, headers: HeaderMap) -> Response {
    match door.files.get(uri.path()) {
        Some(file) => file.response(&headers),
        None => refuse(
            StatusCode::NOT_FOUND,
            "not_found",
            "there is nothing at this address",
            "",
        ),
    }
}

async fn hello(State(door): State<Arc<Door>>, headers: HeaderMap) -> Response {
    Json(json!({
        "version": env!("CARGO_PKG_VERSION"),
        "signed_in": door.pairing.is_signed_in(&headers, &door.entrance),
    }))
    .into_response()
}

#[derive(Deserialize)]
struct Login {
    code: String,
}

async fn login(
    State(door): State<Arc<Door>>,
    Extension(Peer(peer)): Extension<Peer>,
    body: Bytes,
) -> Response {
    let Ok(Login { code }) = serde_json::from_slice(&body) else {
        return refuse(
            StatusCode::BAD_REQUEST,
            "malformed",
            "this is not {\"code\": \"…\"}",
            "send the pairing code as JSON",
        );
    };
    match door.pairing.sign_in(&code, peer, &door.entrance).await {
        Ok(cookie) => with_cookie(cookie),
        Err(Refused::Wrong) => refuse(
            StatusCode::UNAUTHORIZED,
            "wrong_code",
            "this is not the code that the hub shows, nor the password",
            "`loqa dashboard` shows it",
        ),
        Err(Refused::Locked { seconds }) => {
            let mut response = refuse(
                StatusCode::TOO_MANY_REQUESTS,
                "locked",
                "too many wrong codes",
                &format!("wait {} min, then try again", seconds.div_ceil(60)),
            );
            let headers = response.headers_mut();
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
            response
        }
    }
}

async fn logout(State(door): State<Arc<Door>>) -> Response {
    with_cookie(door.entrance.set_cookie("", 0))
}

fn with_cookie(cookie: String) -> Response {
    (StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie)]).into_response()
}

async fn events(State(door): State<Arc<Door>>, upgrade: WebSocketUpgrade) -> Response {
    match door.places.clone().try_acquire_owned() {
        Ok(place) => socket::serve(door, place, upgrade),
        Err(_) => refuse(
            StatusCode::SERVICE_UNAVAILABLE,
            "too_many_clients",
            "too many dashboards are open",
            "close one",
        ),
    }
}

fn refuse(status: StatusCode, code: &str, message: &str, help: &str) -> Response {
    let problem = Problem {
        code: code.into(),
        message: message.into(),
        help: help.into(),
    };
    (status, Json(problem)).into_response()
}
