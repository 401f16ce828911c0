//! What this machine can run, and which models suit it.

use super::catalogue::{Kind, Model};
use loqa_core::model_file::{GgufFile, WhisperFile};
use std::thread;

/// Memory that stays for everything else on a machine: 1 GiB.
const OTHERS: u64 = 1 << 30;
/// Bytes of a GiB.
const GIB: u64 = 1 << 30;

/// A machine, as far as models are concerned.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Machine {
    /// Memory in all, bytes.
    pub memory: u64,
    /// Processors.
    pub processors: usize,
    /// Whether it is a Mac of Apple's own, whose graphics unit computes as well.
    pub apple: bool,
}

impl Machine {
    /// This one. One that does not tell its memory has as much as anybody wants.
    pub fn here() -> Machine {
        Machine {
            memory: memory().unwrap_or(u64::MAX),
            processors: thread::available_parallelism().map_or(1, std::num::NonZero::get),
            apple: cfg!(all(target_os = "macos", target_arch = "aarch64")),
        }
    }

    /// Has it so much memory to spare?
    pub fn fits(self, memory: u64) -> bool {
        memory.saturating_add(OTHERS) <= self.memory
    }

    /// For people: `2 processors and 8.0 GiB of memory`.
    pub fn described(self) -> String {
        let processors = match self.processors {
            1 => "1 processor".into(),
            count => format!("{count} processors"),
        };
        format!("{processors} and {} of memory", gib(self.memory))
    }

    /// The model of a kind that suits it, of those there are; `None` if none does.
    ///
    /// By rule, from what whisper.cpp's README tells of its sizes, and from what a token takes of models
    /// without training (`docs/benchmarks.md`): the largest that reads a command, or begins to answer, in
    /// about the time that somebody waits.
    pub fn recommended<'a>(
        self,
        kind: Kind,
        language: &str,
        models: &'a [Model],
    ) -> Option<&'a Model> {
        let by_size: &[&str] = match kind {
            Kind::Stt => &[
                "whisper-large-v3-turbo",
                "whisper-large-v3-turbo-q5-0",
                "whisper-small",
                "whisper-base",
                "whisper-tiny",
            ],
            Kind::Llm => &["qwen-4b", "qwen-1-5b", "qwen-1-5b", "qwen-0-5b"],
            Kind::Wake | Kind::Tts | Kind::Vad => return None,
        };
        let first = match (self.apple, self.processors) {
            (true, _) if self.memory >= 16 * GIB => 0,
            (true, _) => 1,
            (false, 8..) => 2,
            (false, 2..) => 3,
            (false, _) => 4,
        };
        let first = first.min(by_size.len() - 1);
        let of = |name: &str| models.iter().find(|model| model.name == name);
        by_size[first..].iter().find_map(|name| {
            // Those of English alone hear it better, where there are any.
            let english = (language == "en").then(|| of(&format!("{name}-en")));
            english
                .flatten()
                .or_else(|| of(name))
                .filter(|model| self.fits(model.memory()))
        })
    }
}

impl Model {
    /// Memory it takes to run, bytes, as far as the length of its files tells.
    pub fn memory(&self) -> u64 {
        let bytes = self.mib << 20;
        match self.kind {
            Kind::Wake | Kind::Vad => bytes,
            Kind::Stt => WhisperFile::memory(bytes),
            // The weights, what is laid out of them, and what a clause takes while it is computed: 650 MB
            // were measured for a Kokoro of 314 MiB.
            Kind::Tts => 2 * bytes,
            Kind::Llm => GgufFile::memory(bytes),
        }
    }
}

/// For people: `1.5 GiB`.
pub fn gib(bytes: u64) -> String {
    format!("{:.1} GiB", bytes as f64 / GIB as f64)
}

#[cfg(target_os = "linux")]
fn memory() -> Option<u64> {
    let told = rustix::system::sysinfo();
    Some(told.totalram as u64 * u64::from(told.mem_unit))
}

#[cfg(not(target_os = "linux"))]
fn memory() -> Option<u64> {
    let told = std::process::Command::new("sysctl")
        .args(["-n", "hw.memsize"])
        .output()
        .ok()?;
    String::from_utf8(told.stdout).ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::library::catalogue;

    #[test]
    fn what_is_recommended_fits_and_is_there() {
        let models = catalogue().unwrap();
        let say = |mib: u64, processors, apple, language| {
            let machine = Machine {
                memory: mib << 20,
                processors,
                apple,
            };
            let model = machine.recommended(Kind::Stt, language, &models);
            model.map(|model| model.name.as_str())
        };
        assert_eq!(say(24_000, 2, false, "en"), Some("whisper-base-en"));
        assert_eq!(say(24_000, 2, false, "de"), Some("whisper-base"));
        assert_eq!(say(8_000, 1, false, "auto"), Some("whisper-tiny"));
        assert_eq!(say(32_000, 16, false, "en"), Some("whisper-small-en"));
        assert_eq!(say(17_000, 10, true, "en"), Some("whisper-large-v3-turbo"));
        assert_eq!(
            say(8_000, 8, true, "en"),
            Some("whisper-large-v3-turbo-q5-0")
        );
        // Where memory is short, a smaller one; with less still, none.
        assert_eq!(say(1_500, 8, true, "en"), Some("whisper-base-en"));
        assert_eq!(say(1_000, 8, false, "en"), None);
        let here = Machine::here();
        assert!(here.memory > 256 << 20 && here.processors > 0);
    }
}
