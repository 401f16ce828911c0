//! The connection to the hub: opened again whenever it closes, for as long as the page is open.

use super::{App, now_ms};
use leptos::{prelude::*, task::spawn_local};
use loqa_protocol::{ClientFrame, ServerFrame, wire::Wire};
use std::{cell::RefCell, time::Duration};
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use wasm_bindgen_futures::JsFuture;
use web_sys::{BinaryType, MessageEvent, RequestInit, Response, WebSocket};

/// The first wait before another attempt; each is twice as long as the one before.
const FIRST_WAIT: Duration = Duration::from_millis(250);
/// The longest.
const LONGEST_WAIT: Duration = Duration::from_secs(4);

thread_local! {
    static SOCKET: RefCell<Option<WebSocket>> = const { RefCell::new(None) };
}

/// Sends a frame; lost while there is no connection, which the page shows.
pub fn send(frame: &ClientFrame) {
    SOCKET.with_borrow(|socket| {
        let open = socket
            .as_ref()
            .filter(|it| it.ready_state() == WebSocket::OPEN);
        open.map(|socket| socket.send_with_u8_array(&frame.to_bytes()))
    });
}

/// Asks whether this browser is known, and connects if it is.
pub fn begin(app: App, wait: Duration) {
    spawn_local(async move {
        match fetch("GET", "/api/v1/hello", None).await {
            Some((200, text)) => {
                let hello: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
                let signed_in = hello["signed_in"] == true;
                app.signed_in.set(Some(signed_in));
                if signed_in {
                    connect(app, wait);
                }
            }
            _ => again(app, wait),
        }
    });
}

fn again(app: App, wait: Duration) {
    set_timeout(move || begin(app, (wait * 2).min(LONGEST_WAIT)), wait);
}

fn connect(app: App, wait: Duration) {
    // Encrypted where the page is.
    let origin = window().location().origin().unwrap_or_default();
    let Ok(socket) = WebSocket::new(&format!(
        "{}/api/v1/events",
        origin.replacen("http", "ws", 1)
    )) else {
        return again(app, wait);
    };
    socket.set_binary_type(BinaryType::Arraybuffer);
    let opened = closure(move |_: JsValue| {
        if let Some(frames) = app.model.try_update(|model| model.open()) {
            frames.iter().for_each(send);
        }
    });
    socket.set_onopen(Some(opened.unchecked_ref()));
    let came = closure(move |message: JsValue| {
        let message: MessageEvent = message.unchecked_into();
        let bytes = js_sys::Uint8Array::new(&message.data()).to_vec();
        let Ok(frame) = ServerFrame::from_bytes(&bytes) else {
            return;
        };
        let answer = app.model.try_update(|model| model.apply(frame, now_ms()));
        if let Some(Some(answer)) = answer {
            send(&answer);
        }
    });
    socket.set_onmessage(Some(came.unchecked_ref()));
    let closed = closure(move |_: JsValue| {
        let was_open = app.model.try_update(|model| {
            let was_open = model.connected;
            model.close();
            was_open
        });
        let wait = if was_open == Some(true) {
            FIRST_WAIT
        } else {
            wait
        };
        again(app, wait);
    });
    socket.set_onclose(Some(closed.unchecked_ref()));
    SOCKET.set(Some(socket));
}

/// A function for the browser to call. It is never freed: a few dozen bytes for each connection.
fn closure(function: impl FnMut(JsValue) + 'static) -> JsValue {
    Closure::<dyn FnMut(JsValue)>::new(function).into_js_value()
}

/// Status and body; `None` if nobody answers.
pub async fn fetch(method: &str, path: &str, body: Option<&str>) -> Option<(u16, String)> {
    let request = RequestInit::new();
    request.set_method(method);
    if let Some(body) = body {
        request.set_body(&body.into());
    }
    let answer = window().fetch_with_str_and_init(path, &request);
    let response: Response = JsFuture::from(answer).await.ok()?.unchecked_into();
    let text = JsFuture::from(response.text().ok()?).await.ok()?;
    Some((response.status(), text.as_string().unwrap_or_default()))
}
