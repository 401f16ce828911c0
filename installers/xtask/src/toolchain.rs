//! Says so first when Rust is too old.

use crate::command::{Failed, cargo, installed, quiet};

/// What the workspace's `rust-version` asks for.
const OLDEST: (u32, u32) = (1, 95);

/// Compares the toolchain's version with what the workspace needs.
///
/// # Errors
/// [`Failed`] naming both versions and what to type.
pub fn check() -> Result<(), Failed> {
    // `cargo 1.95.0 (…)`; cargo and rustc of one toolchain carry the same number.
    let Some(version) = quiet(cargo().arg("--version")) else {
        return Ok(());
    };
    match parse(&version) {
        Some(found) if found < OLDEST => Err(Failed {
            step: "rust".into(),
            reason: format!(
                "Loqa needs Rust {}.{}, this is {}.{}",
                OLDEST.0, OLDEST.1, found.0, found.1
            ),
            remedy: if installed("rustup") {
                "type: rustup update stable".into()
            } else {
                "your system's Rust is too old: install the current one from https://rustup.rs"
                    .into()
            },
            code: 1,
        }),
        _ => Ok(()),
    }
}

fn parse(version: &str) -> Option<(u32, u32)> {
    let mut numbers = version.split_whitespace().nth(1)?.split('.');
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn versions_compare_as_numbers() {
        assert_eq!(parse("cargo 1.95.0 (f2d3ce0bd 2026-03-21)"), Some((1, 95)));
        assert!(parse("cargo 1.100.0-nightly (x)") > parse("cargo 1.95.0 (y)"));
        assert_eq!(parse("?"), None);
    }
}
