//! All that the page may ask of this program: two commands that carry the gateway's frames.

use crate::house::House;
use loqa_engine::gateway::Client;
use loqa_protocol::{ClientFrame, Problem, wire::Wire};
use std::sync::{Arc, Mutex, PoisonError};
use tauri::{
    State,
    ipc::{Channel, InvokeBody, Request, Response},
};
use tokio::sync::mpsc::{self, error::TrySendError};

/// Frames of the page that may wait for the hub; one more is refused.
const WAITING: usize = 64;

/// Between the page and the hub.
pub struct Bridge {
    house: Arc<House>,
    /// Where the page's frames go. There is one page: when it is loaded anew, so is this, and what
    /// the old one had asked for ends.
    asking: Mutex<Option<mpsc::Sender<ClientFrame>>>,
}

impl Bridge {
    /// To this house.
    pub fn new(house: Arc<House>) -> Bridge {
        Bridge {
            house,
            asking: Mutex::default(),
        }
    }
}

/// Connects the page to the hub: every frame of the hub comes through `channel`, and an empty
/// message, which no frame is, when the connection has ended.
///
/// # Errors
/// As [`House::client`].
#[tauri::command]
pub async fn connect(channel: Channel<Response>, bridge: State<'_, Bridge>) -> Result<(), Problem> {
    let client = bridge.house.client().await?;
    let (asking, asked) = mpsc::channel(WAITING);
    *bridge.asking.lock().unwrap_or_else(PoisonError::into_inner) = Some(asking);
    tokio::spawn(talk(client, asked, channel));
    Ok(())
}

/// Sends the bytes of one frame to the hub. On the window's own thread, so that they keep their
/// order; it does not wait there.
///
/// # Errors
/// What arrived is no frame, too many wait, or there is no connection.
#[tauri::command]
pub fn send(request: Request<'_>, bridge: State<'_, Bridge>) -> Result<(), Problem> {
    let malformed = |message: String| problem("malformed_frame", message);
    let InvokeBody::Raw(bytes) = request.body() else {
        return Err(malformed("this is not the bytes of a frame".into()));
    };
    let frame = ClientFrame::from_bytes(bytes).map_err(|error| malformed(error.to_string()))?;
    let asking = bridge.asking.lock().unwrap_or_else(PoisonError::into_inner);
    let gone = || problem("hub_gone", "there is no connection".into());
    let asking = asking.as_ref().ok_or_else(gone)?;
    asking.try_send(frame).map_err(|error| match error {
        TrySendError::Full(_) => problem("too_fast", format!("{WAITING} frames wait already")),
        TrySendError::Closed(_) => gone(),
    })
}

/// Until the hub goes, or the page.
async fn talk(client: Client, mut asked: mpsc::Receiver<ClientFrame>, channel: Channel<Response>) {
    let (mut sender, mut receiver) = client.split();
    let asking = async {
        while let Some(frame) = asked.recv().await {
            if sender.send(frame).await.is_err() {
                return;
            }
        }
    };
    let answering = async {
        while let Ok(frame) = receiver.recv().await {
            if channel.send(Response::new(frame.to_bytes())).is_err() {
                return;
            }
        }
    };
    tokio::select! {
        () = asking => {}
        () = answering => {}
    }
    // A page that is gone need not know.
    let _ = channel.send(Response::new(Vec::new()));
}

fn problem(code: &str, message: String) -> Problem {
    Problem {
        code: code.into(),
        message,
        help: "reload the page".into(),
    }
}
