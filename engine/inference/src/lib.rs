//! Ears and voices in process: what hub and puck need to hear and speak without any downloaded
//! weights. Native libraries are loaded at run time; one that is missing is a named error.

pub mod capture;
pub mod echo;
pub mod onnx;
pub mod playback;
pub mod resample;
pub mod sound;
pub mod stt;
pub mod tts;
pub mod vad;
pub mod wake;
pub mod wav;
