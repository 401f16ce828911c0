//! How fast Loqa answers.

use super::{Refusal, guest::Guest, turn::PastTurn};
use crate::api::Door;
use axum::{Json, extract::State};
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// How long it took from the last word to the first sound of the reply.
#[derive(Serialize, ToSchema)]
pub struct Latency {
    /// Spoken turns that were answered aloud.
    turns: usize,
    /// null without such turns.
    median_ms: Option<f64>,
    /// null without such turns.
    p95_ms: Option<f64>,
    /// Shortest first.
    histogram: Vec<Bar>,
}

/// Turns that took about as long.
#[derive(Serialize, ToSchema)]
pub struct Bar {
    from_ms: f64,
    /// null: any longer time.
    to_ms: Option<f64>,
    turns: usize,
}

/// Where the bars end, ms: those of the dashboard.
const BARS: [f64; 6] = [50.0, 100.0, 150.0, 200.0, 300.0, 500.0];

impl Latency {
    /// Of times in ms.
    pub fn of(mut times: Vec<f64>) -> Latency {
        times.sort_by(f64::total_cmp);
        let bar = |from_ms: f64, to_ms: Option<f64>| {
            let within = |ms: &&f64| **ms >= from_ms && to_ms.is_none_or(|to| **ms < to);
            Bar {
                from_ms,
                to_ms,
                turns: times.iter().filter(within).count(),
            }
        };
        let from = [0.0].into_iter().chain(BARS);
        let to = BARS.into_iter().map(Some).chain([None]);
        Latency {
            turns: times.len(),
            median_ms: times.get(times.len() / 2).copied(),
            p95_ms: times.get(times.len() * 95 / 100).copied(),
            histogram: from.zip(to).map(|(from, to)| bar(from, to)).collect(),
        }
    }
}

/// How fast the spoken ones of these turns were answered
#[utoipa::path(
    get,
    path = "/api/v1/latency",
    tag = "the house",
    responses((status = 200, description = "From the last word to the first sound", body = Latency)),
)]
pub async fn latency(State(door): State<Arc<Door>>) -> Result<Json<Latency>, Refusal> {
    let seen = Guest::of(&door)?.look().await?;
    let turns = PastTurn::newest_first(seen.turns);
    let times = turns.iter().filter_map(|past| past.turn.ttfa_ms);
    Ok(Json(Latency::of(times.collect())))
}
