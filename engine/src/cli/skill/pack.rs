//! `loqa skill pack`: a skill's folder becomes one file.

use super::{problem, said};
use crate::{
    cli::Common,
    skills::{ENDING, Package},
    whole_file,
};
use loqa_protocol::Problem;
use serde_json::json;
use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

/// Packs the skill in `folder` into `out`, or into a file of its name and version, here.
pub fn run(common: &Common, folder: &Path, out: Option<PathBuf>) -> Result<ExitCode, Problem> {
    let package = Package::read(folder)?;
    let manifest = package.manifest()?;
    let file = format!("{}-{}.{ENDING}", manifest.name, manifest.version);
    let out = out.unwrap_or_else(|| file.into());
    whole_file::write_plain(&out, &package.pack()?).map_err(|error| {
        problem(
            "disk",
            format!("cannot write {}: {error}", out.display()),
            "choose another file with --out",
        )
    })?;
    let out = out.display().to_string();
    let document = json!({ "name": manifest.name, "version": manifest.version, "file": out });
    Ok(said(
        common,
        &format!(
            "{out} is the skill: `loqa skill install` and the dashboard's page Skills take it."
        ),
        &document,
    ))
}
