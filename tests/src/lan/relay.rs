//! A slow way between two machines: what goes over it arrives later, each packet by another time, so that they overtake one
//! another, and not more than so much at a time. For kernels that have no `netem`.

use crate::voices::Random;
use anyhow::Result;
use clap::Args;
use std::{
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap},
    io,
    net::{Ipv6Addr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{
    net::UdpSocket,
    sync::mpsc,
    time::{Instant, sleep_until},
};

/// Packets under way in one direction; further ones are lost, as in any queue.
const MOST: usize = 1024;
/// What waits longer than this for its turn is lost.
const LONGEST_QUEUE: Duration = Duration::from_millis(300);
/// No packet is longer.
const PACKET: usize = 2048;

/// What it does.
#[derive(Args, Clone, Copy, Debug)]
pub struct Relay {
    /// Where it listens
    #[arg(long)]
    port: u16,
    /// Where what comes goes
    #[arg(long)]
    to: SocketAddr,
    #[command(flatten)]
    slowness: Slowness,
    /// Other times for each packet
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// How slow it is; from then on as a line of standard input says, three numbers in this order.
#[derive(Args, Clone, Copy, Debug)]
struct Slowness {
    /// Milliseconds that a packet takes
    #[arg(long, default_value_t = 0)]
    delay_ms: u64,
    /// More or less by up to so many
    #[arg(long, default_value_t = 0)]
    jitter_ms: u64,
    /// Kilobits in a second, one way; 0: as many as there are
    #[arg(long, default_value_t = 0)]
    kbit: u64,
}

impl Slowness {
    fn read(line: &str) -> Option<Slowness> {
        let mut numbers = line.split_whitespace().map(|it| it.parse().ok());
        let mut next = || numbers.next().flatten();
        Some(Slowness {
            delay_ms: next()?,
            jitter_ms: next()?,
            kbit: next()?,
        })
    }
}

impl Relay {
    /// Works until it is killed; says `relaying` on standard output once it does, and again when it has read a line.
    ///
    /// # Errors
    /// The port is taken, or the network refuses.
    pub fn run(self) -> Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        runtime.block_on(self.relay())
    }

    async fn relay(self) -> Result<()> {
        let here = UdpSocket::bind((Ipv6Addr::UNSPECIFIED, self.port)).await?;
        let here = Arc::new(here);
        println!("relaying");
        let slowness = Arc::new(Mutex::new(self.slowness));
        let told = slowness.clone();
        std::thread::spawn(move || {
            let lines = io::stdin().lines().map_while(Result::ok);
            for slower in lines.filter_map(|line| Slowness::read(&line)) {
                *told.lock().unwrap_or_else(PoisonError::into_inner) = slower;
                println!("relaying");
            }
        });
        let mut random = Random::new(self.seed);
        // Each of those that come has a socket of its own, so that the other end tells them apart.
        let mut comers: BTreeMap<SocketAddr, mpsc::Sender<Vec<u8>>> = BTreeMap::new();
        let mut packet = [0; PACKET];
        loop {
            let (length, from) = here.recv_from(&mut packet).await?;
            let comer = match comers.get(&from) {
                Some(comer) => comer.clone(),
                None => {
                    let ways = [random.bits(), random.bits()];
                    let comer = self.joined(&here, from, &slowness, ways).await?;
                    comers.insert(from, comer.clone());
                    comer
                }
            };
            // One too many is lost.
            let _ = comer.try_send(packet[..length].to_vec());
        }
    }

    /// Both directions of one who has come.
    async fn joined(
        self,
        here: &Arc<UdpSocket>,
        from: SocketAddr,
        slowness: &Arc<Mutex<Slowness>>,
        [there_and, back_again]: [u64; 2],
    ) -> Result<mpsc::Sender<Vec<u8>>> {
        let there = match self.to {
            SocketAddr::V4(_) => UdpSocket::bind("0.0.0.0:0").await?,
            SocketAddr::V6(_) => UdpSocket::bind("[::]:0").await?,
        };
        there.connect(self.to).await?;
        let there = Arc::new(there);
        let (comes, goes) = mpsc::channel(MOST);
        let (answers, back) = mpsc::channel(MOST);
        let (to, home) = (there.clone(), here.clone());
        let way = Way::new(slowness, there_and);
        tokio::spawn(way.carry(goes, async move |it| drop(to.send(&it).await)));
        let way = Way::new(slowness, back_again);
        tokio::spawn(way.carry(back, async move |it| drop(home.send_to(&it, from).await)));
        tokio::spawn(async move {
            let mut packet = [0; PACKET];
            loop {
                // One that nobody has taken at the other end comes back as an error.
                if let Ok(length) = there.recv(&mut packet).await
                    && let Err(mpsc::error::TrySendError::Closed(_)) =
                        answers.try_send(packet[..length].to_vec())
                {
                    return;
                }
            }
        });
        Ok(comes)
    }
}

/// One direction.
struct Way {
    slowness: Arc<Mutex<Slowness>>,
    random: Random,
    /// When the wire has taken what was sent before.
    free: Instant,
    under_way: BinaryHeap<Reverse<(Instant, u64, Vec<u8>)>>,
    count: u64,
}

impl Way {
    fn new(slowness: &Arc<Mutex<Slowness>>, seed: u64) -> Way {
        Way {
            slowness: slowness.clone(),
            random: Random::new(seed),
            free: Instant::now(),
            under_way: BinaryHeap::new(),
            count: 0,
        }
    }

    async fn carry(
        mut self,
        mut packets: mpsc::Receiver<Vec<u8>>,
        mut arrive: impl AsyncFnMut(Vec<u8>),
    ) {
        loop {
            let due = self.under_way.peek().map(|Reverse((due, ..))| *due);
            tokio::select! {
                biased;
                () = sleep_until(due.unwrap_or(self.free)), if due.is_some() => {
                    if let Some(Reverse((_, _, packet))) = self.under_way.pop() {
                        arrive(packet).await;
                    }
                }
                packet = packets.recv() => match packet {
                    Some(packet) => self.take(packet),
                    None => return,
                },
            }
        }
    }

    fn take(&mut self, packet: Vec<u8>) {
        let now = Instant::now();
        let begins = self.free.max(now);
        if begins > now + LONGEST_QUEUE || self.under_way.len() == MOST {
            return;
        }
        let slowness = self.slowness.lock();
        let Slowness {
            delay_ms,
            jitter_ms,
            kbit,
        } = *slowness.unwrap_or_else(PoisonError::into_inner);
        let bits = packet.len() as u64 * 8;
        let micros = (bits * 1000).checked_div(kbit);
        self.free = begins + Duration::from_micros(micros.unwrap_or(0));
        let more = self.random.below(jitter_ms as usize * 2000) as u64;
        let least = delay_ms.saturating_sub(jitter_ms) * 1000;
        let due = self.free.max(now) + Duration::from_micros(least + more);
        self.count += 1;
        self.under_way.push(Reverse((due, self.count, packet)));
    }
}
