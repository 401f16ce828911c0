//! What programs send and are answered.

use super::*;
use crate::skills::LARGEST_PACKED;
use serde_json::Value;

impl House {
    /// Asks as a program does; the status, and the document of the answer.
    async fn program(&self, method: &str, path: &str, body: &str) -> (u16, Value) {
        let kind = "Content-Type: application/json\r\n";
        let token = token::make(self.dir.path()).unwrap();
        let headers = format!("{kind}Authorization: bearer {token}\r\n");
        let (status, answer) = self.request(method, path, &headers, body).await;
        (status, document(&answer))
    }
}

fn document(answer: &str) -> Value {
    let body = answer.split_once("\r\n\r\n").unwrap().1;
    serde_json::from_str(body).unwrap_or_default()
}

#[tokio::test]
async fn a_token_lets_in_until_it_is_revoked_or_made_anew_and_is_kept_as_a_hash() {
    let house = House::open().await;
    let folder = house.dir.path();
    let hello = async |token: &str| {
        let shown = format!("Authorization: Bearer {token}\r\n");
        let (_, answer) = house.request("GET", "/api/v1/hello", &shown, "").await;
        document(&answer)["signed_in"] == true
    };
    assert!(!hello("").await, "before there is one");
    let first = token::make(folder).unwrap();
    let path = folder.join("dashboard.token");
    let kept = std::fs::metadata(&path).unwrap().permissions();
    assert_eq!(kept.mode() & 0o777, 0o600);
    let hash = std::fs::read_to_string(&path).unwrap();
    assert!(hash.len() == 64 && !first.contains(&hash), "{hash}");
    assert!(hello(&first).await && !hello(&hash).await);
    let second = token::make(folder).unwrap();
    assert!(hello(&second).await && !hello(&first).await);
    assert!(token::revoke(folder).unwrap() && !token::revoke(folder).unwrap());
    assert!(!hello(&second).await);
    std::fs::write(&path, "").unwrap();
    assert!(!hello("").await, "a damaged file lets nobody in");
}

#[tokio::test]
async fn what_is_wrong_with_a_request_is_said_in_one_shape() {
    let house = House::open().await;
    let long = format!(r#"{{"text":"{}"}}"#, "é".repeat(1001));
    let longer = format!(r#"{{"text":"{}"}}"#, "x".repeat(MAX_BODY));
    for (method, path, body, status, code) in [
        ("POST", "ask", "", 400, "malformed"),
        ("POST", "ask", "{\"text\":", 400, "malformed"),
        ("POST", "ask", "{}", 422, "malformed"),
        ("POST", "ask", r#"{"text":7}"#, 422, "malformed"),
        (
            "POST",
            "ask",
            r#"{"text":"stop","loud":1}"#,
            422,
            "malformed",
        ),
        ("POST", "ask", r#"{"text":" \n\t"}"#, 422, "no_words"),
        ("POST", "intent", r#"{"text":""}"#, 422, "no_words"),
        ("POST", "ask", &long, 422, "too_long"),
        ("POST", "ask", &longer, 413, "too_long"),
        (
            "POST",
            "ask",
            r#"{"text":"yes","conversation":"x"}"#,
            404,
            "conversation_over",
        ),
        ("POST", "mute", r#"{"muted":"yes"}"#, 422, "malformed"),
        ("DELETE", "ask", "", 405, "wrong_method"),
        ("GET", "events", "", 400, "no_websocket"),
        ("GET", "docs/nothing.js", "", 404, "not_found"),
        ("GET", "docs/%ff", "", 404, "not_found"),
        ("POST", "login", &longer, 413, "too_long"),
        ("GET", "logs?after=x", "", 400, "malformed"),
        ("DELETE", "home/areas/attic", "", 400, "malformed"),
        ("GET", "audit?most=0", "", 422, "most"),
        ("GET", "audit?most=many", "", 400, "malformed"),
        ("POST", "packages", "PK", 415, "not_a_file"),
        ("DELETE", "skills/%ff", "", 404, "not_found"),
        ("PATCH", "skills/tea", r#"{"on":true}"#, 422, "malformed"),
        ("PATCH", "skills/tea", "[null, null]", 422, "malformed"),
        ("DELETE", "home/areas/%ff", "", 404, "not_found"),
        ("DELETE", "home/areas/attic?revision=7", "", 422, "revision"),
        (
            "PATCH",
            "settings",
            r#"{"kiosk_pin":"12a4"}"#,
            422,
            "kiosk_pin",
        ),
    ] {
        let path = format!("/api/v1/{path}");
        let (found, problem) = house.program(method, &path, body).await;
        assert_eq!(
            (found, &problem["code"]),
            (status, &json!(code)),
            "{method} {path} {body}"
        );
        assert!(
            problem["message"] != "" && problem["help"] != "",
            "{problem}"
        );
    }
    let cookie = house.cookie().await;
    let body = r#"{"text":"stop"}"#;
    let (status, answer) = house.request("POST", "/api/v1/ask", &cookie, body).await;
    assert_eq!(status, 415, "what a form could send is no JSON: {answer}");
}

#[tokio::test]
async fn only_a_package_may_be_longer_than_a_sentence() {
    let house = House::open().await;
    let token = token::make(house.dir.path()).unwrap();
    let headers =
        format!("Authorization: Bearer {token}\r\nContent-Type: application/octet-stream\r\n");
    for (length, expected) in [
        (1 << 20, 200),
        (LARGEST_PACKED, 200),
        (LARGEST_PACKED + 1, 413),
    ] {
        let body = "x".repeat(length);
        let (status, answer) = house
            .request("POST", "/api/v1/packages", &headers, &body)
            .await;
        assert_eq!(status, expected, "{length} bytes: {answer}");
    }
}

#[tokio::test]
async fn a_socket_ends_with_the_token_that_opened_it() {
    let house = House::open().await;
    let token = token::make(house.dir.path()).unwrap();
    let shown = format!("Authorization: Bearer {token}\r\n");
    let mut socket = house.socket(&shown).await;
    let cookie = house.cookie().await;
    let mut other = house.socket(&cookie).await;
    token::revoke(house.dir.path()).unwrap();
    tokio::time::pause();
    let (_, bytes) = next(&mut socket).await;
    let Ok(ServerFrame::Problem { problem, .. }) = ServerFrame::from_bytes(&bytes) else {
        panic!("{bytes:?}");
    };
    assert_eq!(problem.code, "signed_out");
    assert_eq!(next(&mut socket).await.0, 8, "and it is closed");
    let frame = ClientFrame::Timers { id: 7 }.to_bytes();
    other.write_all(&message(BINARY, &frame)).await.unwrap();
    let expected = ServerFrame::Done { id: 7 }.to_bytes();
    assert_eq!(next(&mut other).await, (BINARY, expected));
}

#[tokio::test]
async fn a_question_is_answered_in_its_conversation() {
    let house = House::open().await;
    let (_, asked) = house
        .program("POST", "/api/v1/ask", r#"{"text":"unlock the door"}"#)
        .await;
    assert_eq!(asked["asks"], true, "{asked}");
    let name = asked["conversation"].as_str().unwrap();
    let yes = json!({ "text": "yes", "conversation": name }).to_string();
    let (status, answer) = house.program("POST", "/api/v1/ask", &yes).await;
    assert_eq!((status, &answer["conversation"]), (200, &json!(name)));
    for _ in 0..16 {
        house
            .program("POST", "/api/v1/ask", r#"{"text":"hello"}"#)
            .await;
    }
    let (status, _) = house.program("POST", "/api/v1/ask", &yes).await;
    assert_eq!(status, 404, "it has given way");
}

#[tokio::test]
async fn the_description_is_of_all_routes_and_says_whom_they_answer() {
    let house = House::open().await;
    let (_, document) = house.program("GET", "/api/v1/openapi.json", "").await;
    assert_eq!(document["openapi"], "3.1.0");
    let paths = document["paths"].as_object().unwrap();
    let known: Vec<_> = table()
        .into_iter()
        .filter(|(path, ..)| path.starts_with("/api/"))
        .collect();
    assert_eq!(paths.len(), known.len());
    for (path, who, _) in known {
        for (method, operation) in paths[&path].as_object().unwrap() {
            let secured = operation["security"] == json!([{ "token": [] }, { "session": [] }]);
            assert_eq!(secured, who == Who::SignedIn, "{method} {path}");
            assert!(operation["summary"] != Value::Null, "{method} {path}");
            assert!(operation["responses"]["403"]["description"] != Value::Null);
        }
    }
    let cookie = &document["components"]["securitySchemes"]["session"]["name"];
    assert_eq!(*cookie, format!("loqa_session_{}", house.port()));
}
