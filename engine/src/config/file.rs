//! Reads a `loqa.toml`: its values, and on which line each stands.

use super::{Config, SECTIONS};
use loqa_core::document::{FileError, nearest};
use std::{collections::BTreeMap, ops::Range, path::Path};
use toml::{
    Table,
    de::{DeTable, DeValue},
};

/// The file's table, and `section.key` → line from 1.
///
/// # Errors
/// Every unknown section and key, or the first other mistake.
pub(super) fn read(
    path: &Path,
    text: &str,
) -> Result<(Table, BTreeMap<String, usize>), Vec<FileError>> {
    let error = |span: Range<usize>, message: String, help: String| {
        let (line, column) = position(text, span.start);
        FileError {
            file: path.display().to_string(),
            line,
            column,
            message,
            help,
        }
    };
    let toml = |toml: toml::de::Error| {
        vec![error(
            toml.span().unwrap_or(0..0),
            toml.message().to_owned(),
            String::new(),
        )]
    };
    let document = DeTable::parse(text).map_err(toml)?;
    let mut errors = Vec::new();
    let mut lines = BTreeMap::new();
    for (section, content) in document.get_ref() {
        let Some((name, _, keys)) = SECTIONS.iter().find(|(name, ..)| name == section.get_ref())
        else {
            let known = SECTIONS.iter().map(|(name, ..)| *name);
            let help = nearest(section.get_ref(), known).map_or_else(
                || {
                    format!(
                        "sections are {}",
                        SECTIONS
                            .iter()
                            .map(|(name, ..)| format!("[{name}]"))
                            .collect::<Vec<_>>()
                            .join(", ")
                    )
                },
                |near| format!("did you mean [{near}]?"),
            );
            errors.push(error(
                section.span(),
                format!("unknown section `{}`", section.get_ref()),
                help,
            ));
            continue;
        };
        let DeValue::Table(content) = content.get_ref() else {
            continue;
        };
        for key in content.keys() {
            if keys.iter().any(|known| known.name == key.get_ref()) {
                lines.insert(
                    format!("{name}.{}", key.get_ref()),
                    position(text, key.span().start).0,
                );
                continue;
            }
            let help = nearest(key.get_ref(), keys.iter().map(|known| known.name)).map_or_else(
                || {
                    format!(
                        "keys of [{name}] are {}",
                        keys.iter()
                            .map(|known| known.name)
                            .collect::<Vec<_>>()
                            .join(", ")
                    )
                },
                |near| format!("did you mean `{near}`?"),
            );
            errors.push(error(
                key.span(),
                format!("unknown key `{}` in [{name}]", key.get_ref()),
                help,
            ));
        }
    }
    if !errors.is_empty() {
        errors.sort_by_key(|error| (error.line, error.column));
        return Err(errors);
    }
    // Only for its errors, which still know their places.
    toml::from_str::<Config>(text).map_err(toml)?;
    let table = text.parse().map_err(toml)?;
    Ok((table, lines))
}

/// Line and column of a byte offset, from 1; columns count characters.
fn position(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    (
        before.matches('\n').count() + 1,
        before[line_start..].chars().count() + 1,
    )
}
