//! A Home Assistant to test with: a real one in a folder of its own, or what a real one has said.

use anyhow::{Context, Result, bail, ensure};
use futures::{SinkExt, StreamExt};
use serde_json::Value;
use std::{
    collections::{HashMap, VecDeque},
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::{Arc, Mutex, PoisonError},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    runtime::Runtime,
    sync::mpsc,
};
use tokio_tungstenite::tungstenite::Message;

/// Where a house can be spoken to.
pub struct House {
    /// Its address.
    pub url: String,
    /// What opens it.
    pub token: String,
    kind: Kind,
}

enum Kind {
    Real {
        process: Child,
        /// Its end is the end of the house.
        orders: Option<ChildStdin>,
        answers: BufReader<ChildStdout>,
    },
    Recorded {
        orders: mpsc::UnboundedSender<String>,
        /// What was said that is not in the recording.
        wrong: Arc<Mutex<Option<String>>>,
        _runtime: Runtime,
    },
}

impl House {
    /// A real one, of the program `hass`; what is said to it is written to `recording`.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn real(hass: &Path, folder: &Path, recording: &Path) -> Result<House> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("home_assistant/house.py");
        let mut process = Command::new(hass.with_file_name("python"))
            .arg(script)
            .args([hass, folder, recording])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("house.py")?;
        let orders = process.stdin.take();
        let mut answers = BufReader::new(process.stdout.take().context("no standard output")?);
        let mut line = String::new();
        answers.read_line(&mut line)?;
        let mut words = line.split_whitespace().skip(1).map(str::to_owned);
        let (url, token) = words.next().zip(words.next()).context("no house")?;
        let kind = Kind::Real {
            process,
            orders,
            answers,
        };
        Ok(House { url, token, kind })
    }

    /// One that says what is written in `recording`, and expects to be told the same.
    ///
    /// # Errors
    /// The recording cannot be read.
    pub fn recorded(recording: &str) -> Result<House> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()?;
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
        let url = format!("http://{}", listener.local_addr()?);
        let (orders, ordered) = mpsc::unbounded_channel();
        let mut replay = Replay::read(recording, ordered)?;
        let wrong = Arc::new(Mutex::new(None));
        let found = wrong.clone();
        runtime.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                if let Err(error) = replay.answer(stream).await {
                    let mut found = found.lock().unwrap_or_else(PoisonError::into_inner);
                    found.get_or_insert_with(|| format!("{error:#}"));
                }
            }
        });
        let kind = Kind::Recorded {
            orders,
            wrong,
            _runtime: runtime,
        };
        Ok(House {
            url,
            token: "TOKEN".into(),
            kind,
        })
    }

    /// Has something change on the other side, as house.py says.
    ///
    /// # Errors
    /// It does not.
    pub fn order(&mut self, order: &str) -> Result<()> {
        match &mut self.kind {
            Kind::Real {
                orders, answers, ..
            } => {
                writeln!(orders.as_mut().context("it has ended")?, "{order}")?;
                let mut line = String::new();
                answers.read_line(&mut line)?;
                ensure!(line.trim() == "done", "{order}: {line}");
            }
            Kind::Recorded { orders, .. } => orders.send(order.into())?,
        }
        Ok(())
    }

    /// What was said that should not have been.
    pub fn wrong(&self) -> Option<String> {
        match &self.kind {
            Kind::Real { .. } => None,
            Kind::Recorded { wrong, .. } => {
                wrong.lock().unwrap_or_else(PoisonError::into_inner).clone()
            }
        }
    }
}

impl Drop for House {
    fn drop(&mut self) {
        if let Kind::Real {
            process, orders, ..
        } = &mut self.kind
        {
            drop(orders.take());
            let _ = process.wait();
        }
    }
}

/// A line of a recording.
#[derive(Clone, Debug)]
enum Line {
    /// A WebSocket begins.
    Opened,
    /// Told to Home Assistant.
    Told(Value),
    /// Said by it.
    Said(Value),
    /// Something was changed there.
    Ordered(String),
}

struct Replay {
    pages: HashMap<String, String>,
    lines: VecDeque<Line>,
    orders: mpsc::UnboundedReceiver<String>,
}

impl Replay {
    fn read(recording: &str, orders: mpsc::UnboundedReceiver<String>) -> Result<Replay> {
        let mut replay = Replay {
            pages: HashMap::new(),
            lines: VecDeque::new(),
            orders,
        };
        let mut lines = recording.lines();
        while let Some(line) = lines.next() {
            let json = |text: &str| serde_json::from_str(text).with_context(|| line.to_owned());
            let read = match line.split_once(' ').unwrap_or((line, "")) {
                ("#", _) => continue,
                ("GET", path) => {
                    let page = lines.next().unwrap_or_default().trim_start_matches("< ");
                    replay.pages.insert(path.into(), page.into());
                    continue;
                }
                ("WS", _) => Line::Opened,
                (">", told) => Line::Told(json(told)?),
                ("<", said) => Line::Said(json(said)?),
                ("=", order) => Line::Ordered(order.into()),
                _ => bail!("what is this in a recording? {line}"),
            };
            replay.lines.push_back(read);
        }
        Ok(replay)
    }

    async fn answer(&mut self, mut stream: TcpStream) -> Result<()> {
        let mut head = vec![0; 4096];
        let head = loop {
            let length = stream.peek(&mut head).await?;
            let head = String::from_utf8_lossy(&head[..length]);
            if length == 0 || head.contains("\r\n\r\n") {
                break head.into_owned();
            }
        };
        while let Some(Line::Ordered(order)) = self.lines.front() {
            match self.orders.try_recv() {
                Ok(told) => ensure!(told == *order, "{told} was ordered, not {order}"),
                // Not yet: nobody is at home.
                Err(_) => return Ok(()),
            }
            self.lines.pop_front();
        }
        let path = head.split(' ').nth(1).unwrap_or_default();
        if path == "/api/websocket" {
            return self.speak(stream).await;
        }
        let known = head.contains("Bearer TOKEN\r\n");
        let (status, body) = match self.pages.get(path) {
            Some(page) if known => ("200 OK", page.as_str()),
            Some(_) => ("401 Unauthorized", "401: Unauthorized"),
            None => ("404 Not Found", ""),
        };
        let length = body.len();
        let answer = format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\n\r\n{body}");
        stream.write_all(answer.as_bytes()).await?;
        // All of the question, or the end of the connection would be a reset.
        stream.read_buf(&mut Vec::with_capacity(4096)).await?;
        Ok(())
    }

    async fn speak(&mut self, stream: TcpStream) -> Result<()> {
        let mut socket = tokio_tungstenite::accept_async(stream).await?;
        let opened = self.lines.pop_front();
        ensure!(
            matches!(opened, Some(Line::Opened)),
            "a WebSocket was opened, not {opened:?}"
        );
        // Number in the recording → number now.
        let mut numbers: HashMap<u64, Value> = HashMap::new();
        loop {
            match self.lines.front().cloned() {
                Some(Line::Said(mut said)) => {
                    if let Some(now) = said["id"].as_u64().and_then(|id| numbers.get(&id)) {
                        said["id"] = now.clone();
                    }
                    // Who has heard enough may be gone.
                    if socket.send(Message::text(said.to_string())).await.is_err() {
                        self.skip();
                        return Ok(());
                    }
                }
                Some(Line::Told(mut expected)) => {
                    let mut told: Value = match socket.next().await {
                        Some(Ok(Message::Text(text))) => serde_json::from_str(&text)?,
                        Some(Ok(Message::Ping(_) | Message::Pong(_))) => continue,
                        end => bail!("{expected} was not told, but {end:?}"),
                    };
                    let id = told["id"].take();
                    if told["type"] == "ping" {
                        let pong = serde_json::json!({ "id": id, "type": "pong" });
                        socket.send(Message::text(pong.to_string())).await?;
                        continue;
                    }
                    if let Some(recorded) = expected["id"].take().as_u64() {
                        numbers.insert(recorded, id);
                    }
                    ensure!(told == expected, "{told} was told, not {expected}");
                }
                Some(Line::Ordered(order)) => {
                    tokio::select! {
                        told = self.orders.recv() => {
                            ensure!(told.as_deref() == Some(&order), "{told:?} was ordered, not {order}");
                            if order == "away" {
                                self.lines.pop_front();
                                return Ok(());
                            }
                        }
                        // The client may leave, as a command does.
                        message = socket.next() => match message {
                            Some(Ok(Message::Text(text))) => bail!("{text} was told, before {order}"),
                            Some(Ok(Message::Ping(_) | Message::Pong(_))) => continue,
                            _ => return Ok(()),
                        }
                    }
                }
                Some(Line::Opened) | None => {
                    while let Some(Ok(message)) = socket.next().await {
                        ensure!(
                            !message.is_text(),
                            "{message} was told, and no more is known"
                        );
                    }
                    return Ok(());
                }
            }
            self.lines.pop_front();
        }
    }

    /// The rest of what was said to somebody who is gone.
    fn skip(&mut self) {
        while let Some(Line::Said(_)) = self.lines.front() {
            self.lines.pop_front();
        }
    }
}
