//! Loqa's own window, which is no browser: the program around the page carries its frames.

use js_sys::{Array, Function, JSON, Object, Promise, Reflect, Uint8Array};
use leptos::task::spawn_local;
use loqa_protocol::Problem;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

/// What Tauri offers to a page: <https://v2.tauri.app/reference/javascript/api/namespacecore/>.
pub struct Host {
    core: JsValue,
    invoke: Function,
}

/// The program around the page; `None` in a browser.
pub fn host() -> Option<Host> {
    let core = get(&get(&js_sys::global(), "__TAURI__")?, "core")?;
    let invoke = get(&core, "invoke")?.dyn_into().ok()?;
    Some(Host { core, invoke })
}

fn get(object: &JsValue, name: &str) -> Option<JsValue> {
    let value = Reflect::get(object, &name.into()).ok()?;
    (!value.is_undefined()).then_some(value)
}

impl Host {
    /// Connects; from then on `came` is called with the bytes of every frame of the hub.
    ///
    /// # Errors
    /// Why there is no hub.
    pub fn connect(&self, came: &JsValue) -> impl Future<Output = Result<(), Problem>> + use<> {
        let connecting = self.ask_to_connect(came);
        async move {
            let outcome = match connecting {
                Ok(promise) => JsFuture::from(promise).await,
                Err(error) => Err(error),
            };
            outcome.map(drop).map_err(|error| problem(&error))
        }
    }

    /// Sends the bytes of a frame. One that is refused was sent to a connection that has ended,
    /// which the page is told by itself.
    pub fn send(&self, bytes: &[u8]) {
        if let Ok(sending) = self.call("send", &Uint8Array::from(bytes)) {
            spawn_local(async move { drop(JsFuture::from(sending).await) });
        }
    }

    fn ask_to_connect(&self, came: &JsValue) -> Result<Promise, JsValue> {
        let channel: Function = Reflect::get(&self.core, &"Channel".into())?.dyn_into()?;
        let channel = Reflect::construct(&channel, &Array::of1(came))?;
        let arguments = Object::new();
        Reflect::set(&arguments, &"channel".into(), &channel)?;
        self.call("connect", &arguments)
    }

    fn call(&self, command: &str, argument: &JsValue) -> Result<Promise, JsValue> {
        let answer = self.invoke.call2(&self.core, &command.into(), argument)?;
        answer.dyn_into()
    }
}

fn problem(error: &JsValue) -> Problem {
    let text = JSON::stringify(error).map(String::from).unwrap_or_default();
    serde_json::from_str(&text).unwrap_or(Problem {
        code: "window".into(),
        message: text,
        help: String::new(),
    })
}
