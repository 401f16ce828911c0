//! A command's way to the engine: a running hub of the same data folder, else one in this process.

use super::{Common, hidden};
use crate::{
    config::Config,
    gateway::{Client, ClientReceiver, ClientSender},
    hub::{Hub, HubOptions},
};
use loqa_core::seams::{FRAME_SAMPLES, SAMPLE_RATE_HZ};
use loqa_protocol::{ClientFrame, Problem, ServerFrame};
use serde_json::Value;
use std::{ops::ControlFlow, path::Path, time::Duration};
use tokio::time::{Instant, sleep_until};

/// A recording that is asked.
pub struct Stimulus {
    /// Name shown in the summary.
    pub file: Option<String>,
    /// 16 kHz mono.
    pub samples: Vec<f32>,
    /// First sample after the last word, if known.
    pub speech_end: Option<u64>,
    /// Not in real time.
    pub fast: bool,
}

/// A connection, and the embedded hub at its other end, if there is one.
pub struct Link {
    sender: ClientSender,
    receiver: ClientReceiver,
    hub: Option<Hub>,
    last_id: u32,
}

impl Link {
    /// For commands that act.
    pub async fn open(common: &Common) -> Result<Link, Problem> {
        let options = common.hub_options();
        let config = Config::load(&options.flags)?;
        if let Some(link) = Link::beside(&config.hub.data).await {
            if common.names_household() {
                eprintln!(
                    "note: a hub is running on {}: its own household and skills answer",
                    config.hub.data.display()
                );
            }
            return Ok(link);
        }
        Link::embed(options).await
    }

    /// For commands that make no sense without a running hub.
    pub async fn to_hub(common: &Common) -> Result<Link, Problem> {
        let data = Config::load(&common.hub_options().flags)?.hub.data;
        Link::beside(&data).await.ok_or_else(|| Problem {
            code: "no_hub".into(),
            message: format!("no hub is running on {}", data.display()),
            help: "start one with `loqa hub`".into(),
        })
    }

    /// To the hub that runs on this data folder, if one does.
    pub async fn beside(data: &Path) -> Option<Link> {
        let client = Client::connect(data).await?;
        Some(Link::over(client, None))
    }

    /// For commands that only read: a running hub, unless they name another household or skills.
    pub async fn open_for_reading(common: &Common) -> Result<Link, Problem> {
        if common.names_household() {
            Link::embed(common.hub_options().reading()).await
        } else {
            Link::open_or_read(common).await
        }
    }

    async fn open_or_read(common: &Common) -> Result<Link, Problem> {
        let options = common.hub_options();
        let config = Config::load(&options.flags)?;
        match Link::beside(&config.hub.data).await {
            Some(link) => Ok(link),
            None => Link::embed(options.reading()).await,
        }
    }

    /// An engine in this process.
    pub async fn embed(options: HubOptions) -> Result<Link, Problem> {
        let hub = Hub::start(options).await?;
        for note in hub.notes() {
            eprintln!("note: {note}");
        }
        Ok(Link::over(Client::embedded(&hub), Some(hub)))
    }

    fn over(client: Client, hub: Option<Hub>) -> Link {
        let (sender, receiver) = client.split();
        Link {
            sender,
            receiver,
            hub,
            last_id: 0,
        }
    }

    /// Asks, and hands on every answer until the request is done.
    ///
    /// # Errors
    /// The hub's problem with the request, or `hub_gone`.
    pub async fn request(
        &mut self,
        frame: impl FnOnce(u32) -> ClientFrame,
        on: &mut dyn FnMut(ServerFrame),
    ) -> Result<(), Problem> {
        let id = self.next_id();
        self.sender.send(frame(id)).await?;
        self.answers(id, on).await
    }

    /// A request with a whole recording.
    pub async fn request_with_audio(
        &mut self,
        frame: impl FnOnce(u32) -> ClientFrame,
        samples: &[f32],
        on: &mut dyn FnMut(ServerFrame),
    ) -> Result<(), Problem> {
        let id = self.next_id();
        self.sender.send(frame(id)).await?;
        for piece in samples.chunks(ClientFrame::MAX_SAMPLES) {
            self.sender
                .send(ClientFrame::Audio {
                    id,
                    samples: piece.to_vec(),
                })
                .await?;
        }
        self.sender.send(ClientFrame::AudioEnd { id }).await?;
        self.answers(id, on).await
    }

    /// One spoken turn, 20 ms every 20 ms (or at once if `fast`), while answers come in.
    pub async fn speak(
        &mut self,
        stimulus: Stimulus,
        on: &mut dyn FnMut(ServerFrame),
    ) -> Result<(), Problem> {
        let Stimulus {
            file,
            samples,
            speech_end,
            fast,
        } = stimulus;
        let id = self.next_id();
        self.sender
            .send(ClientFrame::AskAudio {
                id,
                file,
                speech_end,
                fast,
                called: None,
            })
            .await?;
        let (sender, receiver) = (&mut self.sender, &mut self.receiver);
        let frame_time = Duration::from_secs_f64(FRAME_SAMPLES as f64 / f64::from(SAMPLE_RATE_HZ));
        let feed = async {
            let start = Instant::now();
            for (number, piece) in samples.chunks(FRAME_SAMPLES).enumerate() {
                if !fast {
                    // A frame exists once its last sample has been spoken.
                    sleep_until(start + frame_time * (number as u32 + 1)).await;
                }
                sender
                    .send(ClientFrame::Audio {
                        id,
                        samples: piece.to_vec(),
                    })
                    .await?;
            }
            sender.send(ClientFrame::AudioEnd { id }).await
        };
        let listen = async {
            loop {
                match receiver.recv().await? {
                    ServerFrame::Done { id: done } if done == id => return Ok::<(), Problem>(()),
                    ServerFrame::Problem { id: about, problem } if about == id => {
                        return Err(problem);
                    }
                    frame if frame.id() == id => on(frame),
                    _ => {}
                }
            }
        };
        tokio::pin!(feed, listen);
        tokio::select! {
            biased;
            outcome = &mut listen => return outcome,
            fed = &mut feed => fed?,
        }
        listen.await
    }

    /// Has something changed that may need the PIN of an owner, which is asked for then.
    ///
    /// # Errors
    /// As [`Link::request`].
    pub async fn change(&mut self, frame: impl Fn(u32) -> ClientFrame) -> Result<(), Problem> {
        match self.request(&frame, &mut |_| {}).await {
            Err(problem) if problem.code == "owner_pin" => {}
            done => return done,
        }
        let pin = hidden::ask("PIN", "PIN of an owner: ")?;
        let unlock = |id| ClientFrame::Unlock { id, pin };
        self.request(unlock, &mut |_| {}).await?;
        self.request(&frame, &mut |_| {}).await
    }

    /// What is answered as a document, the first if there are several.
    ///
    /// # Errors
    /// As [`Link::request`].
    pub async fn document(
        &mut self,
        frame: impl FnOnce(u32) -> ClientFrame,
    ) -> Result<Value, Problem> {
        let id = self.next_id();
        self.sender.send(frame(id)).await?;
        loop {
            match self.receiver.recv().await? {
                ServerFrame::Json { id: of, json } if of == id => {
                    return Ok(serde_json::from_str(&json).unwrap_or_default());
                }
                ServerFrame::Problem { id: about, problem } if about == id => return Err(problem),
                ServerFrame::Done { id: done } if done == id => return Ok(Value::Null),
                _ => {}
            }
        }
    }

    /// Documents that are answered, until `on` has seen enough, or there are no more.
    ///
    /// # Errors
    /// As [`Link::request`].
    pub async fn documents(
        &mut self,
        frame: impl FnOnce(u32) -> ClientFrame,
        on: &mut dyn FnMut(Value) -> ControlFlow<()>,
    ) -> Result<(), Problem> {
        let id = self.next_id();
        self.sender.send(frame(id)).await?;
        loop {
            match self.receiver.recv().await? {
                ServerFrame::Json { id: of, json } if of == id => {
                    let document = serde_json::from_str(&json).unwrap_or_default();
                    if on(document).is_break() {
                        return Ok(());
                    }
                }
                ServerFrame::Problem { id: about, problem } if about == id => return Err(problem),
                ServerFrame::Done { id: done } if done == id => return Ok(()),
                _ => {}
            }
        }
    }

    /// Whether the engine is in this process: no hub was running.
    pub fn is_embedded(&self) -> bool {
        self.hub.is_some()
    }

    /// Lets go; an embedded hub ends.
    pub async fn close(self) {
        drop((self.sender, self.receiver));
        if let Some(hub) = self.hub {
            hub.shutdown().await;
        }
    }

    fn next_id(&mut self) -> u32 {
        self.last_id += 1;
        self.last_id
    }

    async fn answers(&mut self, id: u32, on: &mut dyn FnMut(ServerFrame)) -> Result<(), Problem> {
        loop {
            match self.receiver.recv().await? {
                ServerFrame::Done { id: done } if done == id => return Ok(()),
                ServerFrame::Problem { id: about, problem } if about == id => return Err(problem),
                frame if frame.id() == id => on(frame),
                _ => {}
            }
        }
    }
}
