use super::*;
use crate::gateway::{Answers, Connection};
use futures::future::BoxFuture;
use loqa_protocol::{AudioFormat, ClientFrame, ServerFrame, wire::Wire};
use std::{path::Path, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// Says what it was asked; says far too much when told to speak.
struct Parrot;

struct Perch(Answers);

impl Service for Parrot {
    fn connect(&self, answers: Answers) -> Box<dyn Connection> {
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
            let _ = self.0.send(ServerFrame::Done { id });
        })
    }
}

struct House {
    _dir: tempfile::TempDir,
    dashboard: Dashboard,
    tasks: Tasks,
}

impl House {
    async fn open() -> House {
        House::with_files(&[
            ("index.html", "<p>Loqa"),
            ("x.wasm", "\0asm"),
            ("secret.txt", "no"),
        ])
        .await
    }

    async fn with_files(files: &[(&str, &str)]) -> House {
        let dir = tempfile::tempdir().unwrap();
        let ui = dir.path().join("ui");
        std::fs::create_dir(&ui).unwrap();
        for (name, text) in files {
            std::fs::write(ui.join(name), text).unwrap();
        }
        let folder = DataFolder::acquire(dir.path()).unwrap();
        let tasks = Tasks::new();
        let dashboard = open_at(0, &ui, &folder, Arc::new(Parrot), &tasks)
            .await
            .unwrap();
        House {
            _dir: dir,
            dashboard,
            tasks,
        }
    }

    fn host(&self) -> &str {
        let address = self.dashboard.address.strip_prefix("http://").unwrap();
        address.trim_end_matches('/')
    }

    /// Status, headers and body of one request; `more` are header lines.
    async fn request(&self, method: &str, path: &str, more: &str, body: &str) -> (u16, String) {
        self.request_as(self.host(), method, path, more, body).await
    }

    async fn request_as(
        &self,
        host: &str,
        method: &str,
        path: &str,
        more: &str,
        body: &str,
    ) -> (u16, String) {
        let mut stream = TcpStream::connect(self.host()).await.unwrap();
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
    async fn socket(&self, cookie: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.host()).await.unwrap();
        let host = self.host();
        let request = format!(
            "GET /api/v1/events HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\n{UPGRADE}{cookie}\r\n"
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
async fn next(stream: &mut TcpStream) -> (u8, Vec<u8>) {
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

/// Every route, for everybody who may come: only the dashboard's files, the login and the
/// handshake answer whom the hub does not know.
#[tokio::test]
async fn before_the_login_nothing_of_the_house_is_told() {
    let house = House::open().await;
    let signed_in = house.cookie().await;
    let forged = signed_in.replace('.', ".00");
    let own = format!("Origin: http://{}\r\n", house.host());
    let body = json!({ "code": house.dashboard.code }).to_string();
    let roles = [
        ("stranger", String::new()),
        ("forger", forged),
        ("signed in", signed_in.clone()),
        ("its own page", format!("{signed_in}{own}")),
        (
            "another site",
            format!("{signed_in}Origin: http://evil.example\r\n"),
        ),
        ("a sandboxed page", format!("{signed_in}Origin: null\r\n")),
    ];
    let routes = [
        ("GET", "/", ""),
        ("GET", "/kiosk", ""),
        ("GET", "/x.wasm", ""),
        ("GET", "/secret.txt", ""),
        ("GET", "/../dashboard.key", ""),
        ("GET", "/api/v1/hello", ""),
        ("POST", "/api/v1/login", body.as_str()),
        ("POST", "/api/v1/logout", ""),
        ("GET", "/api/v1/logout", ""),
        ("GET", "/api/v1/events", ""),
        ("GET", "/api/v1/nothing", ""),
    ];
    let mut table = String::new();
    for (role, headers) in &roles {
        table += &format!("{role}:");
        for (method, path, body) in routes {
            let (status, answer) = house.request(method, path, headers, body).await;
            assert!(
                answer.contains("content-security-policy: default-src 'none'"),
                "{answer}"
            );
            table += &format!(" {status}");
        }
        table.push('\n');
    }
    // 400 and 426: let in, and not asking for a WebSocket.
    assert_eq!(
        table,
        "stranger: 200 200 200 404 404 200 204 401 401 401 404\n\
         forger: 200 200 200 404 404 200 204 401 401 401 404\n\
         signed in: 200 200 200 404 404 200 204 204 405 400 404\n\
         its own page: 200 200 200 404 404 200 204 204 405 400 404\n\
         another site: 403 403 403 403 403 403 403 403 403 403 403\n\
         a sandboxed page: 403 403 403 403 403 403 403 403 403 403 403\n"
    );
}

#[tokio::test]
async fn a_name_that_was_made_to_lead_here_is_refused() {
    let house = House::open().await;
    let port = house.host().rsplit(':').next().unwrap();
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
    let pairing = Pairing::open(dir.path(), 1).unwrap();
    for _ in 0..10 {
        assert_eq!(pairing.sign_in("nonsense"), Err(Refused::Wrong));
    }
    tokio::time::advance(Duration::from_secs(59)).await;
    assert_eq!(
        pairing.sign_in(pairing.code()),
        Err(Refused::Locked { seconds: 2 })
    );
    tokio::time::advance(Duration::from_secs(1)).await;
    let typed = pairing.code().to_lowercase().replace('-', " ");
    assert!(pairing.sign_in(&typed).is_ok());
}

#[tokio::test]
async fn a_session_outlives_the_hub_but_not_its_key() {
    let dir = tempfile::tempdir().unwrap();
    let cookie = |pairing: &Pairing| {
        let cookie = pairing.sign_in(pairing.code()).unwrap();
        assert!(
            cookie.ends_with("; Path=/; HttpOnly; SameSite=Strict"),
            "{cookie}"
        );
        let mut headers = HeaderMap::new();
        let value = format!("other=1; {}", cookie.split(';').next().unwrap());
        headers.insert(header::COOKIE, value.parse().unwrap());
        headers
    };
    let open = |port| Pairing::open(dir.path(), port).unwrap();
    let headers = cookie(&open(1));
    assert!(open(1).is_signed_in(&headers));
    assert!(
        !open(2).is_signed_in(&headers),
        "another hub of this machine"
    );
    let key = dir.path().join("dashboard.key");
    std::fs::write(&key, "not a key").unwrap();
    let problem = Pairing::open(dir.path(), 1).err().unwrap();
    assert!(
        problem.message.contains("128 hexadecimal digits"),
        "{problem}"
    );
    std::fs::remove_file(&key).unwrap();
    assert!(!open(1).is_signed_in(&headers));
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
    let frame = ClientFrame::Doctor { id: 7 };
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
    let frame = ClientFrame::Doctor { id: 2 }.to_bytes();
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
    let bare = House::with_files(&[]).await;
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
    let port: u16 = house.host().rsplit(':').next().unwrap().parse().unwrap();
    let dir = tempfile::tempdir().unwrap();
    let folder = DataFolder::acquire(dir.path()).unwrap();
    let refused = open_at(port, Path::new(""), &folder, Arc::new(Parrot), &house.tasks).await;
    let problem = refused.unwrap_err();
    assert!(problem.message.contains(&port.to_string()) && problem.help.contains("port"));
}
