//! Memory of processes.

use anyhow::{Context as _, Result};
use std::fs;

/// What a process takes, MiB: the sum of `fields` of the kernel's account of it, such as `Rss`.
pub fn mib(process: u32, fields: &[&str]) -> Result<f64> {
    let rollup = fs::read_to_string(format!("/proc/{process}/smaps_rollup"))?;
    let kib = fields.iter().map(|field| {
        let line = rollup.lines().find_map(|line| line.strip_prefix(field));
        let kib = line.and_then(|rest| rest.strip_prefix(':')?.split_whitespace().next());
        let kib = kib.with_context(|| format!("no {field} in smaps_rollup"))?;
        Ok(kib.parse::<f64>()?)
    });
    Ok(kib.sum::<Result<f64>>()? / 1024.0)
}
