//! `loqa skill init`: a folder that is a skill at once, to be changed from there.

use super::problem;
use crate::{cli::output, whole_file};
use loqa_protocol::Problem;
use std::{fs, path::Path, process::ExitCode};

/// What stands for the skill's name.
const NAME: &str = "NAME";

macro_rules! sdk {
    ($($file:literal),*) => {
        [$((concat!("sdk/src/", $file), include_str!(concat!("../../../../skills/sdk/src/", $file)))),*]
    };
}

/// The SDK as this program speaks it: a skill is built against that, whatever there is elsewhere.
const SDK: [(&str, &str); 13] = sdk!(
    "alarm.rs",
    "civil.rs",
    "component.rs",
    "device.rs",
    "elsewhere.rs",
    "lib.rs",
    "list.rs",
    "macros.rs",
    "storage.rs",
    "testing.rs",
    "value.rs",
    "when.rs",
    "wording.rs"
);

/// Makes the folder.
pub fn run(folder: &Path, code: bool) -> Result<ExitCode, Problem> {
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    let letters = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if !name.starts_with(|c: char| c.is_ascii_lowercase()) || !name.chars().all(letters) {
        return Err(problem(
            "name",
            format!("`{name}` cannot be the name of a skill"),
            "use lower-case letters, digits and _, a letter first",
        ));
    }
    if fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some()) {
        return Err(problem(
            "in_the_way",
            format!("{} is there already, and not empty", folder.display()),
            "choose another name, or remove what is there",
        ));
    }
    let mut files: Vec<(&str, &str)> = Vec::new();
    if code {
        files.push(("skill.yaml", include_str!("template/code.yaml")));
        files.push(("Cargo.toml", include_str!("template/cargo.toml")));
        files.push(("src/lib.rs", include_str!("template/lib.rs")));
        files.push((".gitignore", "target\n*.wasm\n"));
        files.push(("sdk/Cargo.toml", include_str!("template/sdk.toml")));
        files.push((
            "wit/loqa.wit",
            include_str!("../../../../skills/wit/loqa.wit"),
        ));
        files.extend(SDK);
    } else {
        files.push(("skill.yaml", include_str!("template/manifest.yaml")));
    }
    for (file, text) in files {
        let path = folder.join(file);
        let own = !file.starts_with("sdk/") && !file.starts_with("wit/");
        let text = if own {
            text.replace(NAME, &name)
        } else {
            text.into()
        };
        whole_file::write_plain(&path, text.as_bytes()).map_err(|error| {
            problem(
                "disk",
                format!("cannot write {}: {error}", path.display()),
                "free some space, or choose a folder that can be written",
            )
        })?;
    }
    output::print_line(&format!("{} is a skill. Next:", folder.display()));
    let shown = shown(folder);
    if code {
        output::print_line(&format!("  loqa skill build {shown}"));
    }
    output::print_line(&format!("  loqa skill test {shown}"));
    output::print_line(&format!("  loqa hub --skills {shown}"));
    Ok(ExitCode::SUCCESS)
}

/// As a shell takes it.
fn shown(folder: &Path) -> String {
    let path = folder.display().to_string();
    if path.contains(' ') {
        format!("'{path}'")
    } else {
        path
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_skill_has_the_whole_sdk() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../skills/sdk/src");
        let files = fs::read_dir(folder).unwrap().map(|entry| {
            let name = entry.unwrap().file_name().into_string().unwrap();
            format!("sdk/src/{name}")
        });
        let mut files: Vec<_> = files.collect();
        files.sort();
        assert_eq!(SDK.map(|(name, _)| name).to_vec(), files);
    }
}
