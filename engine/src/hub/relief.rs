//! Keeps the language model warm while there is memory for it, and lets it go while others need that.

use crate::{library::Machine, workers::Llama};
use futures::{StreamExt, stream};
use loqa_core::grammar::Grammar;
use std::{sync::Arc, time::Duration};
use tokio::{sync::watch, time::sleep};

/// How often memory is looked at.
const LOOK: Duration = Duration::from_secs(5);
/// What others find free, bytes, before anything is let go: 256 MiB, or a twentieth of the machine.
const LEAST: u64 = 256 << 20;
/// As much as that many times must be free before it is loaded again without a question.
const PLENTY: u64 = 4;

/// Has the model loaded and told of the household before anybody asks it something, and again when it is another, or the
/// household changes. Ends with the grammar.
pub async fn keep_warm(llama: Arc<Llama>, mut grammar: watch::Receiver<Arc<Grammar>>) {
    let mut here = llama.watch_here();
    loop {
        grammar.mark_unchanged();
        here.mark_unchanged();
        let is_here = llama.is_here();
        let mut warm = match is_here {
            true => llama.warm(),
            false => stream::pending().boxed(),
        };
        tokio::select! {
            changed = grammar.changed() => {
                if changed.is_err() {
                    return;
                }
            }
            // The model owns the other end.
            _ = here.changed() => {}
            () = until(|free, all| free < least(all)), if is_here => {
                drop(warm);
                while !llama.unload() {
                    sleep(LOOK).await;
                }
                tracing::warn!("memory is short: the language model is let go until it is asked");
                until(|free, all| free > PLENTY * least(all)).await;
            }
            failed = warm.next() => {
                if let Some(Err(error)) = failed {
                    tracing::warn!(%error, "what no command covers is not answered");
                }
                // The next question starts it again, if it can be.
                tokio::select! {
                    _ = here.changed() => {}
                    changed = grammar.changed() => {
                        if changed.is_err() {
                            return;
                        }
                    }
                }
            }
        }
    }
}

fn least(all: u64) -> u64 {
    LEAST.max(all / 20)
}

/// Until the memory that is free, of all there is, is so; never, where nobody tells it.
async fn until(so: impl Fn(u64, u64) -> bool) {
    let all = Machine::here().memory;
    loop {
        sleep(LOOK).await;
        let told = tokio::fs::read_to_string("/proc/meminfo").await;
        let free = told.ok().as_deref().and_then(available);
        match free {
            Some(free) if so(free, all) => return,
            Some(_) => {}
            None => std::future::pending().await,
        }
    }
}

/// What the kernel reckons can be had without swapping, bytes.
fn available(meminfo: &str) -> Option<u64> {
    let line = meminfo
        .lines()
        .find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kib.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_free_is_read_as_the_kernel_tells_it() {
        let told = "MemTotal:       24605808 kB\nMemFree:  100 kB\nMemAvailable:   23068672 kB\n";
        assert_eq!(available(told), Some(23_068_672 << 10));
        for wrong in [
            "",
            "MemAvailable: many kB",
            "MemAvailable: 5",
            "MemAvailable:",
        ] {
            assert_eq!(available(wrong), None, "{wrong}");
        }
        assert_eq!(least(1 << 30), 256 << 20);
        assert_eq!(least(100 << 30), 5 << 30);
    }
}
