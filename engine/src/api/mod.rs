//! The dashboard's way in: HTTP on this machine's own address, for browsers.
//!
//! ```text
//! GET  /, /home, …        the dashboard's files                                  anybody
//! GET  /api/v1/hello      {"version", "signed_in"}                               anybody
//! POST /api/v1/login      {"code"}: a session's cookie for the pairing code      anybody
//! POST /api/v1/logout     forgets it                                             signed in
//! GET  /api/v1/events     a WebSocket: each binary message is one frame of       signed in
//!                         the gateway's protocol, as on the hub's socket
//! ```
//!
//! Only 127.0.0.1 is bound, as nothing is encrypted. Who can reach that may still be a page of
//! somebody else in the same browser: see `guard`.

mod files;
mod guard;
mod pairing;
mod socket;
#[cfg(test)]
mod tests;

use crate::{
    config::{self, Port},
    gateway::Service,
    store::DataFolder,
    tasks::{TaskKind, Tasks},
};
use axum::{
    Json, Router,
    body::Bytes,
    extract::{DefaultBodyLimit, State, WebSocketUpgrade},
    http::{HeaderMap, HeaderValue, StatusCode, Uri, header},
    middleware,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use files::Files;
use loqa_protocol::Problem;
use pairing::{Pairing, Refused};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::{net::Ipv4Addr, path::PathBuf, sync::Arc};
use tokio::{net::TcpListener, sync::Semaphore};

/// Browsers at a time; one more is refused.
const MAX_CLIENTS: usize = 128;
/// A login is a code and little else, bytes.
const MAX_BODY: usize = 1024;

/// Where the dashboard is.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Dashboard {
    /// Such as `http://127.0.0.1:7380/`.
    pub address: String,
    /// What signs a browser in, until the hub stops.
    pub code: String,
}

impl Dashboard {
    /// The address, with the code where it stays in the browser: a fragment is never sent.
    pub fn link(&self) -> String {
        format!("{}#{}", self.address, self.code)
    }
}

/// What every request may need.
struct Door {
    service: Arc<dyn Service>,
    pairing: Pairing,
    files: Files,
    port: u16,
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
    Some(open_at(port, &settings.files, folder, service, tasks).await)
}

async fn open_at(
    port: u16,
    files: &std::path::Path,
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
    let pairing = Pairing::open(folder.path(), port)?;
    let dashboard = Dashboard {
        address: format!("http://127.0.0.1:{port}/"),
        code: pairing.code().to_owned(),
    };
    let door = Arc::new(Door {
        service,
        pairing,
        files: Files::read(&files_folder(files)),
        port,
        places: Arc::new(Semaphore::new(MAX_CLIENTS)),
        tasks: tasks.clone(),
    });
    let cancel = tasks.cancelled();
    tasks.spawn(TaskKind::CLIENT, "dashboard", async move {
        axum::serve(listener, routes(door))
            .with_graceful_shutdown(async move { cancel.cancelled().await })
            .await
    });
    Ok(dashboard)
}

/// The settings' folder, else the one that lies beside the program.
fn files_folder(set: &std::path::Path) -> PathBuf {
    if !set.as_os_str().is_empty() {
        return set.to_owned();
    }
    let program = std::env::current_exe().unwrap_or_default();
    program.with_file_name("ui")
}

fn routes(door: Arc<Door>) -> Router {
    let signed_in = Router::new()
        .route("/api/v1/logout", post(logout))
        .route("/api/v1/events", get(events))
        .route_layer(middleware::from_fn_with_state(door.clone(), guard::session));
    Router::new()
        .route("/api/v1/hello", get(hello))
        .route("/api/v1/login", post(login))
        .merge(signed_in)
        .fallback(file)
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(middleware::from_fn_with_state(door.clone(), guard::origin))
        .layer(middleware::map_response(guard::headers))
        .with_state(door)
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
        "signed_in": door.pairing.is_signed_in(&headers),
    }))
    .into_response()
}

#[derive(Deserialize)]
struct Login {
    code: String,
}

async fn login(State(door): State<Arc<Door>>, body: Bytes) -> Response {
    let Ok(Login { code }) = serde_json::from_slice(&body) else {
        return refuse(
            StatusCode::BAD_REQUEST,
            "malformed",
            "this is not {\"code\": \"…\"}",
            "send the pairing code as JSON",
        );
    };
    match door.pairing.sign_in(&code) {
        Ok(cookie) => with_cookie(cookie),
        Err(Refused::Wrong) => refuse(
            StatusCode::UNAUTHORIZED,
            "wrong_code",
            "this is not the code that the hub shows",
            "`loqa dashboard` shows it",
        ),
        Err(Refused::Locked { seconds }) => {
            let mut response = refuse(
                StatusCode::TOO_MANY_REQUESTS,
                "locked",
                "too many wrong codes",
                "wait a minute, then try again",
            );
            let headers = response.headers_mut();
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
            response
        }
    }
}

async fn logout(State(door): State<Arc<Door>>) -> Response {
    with_cookie(door.pairing.sign_out())
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
