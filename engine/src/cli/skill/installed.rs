//! `loqa skill list|info|permissions|disable|enable|pin|rollback|remove|audit`: the skills that are here.

use super::{problem, said, shelf};
use crate::{
    cli::{Common, output},
    skills::permissions,
};
use loqa_core::manifest::Manifest;
use loqa_protocol::Problem;
use serde_json::json;
use std::process::ExitCode;

/// Prints a line for each skill.
pub fn list(common: &Common) -> Result<ExitCode, Problem> {
    for skill in shelf(common)?.1.all()? {
        if common.json {
            output::print_json(&skill.document());
            continue;
        }
        let about = match &skill.manifest {
            Ok(manifest) => manifest.description.clone(),
            Err(reason) => reason.clone(),
        };
        let line = format!(
            "{:<16} {:<10} {:<24} {about}",
            skill.name,
            skill.version(),
            skill.state()
        );
        output::print_line(line.trim_end());
    }
    Ok(ExitCode::SUCCESS)
}

/// Prints what there is to know about one.
pub fn info(common: &Common, name: &str) -> Result<ExitCode, Problem> {
    let skill = shelf(common)?.1.find(name)?;
    if common.json {
        output::print_json(&skill.document());
        return Ok(ExitCode::SUCCESS);
    }
    output::print_line(&format!(
        "{} {} ({})",
        skill.name,
        skill.version(),
        skill.state()
    ));
    match &skill.manifest {
        Ok(manifest) => {
            if !manifest.description.is_empty() {
                output::print_line(&manifest.description);
            }
            if skill.versions.len() > 1 {
                output::print_line(&format!("versions: {}", skill.versions.join(", ")));
            }
            say_permissions(manifest);
            if !manifest.payloads.is_empty() {
                let topics: Vec<&str> = manifest.payloads.keys().map(String::as_str).collect();
                output::print_line(&format!("publishes: {}", topics.join(", ")));
            }
            let examples = manifest.intents.iter();
            for example in examples.filter_map(|intent| intent.examples.first()) {
                output::print_line(&format!("  \"{}\"", example.say));
            }
        }
        Err(reason) => output::print_line(reason),
    }
    Ok(ExitCode::SUCCESS)
}

/// Prints what one may do.
pub fn permissions(common: &Common, name: &str) -> Result<ExitCode, Problem> {
    let skill = shelf(common)?.1.find(name)?;
    let manifest = skill
        .manifest
        .map_err(|reason| problem("skill", reason, "remove it with `loqa skill remove NAME`"))?;
    if common.json {
        for permission in &manifest.permissions {
            output::print_json(&json!({
                "permission": permission,
                "sentence": permissions::sentence(permission),
            }));
        }
    } else {
        say_permissions(&manifest);
    }
    Ok(ExitCode::SUCCESS)
}

/// Has one count no more, or again.
pub fn switch(common: &Common, name: &str, on: bool) -> Result<ExitCode, Problem> {
    let changed = shelf(common)?.1.switch(name, on)?;
    let done = if on { "enabled" } else { "disabled" };
    let already = if changed { "" } else { " already" };
    let document = json!({ "name": name, "enabled": on });
    Ok(said(
        common,
        &format!("{name} is {done}{already}."),
        &document,
    ))
}

/// Has a version of one count from now on, whatever is installed later; or its latest, and later ones.
pub fn pin(common: &Common, name: &str, version: &str) -> Result<ExitCode, Problem> {
    let current = shelf(common)?.1.pin(name, version)?;
    let (version, pinned) = (&current.version, current.pinned);
    let words = if pinned {
        format!("{name} stays at {version}.")
    } else {
        format!("{name} is at {version}, and follows what is installed later.")
    };
    let document = json!({ "name": name, "version": version, "pinned": pinned });
    Ok(said(common, &words, &document))
}

/// Has the version before count.
pub fn rollback(common: &Common, name: &str) -> Result<ExitCode, Problem> {
    let current = shelf(common)?.1.rollback(name)?;
    let (version, pinned) = (&current.version, current.pinned);
    let document = json!({ "name": name, "version": version, "pinned": pinned });
    let words = format!("{name} is at {version} again.");
    Ok(said(common, &words, &document))
}

/// Takes one away with all its versions.
pub fn remove(common: &Common, name: &str) -> Result<ExitCode, Problem> {
    let removed = shelf(common)?.1.remove(name)?;
    let words = format!(
        "{name} is removed with all its versions. What it has done stays: timers run on, lists keep their items, devices stay as they are, and what it kept for itself waits for it to come back."
    );
    let document = json!({ "name": name, "removed": removed });
    Ok(said(common, &words, &document))
}

/// Prints what was written down, oldest first.
pub fn audit(common: &Common) -> Result<ExitCode, Problem> {
    for entry in shelf(common)?.1.audit(usize::MAX)? {
        if common.json {
            output::print_json(&json!(entry));
            continue;
        }
        let at = jiff::Timestamp::from_millisecond(entry.at_ms).unwrap_or_default();
        let at = at.to_zoned(jiff::tz::TimeZone::system());
        let line = format!(
            "{}  {:<8} {:<9} {} {} {}",
            at.strftime("%Y-%m-%d %H:%M:%S"),
            entry.decision,
            entry.what,
            entry.skill,
            entry.version,
            entry.permission.unwrap_or_default()
        );
        output::print_line(line.trim_end());
    }
    Ok(ExitCode::SUCCESS)
}

fn say_permissions(manifest: &Manifest) {
    for sentence in permissions::sentences(&manifest.permissions) {
        output::print_line(&format!("  {sentence}"));
    }
}
