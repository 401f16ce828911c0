//! Scenarios, properties, faults and benches that span the whole of Loqa.
pub mod api;
pub mod browser;
pub mod coffee;
pub mod conversation;
pub mod echo_room;
pub mod hassil;
pub mod home_assistant;
pub mod kill;
pub mod kokoro_model;
#[path = "../../engine/workers/llm/tests/model/mod.rs"]
pub mod llama_model;
pub mod program;
pub mod sound_server;
pub mod street;
pub mod voices;
pub mod whisper_model;
pub mod window;
