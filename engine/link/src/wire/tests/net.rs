//! A net between machines that do not exist: it loses, delays and reorders by a seed, and is cut and moved at will.

use quinn::{
    AsyncUdpSocket, UdpPoller,
    udp::{RecvMeta, Transmit},
};
use rand::{RngExt, SeedableRng, rngs::Xoshiro256PlusPlus};
use std::{
    collections::{HashMap, HashSet, VecDeque},
    fmt,
    io::{self, IoSliceMut},
    net::SocketAddr,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard},
    task::{Context, Poll, Waker},
    time::Duration,
};

/// Clones are the same net.
#[derive(Clone)]
pub struct Net(Arc<Mutex<State>>);

struct State {
    ports: HashMap<SocketAddr, Port>,
    /// As others see it → as it is.
    moved: HashMap<SocketAddr, SocketAddr>,
    cut: HashSet<SocketAddr>,
    /// Of packets, in 1.
    loss: f64,
    delay: Duration,
    /// So much more or less, for each packet by itself: which is how they come in another order.
    spread: Duration,
    random: Xoshiro256PlusPlus,
    packets: usize,
    bytes: usize,
}

#[derive(Default)]
struct Port {
    packets: VecDeque<(SocketAddr, Vec<u8>)>,
    waker: Option<Waker>,
}

impl Net {
    /// A cable of half a millisecond.
    pub fn new(seed: u64) -> Net {
        Net(Arc::new(Mutex::new(State {
            ports: HashMap::new(),
            moved: HashMap::new(),
            cut: HashSet::new(),
            loss: 0.0,
            delay: Duration::from_micros(500),
            spread: Duration::ZERO,
            random: Xoshiro256PlusPlus::seed_from_u64(seed),
            packets: 0,
            bytes: 0,
        })))
    }

    /// From now on.
    pub fn is(&self, loss: f64, delay_ms: u64, spread_ms: u64) {
        let mut state = self.lock();
        state.loss = loss;
        state.delay = Duration::from_millis(delay_ms);
        state.spread = Duration::from_millis(spread_ms);
    }

    /// Nothing reaches that machine or leaves it.
    pub fn cut(&self, address: &str, cut: bool) {
        let address = address.parse().unwrap();
        let mut state = self.lock();
        match cut {
            true => state.cut.insert(address),
            false => state.cut.remove(&address),
        };
    }

    /// Others see that machine at another address.
    pub fn moves(&self, machine: &str, seen: &str) {
        let machine = machine.parse().unwrap();
        let mut state = self.lock();
        state.moved.retain(|_, it| *it != machine);
        state.moved.insert(seen.parse().unwrap(), machine);
    }

    /// Packets and bytes that were sent.
    pub fn traffic(&self) -> (usize, usize) {
        let state = self.lock();
        (state.packets, state.bytes)
    }

    /// A machine at that address; one that was there before is no more.
    pub fn socket(&self, address: &str) -> Arc<dyn AsyncUdpSocket> {
        let address = address.parse().unwrap();
        self.lock().ports.insert(address, Port::default());
        Arc::new(Socket {
            net: self.clone(),
            address,
        })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    fn send(&self, from: SocketAddr, to: SocketAddr, bytes: &[u8]) {
        let mut state = self.lock();
        state.packets += 1;
        state.bytes += bytes.len();
        let seen = state.moved.iter().find(|(_, machine)| **machine == from);
        let seen = seen.map_or(from, |(seen, _)| *seen);
        // Whoever is seen elsewhere is where they were no more.
        let left = state.moved.values().any(|machine| *machine == to);
        let to = match state.moved.get(&to) {
            Some(machine) => *machine,
            None if left => return,
            None => to,
        };
        let loss = state.loss;
        if state.cut.contains(&from) || state.cut.contains(&to) || state.random.random_bool(loss) {
            return;
        }
        let spread = state.spread;
        let takes = match spread.is_zero() {
            true => state.delay,
            false => state.delay - spread + state.random.random_range(Duration::ZERO..spread * 2),
        };
        drop(state);
        let (net, bytes) = (self.clone(), bytes.to_vec());
        tokio::spawn(async move {
            tokio::time::sleep(takes).await;
            let mut state = net.lock();
            if let Some(port) = state.ports.get_mut(&to) {
                port.packets.push_back((seen, bytes));
                if let Some(waker) = port.waker.take() {
                    waker.wake();
                }
            }
        });
    }
}

struct Socket {
    net: Net,
    address: SocketAddr,
}

impl fmt::Debug for Socket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.address)
    }
}

#[derive(Debug)]
struct Always;

impl UdpPoller for Always {
    fn poll_writable(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl AsyncUdpSocket for Socket {
    fn create_io_poller(self: Arc<Self>) -> Pin<Box<dyn UdpPoller>> {
        Box::pin(Always)
    }

    fn try_send(&self, transmit: &Transmit<'_>) -> io::Result<()> {
        self.net
            .send(self.address, transmit.destination, transmit.contents);
        Ok(())
    }

    fn poll_recv(
        &self,
        cx: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
        meta: &mut [RecvMeta],
    ) -> Poll<io::Result<usize>> {
        let mut state = self.net.lock();
        let port = state.ports.get_mut(&self.address).unwrap();
        let Some((from, bytes)) = port.packets.pop_front() else {
            port.waker = Some(cx.waker().clone());
            return Poll::Pending;
        };
        buffers[0][..bytes.len()].copy_from_slice(&bytes);
        meta[0] = RecvMeta {
            addr: from,
            len: bytes.len(),
            stride: bytes.len(),
            ecn: None,
            dst_ip: None,
        };
        Poll::Ready(Ok(1))
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.address)
    }
}
