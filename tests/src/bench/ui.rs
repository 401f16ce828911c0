//! What a dashboard shows, how soon, and what it costs the house: `cargo xtask bench ui`.

use super::{
    figure::{Goal, Report, quantile},
    voice::{Command, Corpus, Pace, speak},
};
use anyhow::{Context as _, Result, anyhow, bail, ensure};
use clap::Args;
use loqa_engine::gateway::Client;
use loqa_protocol::{ClientFrame, LatencyClass, ServerFrame, ViewPart, wire::Wire as _};
use loqa_tests::{browser::Browser, program::Home};
use serde::Deserialize;
use std::{
    process::Stdio,
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    net::TcpStream,
    process::{Child, ChildStdin, ChildStdout},
    task::JoinSet,
    time::timeout,
};
use tokio_tungstenite::{
    client_async,
    tungstenite::{Message, client::IntoClientRequest, http::HeaderValue},
};

/// Dashboards that are open in a house full of them.
const MANY: usize = 50;
/// Commands in a row with as many dashboards open.
const ROW: usize = 10;
/// Longer than anything takes that works.
const CEILING: Duration = Duration::from_secs(60);

/// Arguments of `bench ui`.
#[derive(Args)]
pub struct UiArgs {
    /// Times that a light goes on or off
    #[arg(long, default_value_t = 200)]
    events: usize,
    /// Spoken commands without dashboards, and as many with 50 of them; 0 leaves them out
    #[arg(long, default_value_t = 40)]
    spoken: usize,
    /// Turns in the list that is scrolled
    #[arg(long, default_value_t = 10_000)]
    turns: usize,
}

/// What the script has seen: one of these at a time.
#[derive(Deserialize, Default, Debug)]
#[serde(default, deny_unknown_fields)]
struct Seen {
    wasm_gzip_kb: Option<f64>,
    first_render_ms: Option<f64>,
    cookie: Option<String>,
    /// Unix time, ms.
    pixel_ms: Option<f64>,
    on: bool,
    rows: Option<f64>,
    frames_ms: Vec<f64>,
}

/// A browser with a dashboard open.
struct Page {
    _node: Child,
    asking: ChildStdin,
    seen: Lines<BufReader<ChildStdout>>,
}

impl Page {
    async fn next(&mut self) -> Result<Seen> {
        let line = timeout(CEILING, self.seen.next_line()).await;
        let line = line.context("the browser shows nothing")??;
        Ok(serde_json::from_str(&line.context("the browser is gone")?)?)
    }
}

/// Reports on a hub of its own, in a real browser.
pub fn run(args: UiArgs, report: &mut Report) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(measure(&args, report))
}

async fn measure(args: &UiArgs, report: &mut Report) -> Result<()> {
    let home = Home::new()?;
    let Some(browser) = Browser::find(&home) else {
        bail!("there is no browser to measure in; the line above says what to type");
    };
    let _hub = home.hub()?;
    let shown = home.run(["dashboard", "--json"])?;
    let shown: serde_json::Value = serde_json::from_str(&shown.out)?;
    let address = shown["address"].as_str().context("no dashboard")?;
    let code = shown["code"].as_str().context("no code")?;

    eprintln!("opening the dashboard …");
    let script = browser.script("bench.mjs", &home);
    let mut node = tokio::process::Command::from(script)
        .env("LOQA_LINK", format!("{address}#{code}"))
        .env("LOQA_UI", &browser.ui)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .context("node cannot be started")?;
    let mut page = Page {
        asking: node.stdin.take().context("no input")?,
        seen: BufReader::new(node.stdout.take().context("no output")?).lines(),
        _node: node,
    };
    let (mut renders_ms, mut size_kb) = (Vec::new(), None);
    let cookie = loop {
        let seen = page.next().await?;
        size_kb = seen.wasm_gzip_kb.or(size_kb);
        renders_ms.extend(seen.first_render_ms);
        if let Some(cookie) = seen.cookie {
            break cookie;
        }
    };
    let mut figure =
        |metric: &str, value, unit: &str, goal| report.figure("ui", metric, value, unit, goal);
    figure("wasm_gzip", size_kb, "kB", Goal::AtMost(450.0));
    let render = quantile(&renders_ms, 0.5);
    figure("first_render_p50", render, "ms", Goal::None);
    let render = quantile(&renders_ms, 1.0);
    figure("first_render_max", render, "ms", Goal::AtMost(1000.0));

    eprintln!("{} times a light goes on or off …", args.events);
    let mut house = House::open(&home).await?;
    let mut pixels_ms = Vec::with_capacity(args.events);
    for number in 0..args.events {
        let on = number % 2 == 0;
        let event_ms = house.switch(on).await?;
        let seen = page.next().await?;
        ensure!(seen.on == on, "the browser has missed an event");
        pixels_ms.push(seen.pixel_ms.context("not painted")? - event_ms);
    }
    let pixel = quantile(&pixels_ms, 0.5);
    figure("event_to_pixel_p50", pixel, "ms", Goal::None);
    let pixel = quantile(&pixels_ms, 0.95);
    figure("event_to_pixel_p95", pixel, "ms", Goal::AtMost(50.0));

    if args.spoken > 0 {
        let corpus = Corpus::new(1)?;
        let commands = corpus.plain(LatencyClass::A, args.spoken)?;
        eprintln!("{} commands, without and with {MANY} …", commands.len());
        let (mut alone, mut among) = (Vec::new(), Vec::new());
        for row in commands.chunks(ROW) {
            alone.extend(house.answers_ms(&corpus, row).await?);
            let dashboards = Dashboards::open(address, &cookie).await?;
            among.extend(house.answers_ms(&corpus, row).await?);
            dashboards.close()?;
        }
        let (alone, among) = (quantile(&alone, 0.95), quantile(&among, 0.95));
        figure("class_a_p95_alone", alone, "ms", Goal::None);
        figure("class_a_p95_among_50", among, "ms", Goal::None);
        let ratio = alone.zip(among).map(|(alone, among)| among / alone);
        figure("class_a_p95_ratio", ratio, "", Goal::AtMost(1.05));
    }

    eprintln!("{} turns …", args.turns);
    house.chat(args.turns).await?;
    page.asking.write_all(b"scroll\n").await?;
    let list = loop {
        // Lights that went on and off meanwhile come first.
        let seen = page.next().await?;
        if seen.rows.is_some() {
            break seen;
        }
    };
    figure("list_rows", list.rows, "rows", Goal::AtMost(300.0));
    let frame = quantile(&list.frames_ms, 0.95);
    figure("list_frame_p95", frame, "ms", Goal::AtMost(50.0));
    Ok(())
}

/// The hub, as a client of its socket sees it.
struct House {
    client: Client,
    last_id: u32,
}

/// The subscription.
const WATCH: u32 = 1;

impl House {
    async fn open(home: &Home) -> Result<House> {
        let client = Client::connect(&home.path("data")).await;
        let mut client = client.context("no hub")?;
        client.send(ClientFrame::Watch { id: WATCH }).await?;
        let last_id = WATCH;
        Ok(House { client, last_id })
    }

    /// Switches the light; when the hub told it, Unix time in ms.
    async fn switch(&mut self, on: bool) -> Result<f64> {
        let word = if on { "on" } else { "off" };
        let mut told_ms = None;
        let text = format!("turn {word} the kitchen lights");
        self.ask(text, |frame| {
            if let ServerFrame::View { view, .. } = frame
                && let ViewPart::State(state) = &view.part
                && let mut lights = state.devices.iter()
                && lights.any(|light| light.id == "kitchen_lights" && light.power == Some(on))
            {
                told_ms.get_or_insert(unix_ms());
            }
            told_ms.is_some()
        })
        .await?;
        told_ms.ok_or_else(|| anyhow!("the light did not change"))
    }

    /// So many turns that mean nothing.
    async fn chat(&mut self, turns: usize) -> Result<()> {
        for number in 0..turns {
            self.ask(format!("number {number} is a long story"), |_| true)
                .await?;
        }
        Ok(())
    }

    /// Types a command; over when that is done and `enough`.
    async fn ask(
        &mut self,
        text: String,
        mut enough: impl FnMut(&ServerFrame) -> bool,
    ) -> Result<()> {
        self.last_id += 1;
        let asked = self.last_id;
        self.client
            .send(ClientFrame::Ask { id: asked, text })
            .await?;
        let (mut done, mut seen) = (false, false);
        while !(done && seen) {
            let frame = timeout(CEILING, self.client.recv()).await;
            let frame = frame.context("no answer")??;
            seen |= enough(&frame);
            done |= matches!(frame, ServerFrame::Done { id } if id == asked);
        }
        Ok(())
    }

    /// End of speech to first sample of the reply, in real time.
    async fn answers_ms(&mut self, corpus: &Corpus, commands: &[Command]) -> Result<Vec<f64>> {
        let mut answers_ms = Vec::with_capacity(commands.len());
        for command in commands {
            self.last_id += 1;
            let grammar = corpus.grammar();
            let answer = speak(
                &mut self.client,
                grammar,
                self.last_id,
                command,
                Pace::RealTime,
            );
            let answer = answer.await?;
            answers_ms.extend(answer.summary.ttfa_ms.filter(|_| answer.right));
        }
        // They would ring.
        self.ask("cancel all timers".into(), |_| true).await?;
        Ok(answers_ms)
    }
}

/// Browsers that read whatever they are shown.
struct Dashboards(JoinSet<Result<()>>);

impl Dashboards {
    async fn open(address: &str, cookie: &str) -> Result<Dashboards> {
        let host = address.trim_start_matches("http://").trim_end_matches('/');
        let mut open = JoinSet::new();
        for _ in 0..MANY {
            let mut request = format!("ws://{host}/api/v1/events").into_client_request()?;
            let origin = HeaderValue::from_str(&format!("http://{host}"))?;
            request.headers_mut().insert("origin", origin);
            let cookie = HeaderValue::from_str(cookie)?;
            request.headers_mut().insert("cookie", cookie);
            let stream = TcpStream::connect(host).await?;
            let (mut socket, _) = client_async(request, stream).await?;
            let watch = ClientFrame::Watch { id: WATCH }.to_bytes();
            futures::SinkExt::send(&mut socket, Message::Binary(watch.into())).await?;
            open.spawn(async move {
                while let Some(message) = futures::StreamExt::next(&mut socket).await {
                    message?;
                }
                Ok(())
            });
        }
        Ok(Dashboards(open))
    }

    /// Closes them, all of which must still be open.
    fn close(mut self) -> Result<()> {
        ensure!(
            self.0.try_join_next().is_none(),
            "a dashboard was hung up on"
        );
        Ok(())
    }
}

fn unix_ms() -> f64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.unwrap_or_default().as_secs_f64() * 1000.0
}
