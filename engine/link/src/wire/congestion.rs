//! How much may be under way: as Cubic has it, but never so little that somebody who speaks is not heard.
//!
//! In a house what is lost is mostly lost on the air, where to send less helps nobody: with 5 % loss Cubic would stop at two
//! packets, and what is said live would wait for its turn.

use quinn::congestion::{Controller, ControllerFactory, CubicConfig};
use quinn_proto::RttEstimator;
use std::{any::Any, sync::Arc, time::Instant};

/// At 1 Mbit/s this waits 200 ms at most; over 100 ms to there and back it is 240 kB/s, five times as much as PCM with its copies.
const LEAST: u64 = 24 << 10;

/// Makes controllers of this kind.
#[derive(Debug, Default)]
pub struct Household(Arc<CubicConfig>);

struct Floor(Box<dyn Controller>);

impl ControllerFactory for Household {
    fn build(self: Arc<Self>, now: Instant, current_mtu: u16) -> Box<dyn Controller> {
        Box::new(Floor(self.0.clone().build(now, current_mtu)))
    }
}

impl Controller for Floor {
    fn on_sent(&mut self, now: Instant, bytes: u64, last_packet_number: u64) {
        self.0.on_sent(now, bytes, last_packet_number);
    }

    fn on_ack(
        &mut self,
        now: Instant,
        sent: Instant,
        bytes: u64,
        app_limited: bool,
        rtt: &RttEstimator,
    ) {
        self.0.on_ack(now, sent, bytes, app_limited, rtt);
    }

    fn on_end_acks(
        &mut self,
        now: Instant,
        in_flight: u64,
        app_limited: bool,
        largest_packet_num_acked: Option<u64>,
    ) {
        let largest = largest_packet_num_acked;
        self.0.on_end_acks(now, in_flight, app_limited, largest);
    }

    fn on_congestion_event(
        &mut self,
        now: Instant,
        sent: Instant,
        is_persistent_congestion: bool,
        lost_bytes: u64,
    ) {
        self.0
            .on_congestion_event(now, sent, is_persistent_congestion, lost_bytes);
    }

    fn on_mtu_update(&mut self, new_mtu: u16) {
        self.0.on_mtu_update(new_mtu);
    }

    fn window(&self) -> u64 {
        self.0.window().max(LEAST)
    }

    fn clone_box(&self) -> Box<dyn Controller> {
        Box::new(Floor(self.0.clone_box()))
    }

    fn initial_window(&self) -> u64 {
        self.0.initial_window().max(LEAST)
    }

    fn into_any(self: Box<Self>) -> Box<dyn Any> {
        self.0.into_any()
    }
}
