//! `loqa skill install`: a skill becomes part of this household, once somebody has seen what it may do.

use super::{problem, said, shelf};
use crate::{
    cli::{Common, output},
    hub::household,
    skills::{Installed, Looked, Package},
};
use loqa_protocol::Problem;
use serde_json::json;
use std::{
    io::{self, BufRead, IsTerminal, Write},
    path::Path,
    process::ExitCode,
};

/// Installs the skill in a folder or package, without asking if `yes`.
pub fn run(common: &Common, from: &Path, yes: bool) -> Result<ExitCode, Problem> {
    let (config, shelf) = shelf(common)?;
    not_from_within(&Installed::in_folder(&config.hub.data), from)?;
    let offer = shelf.look(&Package::read(from)?, &household(&config)?)?;
    let looked = offer.looked.clone();
    let Looked { name, version, .. } = &looked;
    if !common.json {
        present(&looked);
    }
    if !yes && !agrees(common, name)? {
        shelf.decline(&looked);
        output::print_line("Nothing was installed.");
        return Ok(ExitCode::FAILURE);
    }
    let current = offer.install()?;
    let words = match (current.pinned, current.disabled) {
        (true, _) => format!(
            "{name} {version} is kept, and {} stays: `loqa skill pin {name} {version}` has it count.",
            current.version
        ),
        (_, true) => format!("{name} {version} is installed, and disabled as before."),
        _ => format!("{name} {version} is installed."),
    };
    let wanted = looked.permissions.iter().map(|it| &it.permission);
    let document = json!({
        "name": name,
        "version": current.version,
        "installed": version,
        "permissions": wanted.collect::<Vec<_>>(),
        "new_permissions": looked.added().map(|it| &it.permission).collect::<Vec<_>>(),
    });
    Ok(said(common, &words, &document))
}

/// What is installed is not installed from itself.
fn not_from_within(installed: &Installed, from: &Path) -> Result<(), Problem> {
    let real = |path: &Path| path.canonicalize().ok();
    match (real(from), real(installed.path())) {
        (Some(real), Some(to)) if real.starts_with(&to) => Err(problem(
            "within",
            format!("{} is in the folder of installed skills", from.display()),
            "name what it was installed from",
        )),
        _ => Ok(()),
    }
}

/// Shows what it is and may do.
fn present(looked: &Looked) {
    let Looked { name, version, .. } = looked;
    let over = looked.before.as_ref();
    let over = over.map(|before| format!(", in place of {before}"));
    output::print_line(&format!("{name} {version}{}", over.unwrap_or_default()));
    if !looked.description.is_empty() {
        output::print_line(&looked.description);
    }
    let say = |sentence: &str| output::print_line(&format!("  {sentence}"));
    let (added, kept): (Vec<_>, Vec<_>) = looked.permissions.iter().partition(|it| it.new);
    kept.iter().for_each(|wanted| say(&wanted.sentence));
    looked.always.iter().for_each(|sentence| say(sentence));
    if !added.is_empty() {
        output::print_line(match looked.before {
            Some(_) => "This version also wants what the one before could not do:",
            None => "It wants to be allowed:",
        });
        added.iter().for_each(|wanted| say(&wanted.sentence));
    }
}

fn agrees(common: &Common, name: &str) -> Result<bool, Problem> {
    if common.json || !io::stdin().is_terminal() {
        return Err(problem(
            "not_asked",
            format!("nobody can be asked here whether {name} may be installed"),
            "nothing was installed; add --yes where what it may do is known and wanted",
        ));
    }
    print!("Install it? [y/N] ");
    let _ = io::stdout().flush();
    let mut answer = String::new();
    let read = io::stdin().lock().read_line(&mut answer);
    Ok(read.is_ok() && matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}
