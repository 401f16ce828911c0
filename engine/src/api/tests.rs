mod household;
mod v1;

use super::{pairing::Refused, v1::MAX_BODY, *};
use crate::gateway::{Answers, Connection};
use axum::http::HeaderMap;
use futures::future::BoxFuture;
use loqa_protocol::{
    AudioFormat, ClientFrame, KeptLook, NodeEdit, ServerFrame, TurnSummary, View, ViewPart, view,
    wire::Wire,
};
use serde_json::json;
use std::{os::unix::fs::PermissionsExt, time::Duration};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
};
use tokio_rustls::{
    TlsConnector,
    client::TlsStream,
    rustls::{
        ClientConfig, RootCertStore,
        pki_types::{CertificateDer, ServerName, pem::PemObject},
    },
};

/// Says what it was asked; says far too much when told to speak.
struct Parrot;

struct Perch(Answers);

impl Service for Parrot {
    fn connect(&self, answers: Answers, _: &str) -> Box<dyn Connection> {
        Box::new(Perch(answers))
    }
}

impl Connection for Perch {
    fn handle(&mut self, frame: ClientFrame) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            let id = frame.id();
            let loud = if matches!(frame, ClientFrame::Say { .. }) {
                200
            } else {
                0
            };
            for _ in 0..loud {
                let _ = self.0.send(ServerFrame::Speech {
                    id,
                    format: AudioFormat {
                        sample_rate_hz: 16_000,
                    },
                    samples: vec![0.5; 48_000],
                });
            }
            let answer = match frame {
                ClientFrame::Ask { text, .. } => Some(ServerFrame::Turn {
                    id,
                    summary: TurnSummary {
                        reply: format!("{text}?"),
                        text,
                        ..TurnSummary::default()
                    },
                }),
                ClientFrame::Intent { text, .. } => Some(ServerFrame::Json {
                    id,
                    json: json!({ "text": text, "intent": null, "slots": {}, "class": null })
                        .to_string(),
                }),
                ClientFrame::Sounds { .. } => {
                    let side = json!({ "chosen": "none", "used": "none", "devices": [] });
                    Some(ServerFrame::Json {
                        id,
                        json: json!([side, side]).to_string(),
                    })
                }
                ClientFrame::LookAtSkill { last: false, .. } => return,
                ClientFrame::LookAtSkill { .. } => Some(ServerFrame::Json {
                    id,
                    json: json!({
                        "offer": "7", "name": "tea", "version": "1.0.0", "before": null,
                        "pinned": false, "disabled": false, "description": "", "examples": [],
                        "permissions": [], "always": []
                    })
                    .to_string(),
                }),
                ClientFrame::Models { .. } => Some(ServerFrame::Json {
                    id,
                    json:
                        json!({ "machine": { "processors": 2, "memory": 7 }, "from": "", "uses": [], "checks": [], "models": [] })
                            .to_string(),
                }),
                ClientFrame::Privacy { .. } => Some(ServerFrame::Json {
                    id,
                    json:
                        json!({
                            "sealed": false, "since_ms": 7, "allowed": [], "places": [], "consents": [],
                            "keeping": { "household": null, "rooms": {}, "hours": 24, "redact": [], "otherwise": "ephemeral" }
                        })
                            .to_string(),
                }),
                ClientFrame::People { .. } => Some(ServerFrame::Json {
                    id,
                    json: json!({
                        "people": [], "places": [], "rules": [], "given": [], "locked": false, "room": null
                    })
                    .to_string(),
                }),
                ClientFrame::Nodes { .. } => Some(ServerFrame::Json {
                    id,
                    json: json!({ "nodes": [], "pairing": { "state": "closed", "why": "" }, "locked": false })
                        .to_string(),
                }),
                ClientFrame::EditNodes {
                    edit: NodeEdit::Open,
                    ..
                } => Some(ServerFrame::Json {
                    id,
                    json: json!({ "code": "1234 5678", "qr": null, "addresses": [] }).to_string(),
                }),
                ClientFrame::EditPeople { .. } => Some(ServerFrame::Json {
                    id,
                    json: json!({ "id": "7" }).to_string(),
                }),
                ClientFrame::Kept {
                    look: KeptLook::Show(_),
                    ..
                } => Some(ServerFrame::Json {
                    id,
                    json: json!({ "damaged": 0, "conversation": {
                        "id": "00", "person": null, "scope": "session", "begun_ms": 1, "last_ms": 2,
                        "turns": 1, "events": 3, "title": "tea"
                    } })
                    .to_string(),
                }),
                ClientFrame::Kept {
                    look: KeptLook::List { .. } | KeptLook::Search { .. },
                    ..
                }
                | ClientFrame::Doctor { .. }
                | ClientFrame::Egress { .. }
                | ClientFrame::SkillAudit { .. }
                | ClientFrame::SkillCalls { .. }
                | ClientFrame::Logs { .. }
                | ClientFrame::Ways { .. } => Some(ServerFrame::Json {
                    id,
                    json: "[]".into(),
                }),
                ClientFrame::Watch { .. } => Some(ServerFrame::View {
                    id,
                    view: View {
                        seq: 0,
                        part: ViewPart::Listening(view::Listening::default()),
                    },
                }),
                _ => None,
            };
            answer.map(|frame| self.0.send(frame));
            let _ = self.0.send(ServerFrame::Done { id });
        })
    }
}

struct House {
    dir: tempfile::TempDir,
    dashboard: Dashboard,
    tasks: Tasks,
    /// Do requests go through the household's entrance?
    encrypted: bool,
}

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

const FILES: [(&str, &str); 3] = [
    ("index.html", "<p>Loqa"),
    ("x.wasm", "\0asm"),
    ("secret.txt", "no"),
];

/// No display comes.
fn nobody() -> mpsc::Receiver<Visitor> {
    mpsc::channel(1).1
}

impl House {
    async fn open() -> House {
        House::with(&FILES, false).await
    }

    async fn with(files: &[(&str, &str)], household: bool) -> House {
        let dir = tempfile::tempdir().unwrap();
        let ui = dir.path().join("ui");
        std::fs::create_dir(&ui).unwrap();
        for (name, text) in files {
            std::fs::write(ui.join(name), text).unwrap();
        }
        House::in_folder(dir, household).await
    }

    async fn in_folder(dir: tempfile::TempDir, household: bool) -> House {
        let folder = DataFolder::acquire(dir.path()).unwrap();
        let tasks = Tasks::new();
        let settings = config::Dashboard {
            files: dir.path().join("ui"),
            household,
            household_port: 0,
            ..config::Dashboard::default()
        };
        let dashboard = open_at((0, nobody()), &settings, &folder, Arc::new(Parrot), &tasks)
            .await
            .unwrap();
        House {
            dir,
            dashboard,
            tasks,
            encrypted: false,
        }
    }

    /// As a browser's address line has it.
    fn origin(&self) -> String {
        let address = match &self.dashboard.household {
            InTheHouse::Open(household) if self.encrypted => household.address(),
            _ => self.dashboard.address.clone(),
        };
        address.trim_end_matches('/').to_owned()
    }

    fn host(&self) -> String {
        let origin = self.origin();
        origin.split_once("://").unwrap().1.to_owned()
    }

    fn port(&self) -> u16 {
        self.host().rsplit(':').next().unwrap().parse().unwrap()
    }

    fn trusted(&self) -> RootCertStore {
        let certificate = self.dir.path().join("household.crt");
        let certificate = CertificateDer::from_pem_file(certificate).unwrap();
        let mut trusted = RootCertStore::empty();
        trusted.add(certificate).unwrap();
        trusted
    }

    /// A connection to the entrance of the day.
    async fn connect(&self) -> Box<dyn Stream> {
        if !self.encrypted {
            return Box::new(self.reach().await);
        }
        Box::new(self.connect_trusting(self.trusted()).await.unwrap())
    }

    async fn reach(&self) -> TcpStream {
        let address = (Ipv4Addr::LOCALHOST, self.port());
        TcpStream::connect(address).await.unwrap()
    }

    async fn connect_trusting(
        &self,
        trusted: RootCertStore,
    ) -> std::io::Result<TlsStream<TcpStream>> {
        let config = ClientConfig::builder_with_provider(loqa_link::ca::provider())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(trusted)
            .with_no_client_auth();
        let name = self.host().rsplit_once(':').unwrap().0.to_owned();
        let name = ServerName::try_from(name).unwrap();
        let connector = TlsConnector::from(Arc::new(config));
        connector.connect(name, self.reach().await).await
    }

    /// Status, headers and body of one request; `more` are header lines.
    async fn request(&self, method: &str, path: &str, more: &str, body: &str) -> (u16, String) {
        self.request_as(&self.host(), method, path, more, body)
            .await
    }

    async fn request_as(
        &self,
        host: &str,
        method: &str,
        path: &str,
        more: &str,
        body: &str,
    ) -> (u16, String) {
        let mut stream = self.connect().await;
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Length: {}\r\n{more}\r\n{body}",
            body.len()
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        let answer = String::from_utf8_lossy(&answer).into_owned();
        (answer[9..12].parse().unwrap(), answer)
    }

    async fn login(&self, code: &str) -> (u16, String) {
        let body = json!({ "code": code }).to_string();
        self.request("POST", "/api/v1/login", "", &body).await
    }

    /// The header line of a browser that has signed in.
    async fn cookie(&self) -> String {
        let (status, answer) = self.login(&self.dashboard.code).await;
        assert_eq!(status, 204, "{answer}");
        let line = answer
            .lines()
            .find_map(|line| line.strip_prefix("set-cookie: "));
        format!("Cookie: {}\r\n", line.unwrap().split(';').next().unwrap())
    }

    /// A WebSocket as a browser opens it.
    async fn socket(&self, cookie: &str) -> Box<dyn Stream> {
        let mut stream = self.connect().await;
        let (host, origin) = (self.host(), self.origin());
        let request = format!(
            "GET /api/v1/events HTTP/1.1\r\nHost: {host}\r\nOrigin: {origin}\r\n{UPGRADE}{cookie}\r\n"
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        assert!(head.starts_with(b"HTTP/1.1 101"));
        stream
    }
}

const UPGRADE: &str = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

/// A masked message of a browser, of less than 126 bytes. The mask is zero.
fn message(kind: u8, bytes: &[u8]) -> Vec<u8> {
    let mut message = vec![0x80 | kind, 0x80 | bytes.len() as u8, 0, 0, 0, 0];
    message.extend(bytes);
    message
}

const BINARY: u8 = 2;
const TEXT: u8 = 1;

/// The next message of the hub: its kind and bytes.
async fn next(stream: &mut Box<dyn Stream>) -> (u8, Vec<u8>) {
    let kind = stream.read_u8().await.unwrap() & 0x0f;
    let length = match stream.read_u8().await.unwrap() {
        126 => stream.read_u16().await.unwrap().into(),
        127 => stream.read_u64().await.unwrap(),
        short => short.into(),
    };
    let mut bytes = vec![0; length as usize];
    stream.read_exact(&mut bytes).await.unwrap();
    (kind, bytes)
}

#[tokio::test]
async fn a_name_that_was_made_to_lead_here_is_refused() {
    let house = House::open().await;
    let port = house.port();
    for (host, expected) in [
        (format!("127.0.0.1:{port}"), 200),
        (format!("localhost:{port}"), 200),
        (format!("evil.example:{port}"), 403),
        (format!("127.0.0.1.evil.example:{port}"), 403),
        ("127.0.0.1".into(), 403),
        (String::new(), 403),
    ] {
        let (status, _) = house
            .request_as(&host, "GET", "/api/v1/hello", "", "")
            .await;
        assert_eq!(status, expected, "{host}");
    }
}

#[tokio::test]
async fn ten_wrong_codes_lock_the_door_for_a_minute() {
    let house = House::open().await;
    for _ in 0..10 {
        assert_eq!(house.login("AAAA-AAAA").await.0, 401);
    }
    let (status, answer) = house.login(&house.dashboard.code).await;
    assert_eq!(status, 429);
    assert!(answer.contains("retry-after: 60"), "{answer}");
    for body in ["", "{}", "[1]", "{\"code\":7}", "\u{202e}"] {
        assert_eq!(
            house.request("POST", "/api/v1/login", "", body).await.0,
            400
        );
    }
    let long = "x".repeat(MAX_BODY + 1);
    assert_eq!(
        house.request("POST", "/api/v1/login", "", &long).await.0,
        413
    );
}

#[tokio::test(start_paused = true)]
async fn a_right_code_is_right_again_after_that_minute() {
    let dir = tempfile::tempdir().unwrap();
    let pairing = Pairing::open(dir.path()).unwrap();
    let guest = "192.168.1.66".parse().unwrap();
    let entrance = Entrance::loopback(1);
    let sign_in = |code| pairing.sign_in(code, guest, &entrance);
    for _ in 0..10 {
        assert_eq!(sign_in("nonsense").await, Err(Refused::Wrong));
    }
    tokio::time::advance(Duration::from_secs(59)).await;
    assert_eq!(
        sign_in(pairing.code()).await,
        Err(Refused::Locked { seconds: 2 })
    );
    let tablet = "192.168.1.7".parse().unwrap();
    let others = pairing.sign_in(pairing.code(), tablet, &entrance);
    assert!(others.await.is_ok(), "a guest locks out nobody else");
    tokio::time::advance(Duration::from_secs(1)).await;
    let typed = pairing.code().to_lowercase().replace('-', " ");
    assert!(sign_in(&typed).await.is_ok());
}

#[tokio::test]
async fn a_password_signs_in_until_too_many_have_guessed_and_the_code_always() {
    let dir = tempfile::tempdir().unwrap();
    let pairing = Pairing::open(dir.path()).unwrap();
    let entrance = Entrance::loopback(1);
    let sign_in = async |typed: &str, guest: u32| {
        let guest = Ipv4Addr::from_bits(guest).into();
        let signed_in = pairing.sign_in(typed, guest, &entrance).await;
        signed_in.map(|_| ())
    };
    assert!(password::keep(dir.path(), "short").is_err());
    assert_eq!(sign_in("Twelve blue boats", 1).await, Err(Refused::Wrong));
    password::keep(dir.path(), "Twelve blue boats").unwrap();
    let path = dir.path().join("dashboard.password");
    let kept = std::fs::metadata(&path).unwrap().permissions();
    assert_eq!(kept.mode() & 0o777, 0o600);
    let hash = std::fs::read_to_string(path).unwrap();
    assert!(hash.starts_with("$argon2id$"), "{hash}");
    assert_eq!(sign_in("twelve blue boats", 1).await, Err(Refused::Wrong));
    assert_eq!(sign_in("Twelve blue boats", 1).await, Ok(()));
    for guess in 0..30 {
        assert_eq!(sign_in("password1", guess).await, Err(Refused::Wrong));
    }
    let locked = sign_in("Twelve blue boats", 200).await;
    assert!(matches!(locked, Err(Refused::Locked { seconds: 1100.. })));
    assert_eq!(sign_in(pairing.code(), 200).await, Ok(()));
    assert!(password::forget(dir.path()).unwrap());
    assert_eq!(sign_in("Twelve blue boats", 201).await, Err(Refused::Wrong));
}

#[tokio::test]
async fn a_session_outlives_the_hub_but_not_its_key() {
    let dir = tempfile::tempdir().unwrap();
    let cookie = async |pairing: &Pairing| {
        let here = Ipv4Addr::LOCALHOST.into();
        let entrance = Entrance::loopback(1);
        let cookie = pairing.sign_in(pairing.code(), here, &entrance).await;
        let cookie = cookie.unwrap();
        assert!(
            cookie.ends_with("; Path=/; HttpOnly; SameSite=Strict"),
            "{cookie}"
        );
        let mut headers = HeaderMap::new();
        let value = format!("other=1; {}", cookie.split(';').next().unwrap());
        headers.insert(header::COOKIE, value.parse().unwrap());
        headers
    };
    let open = || Pairing::open(dir.path()).unwrap();
    let headers = cookie(&open()).await;
    assert!(open().is_signed_in(&headers, &Entrance::loopback(1)));
    assert!(
        !open().is_signed_in(&headers, &Entrance::loopback(2)),
        "another hub of this machine"
    );
    let key = dir.path().join("dashboard.key");
    std::fs::write(&key, "not a key").unwrap();
    let problem = Pairing::open(dir.path()).err().unwrap();
    assert!(
        problem.message.contains("128 hexadecimal digits"),
        "{problem}"
    );
    std::fs::remove_file(&key).unwrap();
    assert!(!open().is_signed_in(&headers, &Entrance::loopback(1)));
}

#[tokio::test]
async fn frames_travel_as_they_are_and_nonsense_ends_only_its_sender() {
    let house = House::open().await;
    let cookie = house.cookie().await;
    let mut good = house.socket(&cookie).await;
    for nonsense in [message(BINARY, b"GET /"), message(TEXT, b"{}")] {
        let mut bad = house.socket(&cookie).await;
        bad.write_all(&nonsense).await.unwrap();
        let (_, bytes) = next(&mut bad).await;
        let Ok(ServerFrame::Problem { problem, .. }) = ServerFrame::from_bytes(&bytes) else {
            panic!("{bytes:?}");
        };
        assert_eq!(problem.code, "malformed_frame");
        assert_eq!(next(&mut bad).await.0, 8, "and it is closed");
    }
    let frame = ClientFrame::Timers { id: 7 };
    good.write_all(&message(BINARY, &frame.to_bytes()))
        .await
        .unwrap();
    let expected = ServerFrame::Done { id: 7 }.to_bytes();
    assert_eq!(next(&mut good).await, (BINARY, expected));
}

#[tokio::test]
async fn a_browser_that_never_reads_is_hung_up_on() {
    let house = House::open().await;
    let cookie = house.cookie().await;
    let mut deaf = house.socket(&cookie).await;
    let shout = ClientFrame::Say {
        id: 1,
        text: "x".into(),
        voice: None,
        to_client: true,
    };
    deaf.write_all(&message(BINARY, &shout.to_bytes()))
        .await
        .unwrap();
    let mut others = house.socket(&cookie).await;
    let frame = ClientFrame::Timers { id: 2 }.to_bytes();
    others.write_all(&message(BINARY, &frame)).await.unwrap();
    assert_eq!(
        next(&mut others).await.1,
        ServerFrame::Done { id: 2 }.to_bytes()
    );
    let mut rest = Vec::new();
    let ended = tokio::time::timeout(Duration::from_secs(20), deaf.read_to_end(&mut rest)).await;
    assert!(ended.is_ok(), "the connection is closed");
    assert!(rest.len() < 200 * 48_000 * 4, "most was never sent");
}

#[tokio::test]
async fn files_are_known_by_their_tag_and_missing_ones_are_explained() {
    let house = House::open().await;
    let (_, answer) = house.request("GET", "/", "", "").await;
    assert!(answer.contains("content-type: text/html") && answer.ends_with("<p>Loqa"));
    let tag = answer
        .lines()
        .find_map(|line| line.strip_prefix("etag: "))
        .unwrap();
    let known = format!("If-None-Match: {tag}\r\n");
    assert_eq!(house.request("GET", "/home", &known, "").await.0, 304);
    let bare = House::with(&[], false).await;
    let (status, answer) = bare.request("GET", "/", "", "").await;
    assert!(
        status == 200 && answer.contains("cargo xtask run"),
        "{answer}"
    );
}

#[tokio::test]
async fn the_dashboard_goes_with_the_hub() {
    let house = House::open().await;
    let cookie = house.cookie().await;
    let mut socket = house.socket(&cookie).await;
    assert!(
        house.tasks.shutdown().await.is_empty(),
        "nothing had to be torn off"
    );
    let (_, bytes) = next(&mut socket).await;
    let Ok(ServerFrame::Problem { problem, .. }) = ServerFrame::from_bytes(&bytes) else {
        panic!("{bytes:?}");
    };
    assert_eq!(problem.code, "hub_stopping");
    assert!(TcpStream::connect(house.host()).await.is_err());
}

#[tokio::test]
async fn a_port_that_is_taken_is_told_with_its_remedy() {
    let house = House::open().await;
    let port = house.port();
    let dir = tempfile::tempdir().unwrap();
    let folder = DataFolder::acquire(dir.path()).unwrap();
    let settings = config::Dashboard::default();
    let refused = open_at(
        (port, nobody()),
        &settings,
        &folder,
        Arc::new(Parrot),
        &house.tasks,
    )
    .await;
    let problem = refused.unwrap_err();
    assert!(problem.message.contains(&port.to_string()) && problem.help.contains("port"));
}
