//! What the compiler does not check: who may depend on whom, and what a reader of the sources must
//! never stumble over.

use std::{
    collections::BTreeMap,
    fmt::Write,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// The dependencies within the workspace, as ARCHITECTURE.md draws them.
const EDGES: &[(&str, &[&str])] = &[
    ("loqa-protocol", &[]),
    ("loqa-core", &["loqa-protocol"]),
    ("loqa-inference", &["loqa-core", "loqa-protocol"]),
    ("loqa-fence", &[]),
    ("loqa-link", &["loqa-protocol"]),
    ("loqa-jobs", &["loqa-core", "loqa-protocol"]),
    (
        "loqa-stt-worker",
        &["loqa-core", "loqa-fence", "loqa-jobs", "loqa-protocol"],
    ),
    (
        "loqa-llm-worker",
        &["loqa-fence", "loqa-jobs", "loqa-protocol"],
    ),
    (
        "loqa-node",
        &[
            "loqa-core",
            "loqa-inference",
            "loqa-jobs",
            "loqa-link",
            "loqa-protocol",
        ],
    ),
    ("loqa-skill-sdk", &[]),
    ("loqa-skill-clock", &["loqa-skill-sdk"]),
    ("loqa-skill-home", &["loqa-skill-sdk"]),
    ("loqa-skill-calculator", &["loqa-skill-sdk"]),
    ("loqa-skill-timers", &["loqa-skill-sdk"]),
    ("loqa-skill-alarms", &["loqa-skill-sdk"]),
    ("loqa-skill-host", &["loqa-fence", "loqa-skill-sdk"]),
    (
        "loqa-extism-timers",
        &["loqa-skill-sdk", "loqa-skill-timers"],
    ),
    (
        "loqa-engine",
        &[
            "loqa-protocol",
            "loqa-core",
            "loqa-inference",
            "loqa-jobs",
            "loqa-link",
            "loqa-skill-host",
            "loqa-skill-sdk",
            "loqa-skill-clock",
            "loqa-skill-home",
            "loqa-skill-timers",
            "loqa-skill-alarms",
            "loqa-skill-calculator",
        ],
    ),
    (
        "loqa-tests",
        &[
            "loqa-protocol",
            "loqa-core",
            "loqa-inference",
            "loqa-engine",
            "loqa-jobs",
            "loqa-link",
            "loqa-ui",
            "loqa-skill-host",
            "loqa-skill-sdk",
            "loqa-skill-clock",
            "loqa-skill-home",
            "loqa-skill-timers",
            "loqa-skill-calculator",
        ],
    ),
    ("loqa-ui", &["loqa-protocol"]),
    ("loqa-desktop", &["loqa-engine", "loqa-protocol", "loqa-ui"]),
    ("bindgen", &[]),
    ("xtask", &[]),
];

/// What a package may not use, because its part of the house has no operating system under it.
const PURE: &[(&str, &[&str])] = &[
    (
        "loqa-protocol",
        &["tokio", "libloading", "rusqlite", "rodio", "jiff", "anyhow"],
    ),
    (
        "loqa-core",
        &[
            "tokio",
            "libloading",
            "rusqlite",
            "rodio",
            "hound",
            "anyhow",
        ],
    ),
    ("loqa-inference", &["tokio", "rusqlite", "anyhow"]),
    ("loqa-link", &["libloading", "rusqlite", "rodio", "anyhow"]),
    ("loqa-jobs", &["libloading", "rusqlite", "rodio", "anyhow"]),
    (
        "loqa-ui",
        &["tokio", "libloading", "rusqlite", "rodio", "jiff", "anyhow"],
    ),
    (
        "loqa-skill-",
        &[
            "tokio",
            "libloading",
            "rusqlite",
            "rodio",
            "jiff",
            "chrono",
            "time",
            "rand",
            "anyhow",
        ],
    ),
];

/// Where native code is called: the libraries, and what skills are compiled to.
const NATIVE: &[&str] = &[
    "engine/inference",
    "engine/skill-host/src/runtime.rs",
    "engine/workers",
];

const LONGEST_FILE: usize = 700;
const LARGEST_FILE: u64 = 1 << 20;

#[test]
fn packages_depend_only_on_those_below_them() {
    let mut wrong = String::new();
    for (name, dependencies) in packages() {
        let Some((_, allowed)) = EDGES.iter().find(|(package, _)| *package == name) else {
            let _ = writeln!(
                wrong,
                "{name} is not in the table of this test and of ARCHITECTURE.md"
            );
            continue;
        };
        let ours = |dependency: &&String| EDGES.iter().any(|(package, _)| package == dependency);
        for dependency in dependencies
            .iter()
            .filter(ours)
            .filter(|dependency| !allowed.contains(&dependency.as_str()))
        {
            let _ = writeln!(wrong, "{name} may not depend on {dependency}");
        }
        for (prefix, forbidden) in PURE {
            for dependency in dependencies.iter().filter(|dependency| {
                name.starts_with(prefix) && forbidden.contains(&dependency.as_str())
            }) {
                let _ = writeln!(
                    wrong,
                    "{name} may not use {dependency}: it does no IO of that kind"
                );
            }
        }
    }
    assert_nothing(&wrong);
}

/// Name → names of its dependencies, of every package of the workspace. Dependencies of tests
/// count only where they are packages of ours.
fn packages() -> BTreeMap<String, Vec<String>> {
    let manifests = files()
        .into_iter()
        .filter(|path| path.file_name().is_some_and(|name| name == "Cargo.toml"));
    let mut packages = BTreeMap::new();
    for path in manifests {
        let manifest: toml::Table = fs::read_to_string(&path).unwrap().parse().unwrap();
        let Some(name) = manifest
            .get("package")
            .and_then(|package| package["name"].as_str())
        else {
            continue;
        };
        let of = |section: &str| -> Vec<String> {
            let table = manifest.get(section).and_then(toml::Value::as_table);
            table
                .into_iter()
                .flat_map(|table| table.keys().cloned())
                .collect()
        };
        let tested_with = of("dev-dependencies")
            .into_iter()
            .filter(|name| name.starts_with("loqa-"));
        let dependencies = of("dependencies")
            .into_iter()
            .chain(of("build-dependencies"))
            .chain(tested_with)
            .collect();
        packages.insert(name.to_owned(), dependencies);
    }
    packages
}

/// Everything that goes out goes through one module, so that it can be permitted, recorded and
/// refused there; and what stays in the house, from one of its machines to another, through one package.
#[test]
fn connections_to_elsewhere_are_opened_in_one_place() {
    let clients = [
        "TcpStream::connect",
        "TcpSocket",
        "UdpSocket",
        "ToSocketAddrs",
        "lookup_host",
        "client::conn",
        "client::legacy",
        "tokio_tungstenite",
        "TlsConnector",
    ];
    let ours = |path: &Path| {
        let product = ["engine", "node-agent", "skills", "src-tauri", "ui"];
        product.iter().any(|folder| path.starts_with(folder))
            && !path.starts_with("engine/src/egress")
            // The one exception: what a household's own machines say to each other, once they are
            // paired, or to be. It goes nowhere but to whom a key or a person vouches for.
            && !path.starts_with("engine/link/src")
            // It tries, and must fail.
            && !path.ends_with("skill-host/src/probe.rs")
            // They stand for browsers and servers.
            && !path.components().any(|part| part.as_os_str() == "tests")
            && !path.ends_with("tests.rs")
    };
    let mut wrong = lines_where(|path, line| {
        is_rust(path) && ours(path) && clients.iter().any(|client| line.contains(client))
    });
    let libraries = [
        "reqwest",
        "ureq",
        "isahc",
        "curl",
        "attohttpc",
        "awc",
        "surf",
        "h3",
    ];
    // Within the house, and in `engine/link` alone.
    let near = ["mdns-sd", "quinn", "socket2"];
    for (name, dependencies) in packages() {
        let forbidden = |it: &&String| {
            let near = near.contains(&it.as_str()) && name != "loqa-link";
            near || libraries.contains(&it.as_str())
        };
        for library in dependencies.iter().filter(forbidden) {
            let _ = writeln!(wrong, "{name} may not use {library}: see engine/src/egress");
        }
    }
    assert_nothing(&wrong);
}

#[test]
fn unsafe_code_stays_where_native_code_is_run() {
    let word = concat!("un", "safe");
    // What a browser calls the right to compile WebAssembly is a word of its own.
    let policy = format!("'wasm-{word}-eval'");
    let is_code = |line: &str| {
        !line.trim_start().starts_with("//")
            && words(&line.replace(&policy, "")).any(|found| found == word)
    };
    let outside = |path: &Path| !NATIVE.iter().any(|place| path.starts_with(place));
    assert_nothing(&lines_where(|path, line| {
        is_rust(path) && outside(path) && is_code(line)
    }));
}

#[test]
fn every_unsafe_block_argues_for_its_safety() {
    let opening = concat!("un", "safe {");
    let mut wrong = String::new();
    for path in files().into_iter().filter(|path| {
        is_rust(path)
            && NATIVE
                .iter()
                .any(|place| path.starts_with(root().join(place)))
    }) {
        let text = fs::read_to_string(&path).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        for (number, line) in lines.iter().enumerate() {
            let argued = lines[number.saturating_sub(8)..=number]
                .iter()
                .any(|line| line.contains("SAFETY:"));
            if line.contains(opening) && !line.trim_start().starts_with("//") && !argued {
                let _ = writeln!(wrong, "{}:{}: {}", shown(&path), number + 1, line.trim());
            }
        }
    }
    assert_nothing(&wrong);
}

#[test]
fn nothing_is_left_for_later() {
    let marks = [
        concat!("TO", "DO"),
        concat!("FIX", "ME"),
        concat!("XX", "X"),
        concat!("unimple", "mented!"),
        concat!("to", "do!("),
    ];
    let own = |path: &Path| path.ends_with("tests/tests/tidy.rs");
    assert_nothing(&lines_where(|path, line| {
        !own(path) && !is_prose_about_marks(path) && marks.iter().any(|mark| line.contains(mark))
    }));
}

/// STYLE.md may name what is not wanted; the licence is not ours to word.
fn is_prose_about_marks(path: &Path) -> bool {
    ["STYLE.md", "LICENSE", "Cargo.lock"]
        .iter()
        .any(|name| path == Path::new(name))
}

#[test]
fn no_file_names_a_folder_of_somebodys_machine() {
    let folders = [
        concat!("/ro", "ot/"),
        concat!("/wo", "rk/"),
        concat!("/Us", "ers/"),
    ];
    assert_nothing(&lines_where(|_, line| {
        folders.iter().any(|folder| line.contains(folder))
    }));
}

#[test]
fn every_file_can_be_read_in_one_sitting() {
    let mut wrong = String::new();
    for path in files() {
        let size = fs::metadata(&path).map_or(0, |file| file.len());
        if size > LARGEST_FILE {
            let _ = writeln!(wrong, "{} has {size} bytes", shown(&path));
        }
        let Some(text) = is_rust(&path).then(|| fs::read_to_string(&path).unwrap()) else {
            continue;
        };
        let generated = text.lines().take(3).any(|line| line.contains("generated"));
        let lines = text.lines().count();
        if lines > LONGEST_FILE && !generated {
            let _ = writeln!(wrong, "{} has {lines} lines: is it one idea?", shown(&path));
        }
    }
    assert_nothing(&wrong);
}

#[test]
fn links_between_documents_lead_somewhere() {
    let mut wrong = String::new();
    for path in files()
        .into_iter()
        .filter(|path| path.extension().is_some_and(|ending| ending == "md"))
    {
        let text = fs::read_to_string(&path).unwrap();
        for target in text
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split([')', ' ']).next())
        {
            let file = target.split('#').next().unwrap_or_default();
            if file.is_empty() || file.contains("://") || file.starts_with("mailto:") {
                continue;
            }
            if !path
                .parent()
                .is_some_and(|folder| folder.join(file).exists())
            {
                let _ = writeln!(
                    wrong,
                    "{} links to {target}, which is not there",
                    shown(&path)
                );
            }
        }
    }
    assert_nothing(&wrong);
}

#[test]
fn what_people_say_is_never_logged() {
    let mut wrong = String::new();
    for path in files()
        .into_iter()
        .filter(|path| is_rust(path) && path.starts_with(root().join("engine")))
    {
        let text = fs::read_to_string(&path).unwrap();
        for call in log_calls(&text).filter(|call| carries_speech(call)) {
            let _ = writeln!(
                wrong,
                "{}: {}",
                shown(&path),
                call.split_whitespace().collect::<Vec<_>>().join(" ")
            );
        }
    }
    assert_nothing(&wrong);
}

/// The arguments of every log line and span in `source`.
fn log_calls(source: &str) -> impl Iterator<Item = &str> {
    const MACROS: [&str; 7] = [
        "trace!(", "debug!(", "info!(", "warn!(", "error!(", "span!(", "event!(",
    ];
    MACROS.into_iter().flat_map(move |name| {
        source.match_indices(name).map(move |(at, _)| {
            let rest = &source[at + name.len()..];
            let mut depth = 1;
            let end = rest.find(|c| {
                depth += match c {
                    '(' => 1,
                    ')' => -1,
                    _ => 0,
                };
                depth == 0
            });
            &rest[..end.unwrap_or(rest.len())]
        })
    })
}

/// Whether a log line carries words of a person, other than as `Redacted`.
fn carries_speech(call: &str) -> bool {
    const SPEECH: [&str; 6] = [
        "text",
        "words",
        "reply",
        "sentence",
        "transcript",
        "utterance_text",
    ];
    let shows = |name: &str| {
        [
            format!("%{name}"),
            format!("?{name}"),
            format!("{{{name}"),
            format!("{name} ="),
        ]
        .iter()
        .any(|way| {
            call.match_indices(way.as_str()).any(|(at, found)| {
                let after = call[at + found.len()..].chars().next();
                !after.is_some_and(|c| c.is_alphanumeric() || c == '_')
            })
        })
    };
    SPEECH.into_iter().any(shows) && !call.contains("Redacted")
}

#[test]
fn the_log_check_sees_what_it_should() {
    assert!(log_calls("info!(turn = 1, %text, \"heard\");").any(carries_speech));
    assert!(log_calls("debug!(\"heard {text:?}\")").any(carries_speech));
    assert!(log_calls("warn!(words = hypothesis.text(), \"late\")").any(carries_speech));
    assert!(!log_calls("info!(text = %Redacted(text), \"heard\")").any(carries_speech));
    assert!(
        !log_calls("info!(text_len = text.len(), \"heard\"); let text = 1;").any(carries_speech)
    );
}

#[test]
fn dependencies_have_permissive_licences() {
    let deny: toml::Table = fs::read_to_string(root().join("deny.toml"))
        .unwrap()
        .parse()
        .unwrap();
    let allowed: Vec<&str> = deny["licenses"]["allow"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(toml::Value::as_str)
        .collect();
    let exceptions = deny["licenses"]["exceptions"].as_array().unwrap();
    let excepted = |name: &str| {
        let of_package = exceptions
            .iter()
            .filter(move |exception| exception["crate"].as_str() == Some(name));
        let licences = of_package.flat_map(|exception| exception["allow"].as_array().unwrap());
        licences.filter_map(toml::Value::as_str).collect::<Vec<_>>()
    };
    let mut wrong = String::new();
    for package in metadata()["packages"].as_array().unwrap() {
        let own = excepted(package["name"].as_str().unwrap());
        // cargo-deny reads the file of a package that has no more; here the exception tells.
        let only_file = || package["license_file"].as_str().and(own.first().copied());
        let licence = package["license"].as_str().or_else(only_file);
        let licence = licence.unwrap_or_default();
        if !permitted(licence, &[&allowed[..], &own].concat()) {
            let _ = writeln!(
                wrong,
                "{} {}: licence `{licence}`",
                package["name"], package["version"]
            );
        }
    }
    assert_nothing(&wrong);
}

/// What cargo knows of the packages that are built on this machine.
fn metadata() -> serde_json::Value {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let version = Command::new("rustc").arg("-vV").output().unwrap();
    let version = String::from_utf8(version.stdout).unwrap();
    let host = version
        .lines()
        .find_map(|line| line.strip_prefix("host: "))
        .unwrap();
    let mut command = Command::new(cargo);
    command.args([
        "metadata",
        "--format-version",
        "1",
        "--locked",
        "--filter-platform",
        host,
    ]);
    let output = command.current_dir(root()).output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Whether an SPDX expression can be satisfied with the allowed licences. `/` is an older way to
/// write OR; AND binds closer than OR.
fn permitted(expression: &str, allowed: &[&str]) -> bool {
    let spaced = expression
        .replace('/', " OR ")
        .replace('(', " ( ")
        .replace(')', " ) ");
    let tokens: Vec<&str> = spaced.split_whitespace().collect();
    let mut at = 0;
    let holds = any_of(&tokens, &mut at, allowed);
    holds && at == tokens.len()
}

fn any_of(tokens: &[&str], at: &mut usize, allowed: &[&str]) -> bool {
    let mut holds = all_of(tokens, at, allowed);
    while tokens.get(*at) == Some(&"OR") {
        *at += 1;
        holds |= all_of(tokens, at, allowed);
    }
    holds
}

fn all_of(tokens: &[&str], at: &mut usize, allowed: &[&str]) -> bool {
    let mut holds = one(tokens, at, allowed);
    while tokens.get(*at) == Some(&"AND") {
        *at += 1;
        holds &= one(tokens, at, allowed);
    }
    holds
}

fn one(tokens: &[&str], at: &mut usize, allowed: &[&str]) -> bool {
    let Some(token) = tokens.get(*at) else {
        return false;
    };
    *at += 1;
    if *token == "(" {
        let holds = any_of(tokens, at, allowed);
        *at += 1;
        return holds;
    }
    if tokens.get(*at) == Some(&"WITH") {
        let whole = format!(
            "{token} WITH {}",
            tokens.get(*at + 1).copied().unwrap_or_default()
        );
        *at += 2;
        return allowed.contains(&whole.as_str()) || allowed.contains(token);
    }
    allowed.contains(token)
}

#[test]
fn licence_expressions_are_read_as_spdx_does() {
    let allowed = ["MIT", "Apache-2.0", "Unicode-3.0"];
    assert!(permitted("MIT OR GPL-3.0-only", &allowed));
    assert!(permitted("MIT/Apache-2.0", &allowed));
    assert!(permitted("(MIT OR Apache-2.0) AND Unicode-3.0", &allowed));
    assert!(permitted("Apache-2.0 WITH LLVM-exception OR MIT", &allowed));
    assert!(!permitted("GPL-3.0-only AND MIT", &allowed));
    assert!(!permitted("", &allowed));
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_path_buf()
}

/// Every file a commit could hold: all but what .gitignore names and git's own.
fn files() -> Vec<PathBuf> {
    let ignored = fs::read_to_string(root().join(".gitignore")).unwrap();
    let ignored: Vec<&str> = ignored
        .lines()
        .map(|line| line.trim_matches('/'))
        .chain([".git"])
        .collect();
    let mut found = Vec::new();
    let mut folders = vec![root()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let skip = ignored.iter().any(|pattern| {
                pattern
                    .strip_prefix('*')
                    .map_or(name == *pattern, |ending| name.ends_with(ending))
            });
            match entry.file_type() {
                Ok(_) if skip => {}
                Ok(kind) if kind.is_dir() => folders.push(entry.path()),
                Ok(kind) if kind.is_file() => found.push(entry.path()),
                _ => {}
            }
        }
    }
    found.sort();
    found
}

/// Every line of every text file for which `wrong` holds, with its place. Paths are relative to
/// the root.
fn lines_where(wrong: impl Fn(&Path, &str) -> bool) -> String {
    let mut report = String::new();
    for path in files() {
        let Ok(text) = fs::read_to_string(&path) else {
            continue;
        };
        let relative = path.strip_prefix(root()).unwrap();
        for (number, line) in text
            .lines()
            .enumerate()
            .filter(|(_, line)| wrong(relative, line))
        {
            let _ = writeln!(
                report,
                "{}:{}: {}",
                relative.display(),
                number + 1,
                line.trim()
            );
        }
    }
    report
}

fn words(line: &str) -> impl Iterator<Item = &str> {
    line.split(|c: char| !c.is_alphanumeric() && c != '_')
}

fn is_rust(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == "rs")
}

fn shown(path: &Path) -> String {
    path.strip_prefix(root())
        .unwrap_or(path)
        .display()
        .to_string()
}

#[track_caller]
fn assert_nothing(wrong: &str) {
    assert!(wrong.is_empty(), "\n{wrong}");
}
