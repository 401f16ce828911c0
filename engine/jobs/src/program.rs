//! Programs that run models: which, with what, and what a model's file says of itself before they touch it.

use crate::beside;
use loqa_core::model_file::{GgufFile, ModelFileError, WhisperFile};
use std::{
    ffi::OsString,
    fs::File,
    io::{self, Read},
    ops::RangeInclusive,
    path::{Path, PathBuf},
    thread,
};

/// The fewest and the most tokens that a language model is given to keep in mind.
pub const CONTEXT: RangeInclusive<u32> = 1024..=32_768;
/// Threads beyond which they do not become faster.
const WHISPER_THREADS: usize = 4;
const LLAMA_THREADS: usize = 8;

/// What is run.
#[derive(Clone, Debug)]
pub struct Program {
    /// For people: `whisper`.
    pub name: String,
    /// The file.
    pub file: PathBuf,
    /// Its arguments.
    pub arguments: Vec<OsString>,
}

impl Program {
    /// Whisper, with the model of this file, which takes so much `memory` (bytes).
    pub fn whisper(model: &Path, memory: u64) -> Program {
        let file = beside("loqa-stt-worker");
        Program::of_model(("whisper", file), model, memory, WHISPER_THREADS)
    }

    /// llama.cpp, likewise, with a model that keeps so many tokens in mind: of [`CONTEXT`] the nearest.
    pub fn llama(model: &Path, memory: u64, context: u32) -> Program {
        let file = beside("loqa-llm-worker");
        let mut program = Program::of_model(("llama", file), model, memory, LLAMA_THREADS);
        let context = context.clamp(*CONTEXT.start(), *CONTEXT.end());
        let more = ["--context".into(), context.to_string().into()];
        program.arguments.extend(more);
        program
    }

    fn of_model(
        (name, file): (&str, PathBuf),
        model: &Path,
        memory: u64,
        most_threads: usize,
    ) -> Program {
        // One stays for the ears: threads that wait for each other on a busy machine stand still.
        let processors = thread::available_parallelism().map_or(1, usize::from);
        let threads = processors.saturating_sub(1).clamp(1, most_threads);
        // Addresses, not memory: libraries and stacks count, and what is loaded is for a while there twice.
        let limit = 2 * memory + (2 << 30);
        let arguments = vec![
            "--model".into(),
            model.into(),
            "--threads".into(),
            threads.to_string().into(),
            "--memory".into(),
            limit.to_string().into(),
        ];
        Program {
            name: name.into(),
            file,
            arguments,
        }
    }
}

/// A file of a model, by its beginning.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ModelFile {
    /// Its length.
    pub bytes: u64,
    /// What the model takes, bytes.
    pub memory: u64,
    /// What else there is to say of it; may be empty.
    pub about: String,
}

impl ModelFile {
    /// One of whisper.
    ///
    /// # Errors
    /// It cannot be read, or is no such file.
    pub fn whisper(file: &Path) -> Result<ModelFile, String> {
        ModelFile::read(file, WhisperFile::HEAD, |head, bytes| {
            let about = format!("whisper {}", WhisperFile::read(head, bytes)?.size());
            Ok((WhisperFile::memory(bytes), about))
        })
    }

    /// One of llama.cpp.
    ///
    /// # Errors
    /// Likewise.
    pub fn llama(file: &Path) -> Result<ModelFile, String> {
        ModelFile::read(file, GgufFile::HEAD, |head, bytes| {
            GgufFile::read(head, bytes)?;
            Ok((GgufFile::memory(bytes), String::new()))
        })
    }

    /// `told` makes of the first `most` bytes and of the length what it takes, and what else there is to say.
    fn read(
        file: &Path,
        most: usize,
        told: impl FnOnce(&[u8], u64) -> Result<(u64, String), ModelFileError>,
    ) -> Result<ModelFile, String> {
        let shown = file.display();
        let unread = |error: io::Error| format!("{shown} cannot be read: {error}");
        let opened = File::open(file).map_err(unread)?;
        let bytes = opened.metadata().map_err(unread)?.len();
        let mut head = Vec::new();
        let mut beginning = opened.take(most as u64);
        beginning.read_to_end(&mut head).map_err(unread)?;
        let told = told(&head, bytes).map_err(|error| format!("{shown}: {error}"))?;
        let (memory, about) = told;
        Ok(ModelFile {
            bytes,
            memory,
            about,
        })
    }
}
