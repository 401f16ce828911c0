//! What runs in a process of its own: the hub's end, and pucks'. Both do what a line on standard input says, and answer each
//! with one line: so whoever measures knows what it was that a process did in the meantime.

use super::{hub, pucks, tcp};
use anyhow::{Context as _, Result, bail};
use loqa_tests::namespace::Namespace;
use serde::{Deserialize, Serialize};
use std::{
    ffi::OsString,
    io::{BufRead, BufReader, Write},
    net::SocketAddr,
    path::PathBuf,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

/// What such a process is.
#[derive(clap::Subcommand)]
pub enum Part {
    /// The hub's end of the link, and nothing of a hub besides
    #[command(hide = true)]
    Hub {
        folder: PathBuf,
        pucks: usize,
        at: SocketAddr,
    },
    /// Pucks
    #[command(hide = true)]
    Pucks {
        folder: PathBuf,
        hub: SocketAddr,
        codec: Codec,
        first: usize,
        pucks: usize,
    },
    /// The hub's end of plain TCP
    #[command(hide = true)]
    TcpHub { at: SocketAddr },
    /// Pucks that send the same over TCP
    #[command(hide = true)]
    TcpPucks { hub: SocketAddr, pucks: usize },
}

/// How pucks encode what they say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Codec {
    Pcm,
    Opus,
}

/// What is asked of it.
#[derive(Serialize, Deserialize)]
pub enum Order {
    /// How much of the processor it has used.
    Used,
    /// The first so many say so many frames, 20 ms each.
    Talk { pucks: usize, frames: usize },
    /// The first has a model of the hub come, again and again; or ends that, and tells how many bytes have come.
    Take { on: bool },
    /// What it has heard since it was last asked.
    Heard,
}

/// What it answers.
#[derive(Default, Serialize, Deserialize)]
pub struct Answer {
    /// Where it listens, if it does.
    pub address: Option<SocketAddr>,
    /// Seconds of the processor: since it began; of [`Order::Talk`], while it talked.
    pub processor_s: f64,
    /// What has come of models.
    pub bytes: u64,
    /// What was said or heard.
    pub frames: Vec<Frames>,
}

/// When each frame of one puck was said or heard, ns, the first to the last.
#[derive(Default, Serialize, Deserialize)]
pub struct Frames {
    pub puck: usize,
    /// Counts from 1.
    pub request: u32,
    pub at_ns: Vec<u64>,
}

impl Part {
    /// Is that process.
    pub fn run(self) -> Result<()> {
        // A hub has two cores; many pucks are as many machines, and one has a thread for the net.
        let threads = match &self {
            Part::Pucks { pucks: 1, .. } => 1,
            _ => 2,
        };
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(threads)
            .enable_all()
            .build()?;
        runtime.block_on(async {
            match self {
                Part::Hub { folder, pucks, at } => hub::run(&folder, pucks, at).await,
                Part::Pucks {
                    folder,
                    hub,
                    codec,
                    first,
                    pucks,
                } => pucks::run(&folder, hub, codec, first..first + pucks).await,
                Part::TcpHub { at } => tcp::hub(at).await,
                Part::TcpPucks { hub, pucks } => tcp::pucks(hub, pucks).await,
            }
        })
    }
}

/// Says that it is ready, and then answers each order, until there are no more.
pub async fn obey(
    ready: Answer,
    mut answer: impl AsyncFnMut(Order) -> Result<Answer>,
) -> Result<()> {
    tell(&ready)?;
    loop {
        let line = tokio::task::spawn_blocking(|| {
            let mut line = String::new();
            std::io::stdin().read_line(&mut line).map(|_| line)
        });
        let line = line.await??;
        if line.is_empty() {
            return Ok(());
        }
        tell(&answer(serde_json::from_str(&line)?).await?)?;
    }
}

fn tell(answer: &Answer) -> Result<()> {
    let mut out = std::io::stdout().lock();
    serde_json::to_writer(&mut out, answer)?;
    Ok(out.write_all(b"\n")?)
}

/// One that runs. Dropping it ends it.
pub struct Running {
    process: Child,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
    /// Where it listens, if it does.
    pub address: Option<SocketAddr>,
}

impl Running {
    /// Starts one, in that network or this one, and waits until it is ready.
    pub fn start<const N: usize>(
        args: [OsString; N],
        inside: Option<&Namespace>,
    ) -> Result<Running> {
        let program = std::env::current_exe()?;
        let mut command = match inside {
            Some(space) => space.command(&program),
            None => Command::new(&program),
        };
        let mut process = command
            .arg("household")
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut running = Running {
            orders: process.stdin.take().context("no input")?,
            answers: BufReader::new(process.stdout.take().context("no output")?),
            process,
            address: None,
        };
        running.address = running.answer()?.address;
        Ok(running)
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// What it answers to that.
    pub fn ask(&mut self, order: &Order) -> Result<Answer> {
        self.order(order)?;
        self.answer()
    }

    /// Has it begin with that; [`Running::answer`] tells when it is done.
    pub fn order(&mut self, order: &Order) -> Result<()> {
        let mut line = serde_json::to_vec(order)?;
        line.push(b'\n');
        Ok(self.orders.write_all(&line)?)
    }

    /// What it answers to what it was told.
    pub fn answer(&mut self) -> Result<Answer> {
        let mut line = String::new();
        if self.answers.read_line(&mut line)? == 0 {
            bail!("a process of this bench has ended; it says above why");
        }
        Ok(serde_json::from_str(&line)?)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
