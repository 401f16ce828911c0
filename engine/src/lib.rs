//! The Loqa hub: sessions, skills, store and gateway around the pure core.

pub mod alarm;
pub mod api;
pub mod backup;
mod changes;
pub mod cli;
pub mod config;
mod core_dumps;
pub mod egress;
pub mod event_store;
pub mod gateway;
pub mod home_assistant;
pub mod hub;
mod keyring;
pub mod keys;
mod library;
pub mod models;
mod nodes;
mod people;
pub mod session;
pub mod skills;
pub mod sounds;
pub mod store;
pub mod tasks;
pub mod telemetry;
mod whole_file;
pub mod wipe;
pub mod workers;
