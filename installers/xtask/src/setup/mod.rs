//! Installs what is missing, and only that. A second run finds everything there and starts at once.

mod apt;
mod brew;
mod browser;
pub mod python;

use crate::{
    command::{Failed, installed, note},
    place,
};
use std::path::{Path, PathBuf};

/// What the set-up is for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Purpose {
    /// Building and running Loqa.
    Run,
    /// The same with its window.
    Window,
    /// Making of it what people install.
    Package,
    /// Testing and measuring it, which includes running it.
    Test,
}

/// What tests and benches are told about the set-up.
pub struct Tools {
    python: Option<PathBuf>,
    tensorflow_lite: Option<PathBuf>,
    onnx_runtime: Option<PathBuf>,
    browser: Option<PathBuf>,
    home_assistant: Option<PathBuf>,
}

impl Tools {
    /// The folder with ONNX Runtime's library and licence, if it could be had.
    pub fn onnx_runtime(&self) -> Option<&Path> {
        self.onnx_runtime.as_deref()
    }

    /// A Home Assistant to test with.
    ///
    /// # Errors
    /// It cannot be installed.
    pub fn add_home_assistant(&mut self) -> Result<(), Failed> {
        self.home_assistant = Some(python::home_assistant()?);
        Ok(())
    }

    /// What a language model is compared with.
    pub fn add_language_model(&self) {
        if let Some(python) = &self.python {
            python::language_model(python);
        }
    }

    /// Environment variables for tests and benches: a Python that has hassil and
    /// schemathesis, the folders of TensorFlow Lite's library and of ONNX Runtime's, the folder of what drives a browser, a
    /// Home Assistant, and where clips of synthetic speakers are kept.
    pub fn env(&self) -> impl Iterator<Item = (&'static str, PathBuf)> {
        let python = self.python.clone().map(|python| ("LOQA_PYTHON", python));
        let library = self.tensorflow_lite.clone();
        let library = library.map(|folder| ("LOQA_TENSORFLOW_LITE", folder));
        let onnx = self.onnx_runtime.clone();
        let onnx = onnx.map(|folder| ("LOQA_ONNXRUNTIME", folder));
        let browser = self.browser.clone().map(|folder| ("LOQA_BROWSER", folder));
        let hass = self.home_assistant.clone();
        let hass = hass.map(|program| ("LOQA_HOME_ASSISTANT", program));
        let voices = ("LOQA_VOICE_CACHE", place::cache().join("voices"));
        python
            .into_iter()
            .chain(library)
            .chain(onnx)
            .chain(browser)
            .chain(hass)
            .chain([voices])
    }
}

/// Something Loqa needs from the system's package manager.
struct Package {
    apt: &'static str,
    /// Homebrew's name; `None` where macOS needs nothing.
    brew: Option<&'static str>,
    purpose: Purpose,
    /// Whether the purpose fails without it; otherwise something smaller is missing, and said.
    needed: bool,
}

const fn package(
    apt: &'static str,
    brew: Option<&'static str>,
    purpose: Purpose,
    needed: bool,
) -> Package {
    Package {
        apt,
        brew,
        purpose,
        needed,
    }
}

/// Programs are named rather than libraries, because a library's package name changes with its
/// version and the program always pulls in the right one.
const PACKAGES: &[Package] = &[
    // To build: cpal finds ALSA through pkg-config.
    package("pkg-config", Some("pkgconf"), Purpose::Run, true),
    package("libasound2-dev", None, Purpose::Run, true),
    // whisper.cpp is C++, and bindgen reads its headers with clang's library, which Xcode's tools have.
    package("cmake", Some("cmake"), Purpose::Run, true),
    package("g++", None, Purpose::Run, true),
    package("libclang-dev", None, Purpose::Run, true),
    // To hear: the recogniser's library, and its acoustic model and dictionary.
    package("pocketsphinx", Some("cmu-pocketsphinx"), Purpose::Run, true),
    package("pocketsphinx-en-us", None, Purpose::Run, true),
    // To speak; espeak-ng is only ever run as a process of its own.
    package("flite", Some("flite"), Purpose::Run, true),
    package("espeak-ng", Some("espeak-ng"), Purpose::Run, true),
    // To be interrupted while it speaks. No program comes with it.
    package("libspeexdsp1", Some("speexdsp"), Purpose::Run, false),
    // To open a window. It is drawn by WebKit, which macOS has.
    package("libwebkit2gtk-4.1-dev", None, Purpose::Window, false),
    // To make a package.
    package("dpkg-dev", None, Purpose::Package, false),
    // More voices and noises for tests, and a sound server without hardware.
    package("festival", None, Purpose::Test, false),
    package("festvox-kallpc16k", None, Purpose::Test, false),
    package("festvox-us-slt-hts", None, Purpose::Test, false),
    package("sox", Some("sox"), Purpose::Test, false),
    package("pulseaudio", None, Purpose::Test, false),
    package("pulseaudio-utils", None, Purpose::Test, false),
    package("libasound2-plugins", None, Purpose::Test, false),
    // To count what leaves a house.
    package("iproute2", None, Purpose::Test, false),
    package("nftables", None, Purpose::Test, false),
    // To look at the dashboard.
    package("chromium", None, Purpose::Test, false),
    // To look at the window on a machine without a display.
    package("xvfb", None, Purpose::Test, false),
    package("dbus-daemon", None, Purpose::Test, false),
    // For the key that opens what Loqa keeps.
    package("gnome-keyring", None, Purpose::Test, false),
    package("webkit2gtk-driver", None, Purpose::Test, false),
    // For hassil and microWakeWord, which Loqa is compared with, for schemathesis, and for ONNX Runtime, which
    // packages bring.
    package("python3-venv", Some("python"), Purpose::Package, false),
];

/// Makes sure that everything for `purpose` is there.
///
/// # Errors
/// [`Failed`] with what to type, if something needed is missing and cannot be installed from here.
pub fn ensure(purpose: Purpose) -> Result<Tools, Failed> {
    let wanted = || PACKAGES.iter().filter(|package| package.purpose <= purpose);
    if installed("apt-get") && installed("dpkg-query") {
        apt::ensure(wanted())?;
    } else if cfg!(target_os = "macos") {
        brew::ensure(wanted())?;
    } else {
        let names: Vec<&str> = wanted()
            .filter(|package| package.needed)
            .map(|package| package.apt)
            .collect();
        note(
            "setup",
            "neither apt nor Homebrew is here: nothing was installed",
        );
        note(
            "",
            &format!("Loqa needs what Debian calls {}", names.join(", ")),
        );
    }
    let python = match purpose {
        Purpose::Test => python::ensure(),
        Purpose::Package => python::environment(),
        Purpose::Run | Purpose::Window => None,
    };
    let tested = python.as_deref().filter(|_| purpose == Purpose::Test);
    let tensorflow_lite = tested.and_then(python::tensorflow_lite);
    // To run Loqa nothing is fetched that is not needed; what is there is used.
    let onnx_runtime = match &python {
        Some(python) => python::onnx_runtime(python),
        None => python::onnx_runtime_here(),
    };
    let browser = (purpose == Purpose::Test).then(browser::ensure).flatten();
    Ok(Tools {
        python,
        tensorflow_lite,
        onnx_runtime,
        browser,
        home_assistant: None,
    })
}
