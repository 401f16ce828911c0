//! What a room's recording holds: the speaker and people, on one clock.

/// Amplitude above which something sounds.
pub const SOUND: f32 = 0.01;

/// Both sides of interleaved samples: what left the speaker, and what people said.
pub fn sides(samples: &[f32]) -> (Vec<f32>, Vec<f32>) {
    let side = |first: usize| samples.iter().skip(first).step_by(2).copied().collect();
    (side(0), side(1))
}
