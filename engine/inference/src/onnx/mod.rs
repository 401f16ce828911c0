//! ONNX Runtime, loaded at run time: what Silero and Kokoro run in.
//!
//! Its own API tells wrong models and wrong inputs as errors; it computes on the caller's thread and on
//! threads of each session.

mod ending;

pub use self::ending::end;

use self::ending::{Cancel, meanwhile};
use loqa_core::seams::ModelError;
use ort::{
    environment::Environment,
    logging::LogLevel,
    session::{
        RunOptions, Session, SessionInputValue, SessionOutputs, builder::GraphOptimizationLevel,
    },
    value::ValueType,
};
use std::{
    borrow::Cow,
    env,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
};

/// The library, or the folder with it, before every other place.
pub const VARIABLE: &str = "LOQA_ONNXRUNTIME";

#[cfg(target_os = "macos")]
const NAME: &str = "libonnxruntime.dylib";
#[cfg(not(target_os = "macos"))]
const NAME: &str = "libonnxruntime.so";

/// Where packages of Loqa put it, for programs that lie elsewhere.
const HOUSE: &str = "/usr/lib/loqa";

/// Where systems have it, if they do.
#[cfg(target_os = "macos")]
const SYSTEM: [&str; 3] = [
    NAME,
    "/opt/homebrew/lib/libonnxruntime.dylib",
    "/usr/local/lib/libonnxruntime.dylib",
];
#[cfg(not(target_os = "macos"))]
const SYSTEM: [&str; 2] = [NAME, "libonnxruntime.so.1"];

const REMEDY: &str = "Loqa's own packages bring it; in a clone, `cargo xtask setup` does; else put libonnxruntime of the Python wheel onnxruntime, 1.24 or later, beside the program";

/// Tells whether it is here.
///
/// # Errors
/// [`ModelError::NotLoaded`] with where to get it; the answer is kept for the life of the process.
pub fn available() -> Result<(), ModelError> {
    environment().map(drop)
}

/// What a graph takes or gives.
pub(crate) struct End {
    pub(crate) name: String,
    pub(crate) kind: ValueType,
}

/// A graph that is ready to run.
pub(crate) struct Model {
    /// Gone only while this is dropped.
    session: Option<Session>,
    pub(crate) inputs: Vec<End>,
    pub(crate) outputs: Vec<End>,
    /// Whether it has run.
    begun: bool,
}

impl Model {
    /// Loads one, to run on so many threads: reads all of it and lays it out, which takes seconds for hundreds
    /// of megabytes.
    ///
    /// # Errors
    /// [`ModelError::NotLoaded`] where there is no ONNX Runtime; [`ModelError::Backend`] naming the file, if it
    /// is no model, cut off, or asks for what this runtime does not know.
    pub(crate) fn load(file: &Path, threads: usize) -> Result<Self, ModelError> {
        let environment = environment()?;
        let unread = |why: String| {
            let why = why.lines().next().unwrap_or_default();
            // "Load model from FILE failed:…"
            let why = why.split_once(" failed:").map_or(why, |(_, why)| why);
            ModelError::Backend(format!("{} cannot be loaded: {why}", file.display()))
        };
        let length = std::fs::metadata(file).map_err(|error| unread(error.to_string()))?;
        if !length.is_file() || length.len() == 0 {
            return Err(unread("it is empty, or no file".into()));
        }
        let load = || -> ort::Result<Session> {
            let mut builder = Session::builder(environment)?
                .with_optimization_level(GraphOptimizationLevel::All)?
                .with_intra_threads(threads)?
                // Its threads would otherwise turn in circles between two runs, on processors that hear.
                .with_intra_op_spinning(false)?
                .with_log_level(LogLevel::Fatal)?;
            let cancel = Cancel::Load(builder.canceler());
            meanwhile(cancel, || builder.commit_from_file(file)).unwrap_or_else(|| Err(ends()))
        };
        let loaded = guarded(|| load().map_err(|error| error.to_string()));
        let session = loaded.map_err(unread)?;
        ending::watch();
        let ends = |outlets: &[ort::value::Outlet]| -> Vec<End> {
            let end = |outlet: &ort::value::Outlet| End {
                name: outlet.name().to_owned(),
                kind: outlet.dtype().clone(),
            };
            outlets.iter().map(end).collect()
        };
        Ok(Model {
            inputs: ends(session.inputs()),
            outputs: ends(session.outputs()),
            session: Some(session),
            begun: false,
        })
    }

    /// Runs it on what `inputs` makes, and has `read` take what is wanted of the outputs. Ends early, with an
    /// error, when `cancel` is terminated.
    ///
    /// # Errors
    /// What ONNX Runtime says.
    pub(crate) fn run<T>(
        &mut self,
        cancel: &Arc<RunOptions>,
        inputs: impl FnOnce() -> ort::Result<Inputs>,
        read: impl FnOnce(&SessionOutputs<'_>) -> ort::Result<T>,
    ) -> Result<T, String> {
        let session = self.session.as_mut().ok_or_else(|| ends().to_string())?;
        let ran = meanwhile(Cancel::Run(cancel.clone()), || {
            read(&session.run_with_options(inputs()?, &**cancel)?)
        });
        if !std::mem::replace(&mut self.begun, true) {
            ending::watch();
        }
        let ran = ran.unwrap_or_else(|| Err(ends()));
        ran.map_err(|error| error.to_string())
    }

    /// What it takes, as people read it.
    pub(crate) fn takes(&self) -> String {
        let inputs: Vec<String> = self.inputs.iter().map(shown).collect();
        inputs.join(", ")
    }
}

impl Drop for Model {
    fn drop(&mut self) {
        let session = self.session.take();
        let mut held = Some(session);
        if meanwhile(Cancel::Nothing, || drop(held.take())).is_none() {
            // The process goes with it.
            std::mem::forget(held);
        }
    }
}

/// Inputs by name.
pub(crate) type Inputs = Vec<(Cow<'static, str>, SessionInputValue<'static>)>;

fn ends() -> ort::Error {
    ort::Error::new("Loqa ends")
}

/// What a graph takes or gives, as people read it: `style f32 [1, 256]`.
fn shown(end: &End) -> String {
    match &end.kind {
        ValueType::Tensor { ty, shape, .. } => {
            let lengths: Vec<String> = shape
                .iter()
                .map(|length| match length {
                    -1 => "?".into(),
                    length => length.to_string(),
                })
                .collect();
            format!("{} {ty} [{}]", end.name, lengths.join(", "))
        }
        other => format!("{} {other}", end.name),
    }
}

fn environment() -> Result<&'static Environment, ModelError> {
    static ENVIRONMENT: OnceLock<Result<Environment, ModelError>> = OnceLock::new();
    let environment = ENVIRONMENT.get_or_init(load);
    environment.as_ref().map_err(Clone::clone)
}

fn load() -> Result<Environment, ModelError> {
    let mut first = None;
    for place in places() {
        match guarded(|| start(&place)) {
            Ok(environment) => return Ok(environment),
            // Where nothing is, there is nothing to tell.
            Err(why) if place.exists() => first = first.or(Some(why)),
            Err(_) => {}
        }
    }
    let why = first.map_or_else(String::new, |why| format!(" ({why})"));
    Err(ModelError::NotLoaded {
        what: format!("ONNX Runtime{why}"),
        help: REMEDY.into(),
    })
}

fn start(place: &Path) -> Result<Environment, String> {
    let environment = ort::init_from(place)
        .map_err(|error| error.to_string())?
        .with_name("loqa")
        .with_telemetry(false)
        .build()
        .map_err(|error| error.to_string())?;
    environment.set_log_level(LogLevel::Fatal);
    ending::watch();
    Ok(environment)
}

/// Where it may be, the likeliest first.
fn places() -> Vec<PathBuf> {
    let named = env::var_os(VARIABLE).map(PathBuf::from);
    let named = named.filter(|path| !path.as_os_str().is_empty());
    let named = named.map(|path| match path.is_dir() {
        true => path.join(NAME),
        false => path,
    });
    let program = env::current_exe().and_then(|program| program.canonicalize());
    let program = program.unwrap_or_default();
    let folder = program.parent().unwrap_or(Path::new("/"));
    let mut folders = vec![folder.to_owned()];
    match (
        folder.file_name().and_then(|name| name.to_str()),
        folder.parent(),
    ) {
        // An app of macOS.
        (Some("MacOS"), Some(around)) => folders.push(around.join("Frameworks")),
        // A test that cargo has built, whose programs lie one folder up.
        (Some("deps"), Some(around)) => folders.push(around.to_owned()),
        _ => {}
    }
    folders.push(HOUSE.into());
    let files = folders.into_iter().map(|folder| folder.join(NAME));
    named
        .into_iter()
        .chain(files.filter(|file| file.exists()))
        .chain(SYSTEM.map(PathBuf::from))
        .collect()
}

/// A broken library, or a model that breaks it, must not take the hub along.
fn guarded<T>(work: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| Err("ONNX Runtime broke off".into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn what_is_no_model_is_told_and_not_loaded() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("model.onnx");
        let told = |bytes: &[u8]| {
            fs::write(&file, bytes).unwrap();
            Model::load(&file, 1).map(drop).unwrap_err().to_string()
        };
        if let Err(error) = available() {
            eprintln!("skipped: {error}");
            assert_eq!(told(b""), error.to_string());
            return;
        }
        for bytes in [
            &b""[..],
            b"GGUF",
            b"\x08\x08",
            &[0xff; 4096],
            b"<html>not found</html>",
        ] {
            let told = told(bytes);
            assert!(told.contains("model.onnx cannot be loaded: "), "{told}");
        }
        let missing = Model::load(Path::new("/nowhere/model.onnx"), 1);
        let missing = missing.map(drop).unwrap_err();
        assert!(missing.to_string().contains("/nowhere/model.onnx"));
    }
}
