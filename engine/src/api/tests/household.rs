//! The household's entrance, and what holds for both.

use super::*;

const DEVICE: &str = r#"{"revision":"0000000000000000","name":"lamp","kind":"light"}"#;
const AREA: &str = r#"{"revision":"0000000000000000","name":"attic"}"#;

async fn house() -> House {
    House::with(&FILES, true).await
}

/// Every route, through both entrances, for everybody who may come: only the dashboard's files,
/// the certificate, the login and the handshake answer whom the hub does not know.
#[tokio::test]
async fn before_the_login_nothing_of_the_house_is_told() {
    let mut house = house().await;
    let token = token::make(house.dir.path()).unwrap();
    let code = json!({ "code": house.dashboard.code }).to_string();
    // 400: let in, and not asking for a WebSocket.
    let routes = [
        ("GET /", "", "200 200 200 200 403 403 200 200"),
        ("GET /kiosk", "", "200 200 200 200 403 403 200 200"),
        ("GET /x.wasm", "", "200 200 200 200 403 403 200 200"),
        ("GET /secret.txt", "", "404 404 404 404 403 403 404 404"),
        (
            "GET /../dashboard.key",
            "",
            "404 404 404 404 403 403 404 404",
        ),
        (
            "GET /dashboard.token",
            "",
            "404 404 404 404 403 403 404 404",
        ),
        ("GET /household.key", "", "404 404 404 404 403 403 404 404"),
        ("GET /household.crt", "", "200 200 200 200 403 403 200 200"),
        ("GET /api/v1/hello", "", "200 200 200 200 403 403 200 200"),
        (
            "POST /api/v1/login",
            &code,
            "204 204 204 204 403 403 204 204",
        ),
        ("POST /api/v1/logout", "", "401 401 204 204 403 403 204 401"),
        ("GET /api/v1/logout", "", "401 401 405 405 403 403 405 401"),
        ("GET /api/v1/events", "", "401 401 400 400 403 403 400 401"),
        ("GET /api/v1/now", "", "401 401 200 200 403 403 200 401"),
        ("GET /api/v1/home", "", "401 401 200 200 403 403 200 401"),
        ("GET /api/v1/skills", "", "401 401 200 200 403 403 200 401"),
        (
            "PATCH /api/v1/skills/tea",
            r#"{"enabled":false}"#,
            "401 401 404 404 403 403 404 401",
        ),
        (
            "DELETE /api/v1/skills/tea",
            "",
            "401 401 204 204 403 403 204 401",
        ),
        (
            "POST /api/v1/skills/tea/rollback",
            "",
            "401 401 404 404 403 403 404 401",
        ),
        (
            "POST /api/v1/packages",
            "PK",
            "401 401 200 200 403 403 200 401",
        ),
        (
            "POST /api/v1/packages/7",
            "",
            "401 401 204 204 403 403 204 401",
        ),
        (
            "DELETE /api/v1/packages/7",
            "",
            "401 401 204 204 403 403 204 401",
        ),
        ("GET /api/v1/models", "", "401 401 200 200 403 403 200 401"),
        (
            "POST /api/v1/models/tea/pull",
            "",
            "401 401 404 404 403 403 404 401",
        ),
        (
            "POST /api/v1/models/tea/pause",
            "",
            "401 401 404 404 403 403 404 401",
        ),
        (
            "POST /api/v1/models/tea/verify",
            "",
            "401 401 404 404 403 403 404 401",
        ),
        (
            "DELETE /api/v1/models/tea",
            "",
            "401 401 204 204 403 403 204 401",
        ),
        (
            "POST /api/v1/models/use",
            r#"{"for":"stt","model":"none"}"#,
            "401 401 200 200 403 403 200 401",
        ),
        ("GET /api/v1/nodes", "", "401 401 200 200 403 403 200 401"),
        (
            "PATCH /api/v1/nodes/lamp",
            r#"{"muted":true}"#,
            "401 401 404 404 403 403 404 401",
        ),
        (
            "DELETE /api/v1/nodes/lamp",
            "",
            "401 401 404 404 403 403 404 401",
        ),
        (
            "POST /api/v1/nodes/lamp/accept",
            "",
            "401 401 404 404 403 403 404 401",
        ),
        (
            "POST /api/v1/nodes/pairing",
            "{}",
            "401 401 200 200 403 403 200 401",
        ),
        (
            "DELETE /api/v1/nodes/pairing",
            "",
            "401 401 200 200 403 403 200 401",
        ),
        ("GET /api/v1/privacy", "", "401 401 200 200 403 403 200 401"),
        (
            "PATCH /api/v1/privacy",
            r#"{"sealed":true}"#,
            "401 401 200 200 403 403 200 401",
        ),
        ("GET /api/v1/egress", "", "401 401 200 200 403 403 200 401"),
        (
            "PATCH /api/v1/privacy",
            r#"{"keep":{"household":"session"}}"#,
            "401 401 200 200 403 403 200 401",
        ),
        (
            "GET /api/v1/conversations?query=tea",
            "",
            "401 401 200 200 403 403 200 401",
        ),
        (
            "GET /api/v1/conversations/lamp",
            "",
            "401 401 200 200 403 403 200 401",
        ),
        (
            "DELETE /api/v1/conversations/lamp",
            "",
            "401 401 204 204 403 403 204 401",
        ),
        ("GET /api/v1/people", "", "401 401 200 200 403 403 200 401"),
        (
            "POST /api/v1/people",
            r#"{"name":"Ada","role":"owner"}"#,
            "401 401 200 200 403 403 200 401",
        ),
        (
            "PUT /api/v1/people/lamp",
            r#"{"name":"Ada","role":"owner"}"#,
            "401 401 404 404 403 403 404 401",
        ),
        (
            "DELETE /api/v1/people/lamp",
            "",
            "401 401 404 404 403 403 404 401",
        ),
        (
            "PUT /api/v1/people/lamp/pin",
            r#"{"pin":"1815"}"#,
            "401 401 404 404 403 403 404 401",
        ),
        (
            "PUT /api/v1/people/lamp/keeps",
            r#"{"scope":"ephemeral"}"#,
            "401 401 404 404 403 403 404 401",
        ),
        (
            "PUT /api/v1/places/microphone",
            r#"{"speaks_for":"child"}"#,
            "401 401 200 200 403 403 200 401",
        ),
        (
            "POST /api/v1/rules",
            r#"{"ruling":"pin"}"#,
            "401 401 200 200 403 403 200 401",
        ),
        (
            "DELETE /api/v1/rules/lamp",
            "",
            "401 401 404 404 403 403 404 401",
        ),
        ("GET /api/v1/audit", "", "401 401 200 200 403 403 200 401"),
        ("GET /api/v1/turns", "", "401 401 200 200 403 403 200 401"),
        ("GET /api/v1/latency", "", "401 401 200 200 403 403 200 401"),
        ("GET /api/v1/health", "", "401 401 200 200 403 403 200 401"),
        (
            "POST /api/v1/ask",
            r#"{"text":"hi"}"#,
            "401 401 200 200 403 403 200 401",
        ),
        ("GET /api/v1/ask", "", "401 401 405 405 403 403 405 401"),
        (
            "POST /api/v1/intent",
            r#"{"text":"hi"}"#,
            "401 401 200 200 403 403 200 401",
        ),
        (
            "POST /api/v1/mute",
            r#"{"muted":true}"#,
            "401 401 204 204 403 403 204 401",
        ),
        ("POST /api/v1/call", "", "401 401 204 204 403 403 204 401"),
        (
            "POST /api/v1/call/end",
            "",
            "401 401 204 204 403 403 204 401",
        ),
        (
            "POST /api/v1/home/devices",
            DEVICE,
            "401 401 201 201 403 403 201 401",
        ),
        (
            "PUT /api/v1/home/devices/lamp",
            DEVICE,
            "401 401 404 404 403 403 404 401",
        ),
        (
            "DELETE /api/v1/home/devices/lamp?revision=0000000000000000",
            "",
            "401 401 404 404 403 403 404 401",
        ),
        (
            "GET /api/v1/home/devices/lamp/sentences",
            "",
            "401 401 200 200 403 403 200 401",
        ),
        (
            "POST /api/v1/home/areas",
            AREA,
            "401 401 201 201 403 403 201 401",
        ),
        (
            "PUT /api/v1/home/areas/attic",
            AREA,
            "401 401 404 404 403 403 404 401",
        ),
        (
            "DELETE /api/v1/home/areas/attic?revision=0000000000000000",
            "",
            "401 401 404 404 403 403 404 401",
        ),
        (
            "GET /api/v1/settings",
            "",
            "401 401 200 200 403 403 200 401",
        ),
        (
            "PATCH /api/v1/settings",
            r#"{"kiosk_pin":"1815"}"#,
            "401 401 200 200 403 403 200 401",
        ),
        ("GET /api/v1/calls", "", "401 401 200 200 403 403 200 401"),
        ("GET /api/v1/sounds", "", "401 401 200 200 403 403 200 401"),
        (
            "GET /api/v1/logs?after=7",
            "",
            "401 401 200 200 403 403 200 401",
        ),
        (
            "GET /api/v1/openapi.json",
            "",
            "401 401 200 200 403 403 200 401",
        ),
        ("GET /api/v1/docs", "", "401 401 308 308 403 403 308 401"),
        (
            "GET /api/v1/docs/index.html",
            "",
            "401 401 200 200 403 403 200 401",
        ),
        ("GET /api/v1/nothing", "", "404 404 404 404 403 403 404 404"),
    ];
    for (path, _, _) in table() {
        let of_room = path.contains("areas");
        let path = path.replace("{file}", "index.html");
        let path = path.replace("{id}", if of_room { "attic" } else { "lamp" });
        let path = path.replace("{name}", "tea").replace("{offer}", "7");
        let path = path.replace("{place}", "microphone");
        let walks = |walked: &str| walked.split('?').next().unwrap().ends_with(&path);
        let has_row = routes.iter().any(|(walked, _, _)| walks(walked));
        assert!(has_row, "{path} has no row in the table of this test");
    }
    let other = |house: &House| House::origin(house).replace("://", "://evil.");
    for encrypted in [false, true] {
        house.encrypted = encrypted;
        let signed_in = house.cookie().await;
        let origin = |origin: &str| format!("{signed_in}Origin: {origin}\r\n");
        let shows = |token: &str| format!("Authorization: Bearer {token}\r\n");
        let downgraded = house.origin().replace("https", "http");
        let roles = [
            ("stranger", String::new()),
            ("forger", signed_in.replace('.', ".00")),
            ("signed in", signed_in.clone()),
            ("its own page", origin(&house.origin())),
            ("another site", origin(&other(&house))),
            ("a sandboxed page", origin("null") + &shows(&token)),
            ("a program", shows(&token)),
            (
                "one with a wrong token",
                signed_in.clone() + &shows("loqa_00"),
            ),
        ];
        for (route, body, expected) in routes {
            let (method, path) = route.split_once(' ').unwrap();
            let mut told = Vec::new();
            for (role, headers) in &roles {
                let kind = if body == "PK" { "octet-stream" } else { "json" };
                let headers = format!("{headers}Content-Type: application/{kind}\r\n");
                let (status, answer) = house.request(method, path, &headers, body).await;
                let policy = "content-security-policy: default-src 'none'";
                assert!(answer.contains(policy), "{role}: {answer}");
                told.push(status.to_string());
            }
            assert_eq!(told.join(" "), expected, "{route}, encrypted: {encrypted}");
        }
        let page = format!("Origin: {downgraded}\r\n");
        let (status, _) = house.request("GET", "/api/v1/hello", &page, "").await;
        assert_eq!(status, if encrypted { 403 } else { 200 });
    }
}

#[tokio::test]
async fn what_needs_a_login_needs_it_for_every_method() {
    let house = house().await;
    for (path, who, _) in table() {
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] {
            let (status, _) = house.request(method, &path, "", "").await;
            assert_eq!(
                status == 401,
                who == Who::SignedIn,
                "{method} {path}: {status}"
            );
        }
    }
}

#[tokio::test]
async fn a_tablet_that_trusts_the_household_signs_in_and_talks() {
    let mut house = house().await;
    house.encrypted = true;
    let (_, answer) = house.login(&house.dashboard.code).await;
    let port = house.port();
    let cookie = format!("set-cookie: __Host-loqa_session_{port}=");
    assert!(
        answer.contains(&cookie) && answer.contains("; SameSite=Strict; Secure\r\n"),
        "{answer}"
    );
    let cookie = house.cookie().await;
    let mut socket = house.socket(&cookie).await;
    let frame = ClientFrame::Timers { id: 7 }.to_bytes();
    socket.write_all(&message(BINARY, &frame)).await.unwrap();
    let expected = ServerFrame::Done { id: 7 }.to_bytes();
    assert_eq!(next(&mut socket).await, (BINARY, expected));
    let (_, answer) = house.request("GET", "/household.crt", "", "").await;
    assert!(answer.contains("content-type: application/x-x509-ca-cert"));
    let kept = std::fs::read_to_string(house.dir.path().join("household.crt")).unwrap();
    assert!(answer.ends_with(&kept));
    assert!(house.tasks.shutdown().await.is_empty());
}

#[tokio::test]
async fn who_trusts_another_household_or_speaks_plainly_learns_nothing() {
    let mut house = house().await;
    let other = House::with(&FILES, true).await;
    house.encrypted = true;
    let error = house.connect_trusting(other.trusted()).await.err();
    assert!(
        error
            .unwrap()
            .to_string()
            .contains("invalid peer certificate")
    );

    let mut plain = house.reach().await;
    let hello = "GET /api/v1/hello HTTP/1.1\r\nHost: hub\r\n\r\n";
    plain.write_all(hello.as_bytes()).await.unwrap();
    let mut answer = String::new();
    plain.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    assert!(answer.ends_with("begin it with https://\n"), "{answer}");
}

#[tokio::test]
async fn only_the_hubs_own_names_are_answered_in_the_house() {
    let mut house = house().await;
    let loopback = house.host();
    house.encrypted = true;
    let (own, port) = (house.host(), house.port());
    let host = rustix::system::uname();
    let host = host.nodename().to_string_lossy().to_lowercase();
    for (name, expected) in [
        (own.as_str(), 200),
        (&format!("127.0.0.1:{port}"), 200),
        (&format!("{host}:{port}"), 200),
        (&format!("{host}.local:{port}"), 200),
        (&format!("localhost:{port}"), 403),
        (&format!("evil.local:{port}"), 403),
        (&format!("{host}.local.evil.example:{port}"), 403),
        (&format!("{host}.local"), 403),
        (&loopback, 403),
        ("", 403),
    ] {
        let answer = house.request_as(name, "GET", "/api/v1/hello", "", "");
        assert_eq!(answer.await.0, expected, "{name}");
    }
}

#[tokio::test]
async fn an_address_that_is_new_is_answered_at_once() {
    let (sender, names) = tokio::sync::watch::channel(vec!["192.168.1.7".to_owned()]);
    let entrance = Entrance::household(names, 443);
    let origin = |host| entrance.origin(host);
    assert_eq!(origin("192.168.1.7"), Some("https://192.168.1.7".into()));
    assert_eq!(origin("192.168.1.7:7443"), None);
    assert_eq!(origin("[fd00::7]"), None);
    sender.send_replace(vec!["[fd00::7]".into()]);
    assert_eq!(
        origin("[fd00::7]:443"),
        Some("https://[fd00::7]:443".into())
    );
    assert_eq!(origin("192.168.1.7"), None);
}

#[tokio::test]
async fn silent_peers_hold_nobody_up() {
    let mut house = house().await;
    house.encrypted = true;
    let mut silent = Vec::new();
    for _ in 0..100 {
        silent.push(house.reach().await);
    }
    assert_eq!(house.request("GET", "/", "", "").await.0, 200);
}

/// Time jumps to whatever is waited for.
#[tokio::test(start_paused = true)]
async fn who_is_silent_or_never_finishes_is_hung_up_on() {
    let mut house = house().await;
    for encrypted in [true, false] {
        house.encrypted = encrypted;
        let mut silent = house.reach().await;
        let ended = silent.read_to_end(&mut Vec::new()).await;
        assert_eq!(ended.unwrap(), 0, "encrypted: {encrypted}");
    }
    let mut slow = house.reach().await;
    let (host, half) = (house.host(), "Content-Length: 20\r\n\r\n{\"code\":");
    let request = format!("POST /api/v1/login HTTP/1.1\r\nHost: {host}\r\n{half}");
    slow.write_all(request.as_bytes()).await.unwrap();
    assert!(slow.read_to_end(&mut Vec::new()).await.is_ok());
}

#[tokio::test]
async fn a_house_without_a_certificate_is_still_there_for_its_own_machine() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("household.key"), "half").unwrap();
    let house = House::in_folder(dir, true).await;
    let InTheHouse::Failed(problem) = &house.dashboard.household else {
        panic!("{:?}", house.dashboard);
    };
    assert!(problem.message.contains("household.key is there, but not"));
    assert!(problem.help.contains("remove"), "{problem}");
    assert_eq!(house.request("GET", "/api/v1/hello", "", "").await.0, 200);
    assert_eq!(house.request("GET", "/household.crt", "", "").await.0, 404);
}
