//! The connection to the hub: opened again whenever it closes, for as long as the page is open. In
//! Loqa's own window it is one with the program around it, in a browser a WebSocket.

use super::{
    App, now_ms,
    window::{self, Host},
};
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

/// What carries frames.
enum Way {
    Window(Host),
    Socket(WebSocket),
}

thread_local! {
    static WAY: RefCell<Option<Way>> = const { RefCell::new(None) };
    /// Frames of the hub that the model has not been told yet.
    static HEARD: RefCell<Vec<ServerFrame>> = const { RefCell::new(Vec::new()) };
}

/// Sends a frame; lost while there is no connection, which the page shows.
pub fn send(frame: &ClientFrame) {
    let bytes = frame.to_bytes();
    WAY.with_borrow(|way| match way {
        Some(Way::Window(host)) => host.send(&bytes),
        Some(Way::Socket(socket)) if socket.ready_state() == WebSocket::OPEN => {
            let _ = socket.send_with_u8_array(&bytes);
        }
        _ => {}
    });
}

/// Asks whether this browser is known, and connects if it is. Whoever sits before the hub's own
/// window is.
pub fn begin(app: App, wait: Duration) {
    if let Some(host) = window::host() {
        app.signed_in.set(Some(true));
        return connect_window(app, host, wait);
    }
    spawn_local(async move {
        match fetch("GET", "/api/v1/hello", None).await {
            Some((200, text)) => {
                let hello: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
                let signed_in = hello["signed_in"] == true;
                app.display.set(hello["display"] == true);
                app.signed_in.set(Some(signed_in));
                if signed_in {
                    connect_socket(app, wait);
                }
            }
            _ => again(app, wait),
        }
    });
}

fn again(app: App, wait: Duration) {
    set_timeout(move || begin(app, (wait * 2).min(LONGEST_WAIT)), wait);
}

fn connect_window(app: App, host: Host, wait: Duration) {
    let on_message = closure(move |message: JsValue| {
        let bytes = js_sys::Uint8Array::new(&message).to_vec();
        // No frame is empty: the connection has ended.
        if bytes.is_empty() {
            closed(app, wait);
        } else {
            came(app, &bytes);
        }
    });
    let connecting = host.connect(&on_message);
    WAY.set(Some(Way::Window(host)));
    spawn_local(async move {
        match connecting.await {
            Ok(()) => opened(app),
            Err(problem) => {
                // One that is away for a while is not worth a word beyond the page's own.
                if problem.code != "hub_gone" {
                    app.model
                        .update(|model| model.trouble = Some((problem.message, problem.help)));
                }
                closed(app, wait);
            }
        }
    });
}

fn connect_socket(app: App, wait: Duration) {
    // Encrypted where the page is.
    let origin = window().location().origin().unwrap_or_default();
    let Ok(socket) = WebSocket::new(&format!(
        "{}/api/v1/events",
        origin.replacen("http", "ws", 1)
    )) else {
        return again(app, wait);
    };
    socket.set_binary_type(BinaryType::Arraybuffer);
    let on_open = closure(move |_: JsValue| opened(app));
    socket.set_onopen(Some(on_open.unchecked_ref()));
    let on_message = closure(move |message: JsValue| {
        let message: MessageEvent = message.unchecked_into();
        came(app, &js_sys::Uint8Array::new(&message.data()).to_vec());
    });
    socket.set_onmessage(Some(on_message.unchecked_ref()));
    let on_close = closure(move |_: JsValue| closed(app, wait));
    socket.set_onclose(Some(on_close.unchecked_ref()));
    WAY.set(Some(Way::Socket(socket)));
}

fn opened(app: App) {
    if let Some(mut frames) = app.model.try_update(|model| model.open()) {
        // A display may see the house, and not look into the hub.
        if app.display.get_untracked() {
            frames.retain(|frame| matches!(frame, ClientFrame::Watch { .. }));
        }
        frames.iter().for_each(send);
    }
}

/// Takes a frame. Those that come together are shown together: what is drawn after each of a
/// thousand in a second would be late for all that come behind it.
fn came(app: App, bytes: &[u8]) {
    let Ok(frame) = ServerFrame::from_bytes(bytes) else {
        return;
    };
    let waiting = HEARD.with_borrow_mut(|heard| {
        heard.push(frame);
        heard.len()
    });
    if waiting == 1 {
        set_timeout(move || tell(app), Duration::ZERO);
    }
}

/// Tells the model what has come.
fn tell(app: App) {
    let heard = HEARD.take();
    if heard.is_empty() {
        return;
    }
    let answers = app.model.try_update(|model| {
        let answers = heard
            .into_iter()
            .filter_map(|frame| model.apply(frame, now_ms()));
        answers.collect::<Vec<_>>()
    });
    answers.iter().flatten().for_each(send);
}

fn closed(app: App, wait: Duration) {
    tell(app);
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
