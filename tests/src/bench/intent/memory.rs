//! Memory of a compiled grammar, from what the operating system says this process holds.

use super::{compile, household::Household};
use anyhow::Result;
use loqa_core::manifest::Manifest;
use std::hint::black_box;

/// Grammars held at once, so that pages and the allocator's reserves do not matter.
const COPIES: usize = 100;

/// Bytes a device adds to a compiled grammar, between 200 and 2,000 devices; `None` where the
/// system does not tell.
pub fn per_device(skill: &Manifest) -> Result<Option<f64>> {
    // Nothing is let go before the end: memory that was freed could be used again uncounted.
    let mut held = Vec::new();
    let mut sizes = [None; 2];
    for (size, devices) in sizes.iter_mut().zip([200, 2000]) {
        let home = Household::new(devices).home;
        held.push(compile(skill, &home)?);
        let before = resident();
        for _ in 0..COPIES {
            held.push(compile(skill, &home)?);
        }
        *size = resident().zip(before).map(|(after, before)| after - before);
    }
    black_box(held);
    let [few, many] = sizes;
    Ok(few
        .zip(many)
        .map(|(few, many)| (many - few) / (1800 * COPIES) as f64))
}

/// Bytes of this process in memory. Source: proc_pid_status(5).
fn resident() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024.0)
}
