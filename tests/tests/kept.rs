//! What lies on a disk after people have talked to a real hub, and how it goes.

use anyhow::{Context, Result, ensure};
use loqa_inference::wav;
use loqa_tests::{
    conversation::Conversation,
    program::{Home, loqa},
};
use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

/// What has not happened by then does not happen.
const CEILING: Duration = Duration::from_secs(100);
/// Words that nothing else in the world has.
const SAID: &str = "set a timer called zyzzyva quokka for fifty three minutes";
/// What is said to that.
const REPLY: &str = "Zyzzyva quokka timer, 53 minutes, starting now.";
const CANARIES: [&str; 3] = ["zyzzyva", "quokka", "fifty three"];

/// In the home: a spoken command, and what is said to it, as the hub says it.
const SPOKEN: &str = "spoken.wav";
const REPLIED: &str = "replied.wav";

/// A disk in a file: what lies on it can be read byte by byte, deleted files and all.
struct Disk {
    image: PathBuf,
    at: PathBuf,
}

impl Disk {
    /// `None` without the right to mount.
    fn mount(home: &Home, at: &str) -> Result<Option<Disk>> {
        let (image, at) = (home.path("disk.img"), home.path(at));
        fs::create_dir_all(&at)?;
        fs::File::create(&image)?.set_len(64 << 20)?;
        let quiet = |command: &mut Command| {
            let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
            status.is_ok_and(|status| status.success())
        };
        let made = quiet(Command::new("mkfs.ext4").args(["-q", "-F"]).arg(&image))
            && quiet(
                Command::new("mount")
                    .args(["-o", "loop,errors=remount-ro"])
                    .arg(&image)
                    .arg(&at),
            );
        Ok(made.then_some(Disk { image, at }))
    }

    /// From now on it takes nothing any more, as after an error of the disk itself. `false` where the system
    /// cannot be told to.
    fn fail(&self) -> Result<bool> {
        let mut find = Command::new("findmnt");
        let device = find.args(["-no", "SOURCE"]).arg(&self.at).output()?.stdout;
        let device = String::from_utf8(device)?;
        let name = device.trim().trim_start_matches("/dev/");
        let trigger = format!("/sys/fs/ext4/{name}/trigger_fs_error");
        Ok(fs::write(trigger, "1").is_ok())
    }

    /// Every byte of it, as a thief would have it.
    fn bytes(&self) -> Result<Vec<u8>> {
        ensure!(
            Command::new("sync")
                .arg("-f")
                .arg(&self.at)
                .status()?
                .success()
        );
        Ok(fs::read(&self.image)?)
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.at).status();
    }
}

/// A word as it may lie there: as it is, in UTF-16, in digits, in base64 wherever it begins in it.
fn disguises(word: &str) -> Vec<(&'static str, Vec<u8>)> {
    let bytes = word.as_bytes();
    let hex = bytes
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect::<String>();
    let wide = word.encode_utf16();
    let mut all = vec![
        ("UTF-8", bytes.to_vec()),
        ("UTF-16", wide.flat_map(u16::to_le_bytes).collect()),
        ("hexadecimal", hex.to_uppercase().into_bytes()),
        ("hexadecimal", hex.into_bytes()),
    ];
    for before in 0..3 {
        let padded = [&vec![0; before], bytes].concat();
        let text = base64(&padded);
        // The letters at its ends depend on what lies beside it.
        let inner = text[if before == 0 { 0 } else { before + 1 }..text.len() - 3].to_vec();
        all.push(("base64", inner));
    }
    all
}

fn base64(bytes: &[u8]) -> Vec<u8> {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = Vec::new();
    for chunk in bytes.chunks(3) {
        let byte = |at: usize| u32::from(chunk.get(at).copied().unwrap_or_default());
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        text.extend((0..4).map(|at| LETTERS[(bits >> (18 - 6 * at) & 63) as usize]));
    }
    text
}

fn found(disk: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    for word in CANARIES {
        for (how, bytes) in disguises(word) {
            if memchr::memmem::find(disk, &bytes).is_some() {
                found.push(format!("“{word}” as {how}"));
            }
        }
    }
    found
}

/// Sound as it may lie there: pieces of a recording from where it is loud, as integers and as numbers with a point.
fn sound(recording: &Path) -> Result<Vec<(&'static str, Vec<u8>)>> {
    let samples = wav::read(recording)?;
    let loud = |piece: &&[f32]| piece.iter().filter(|it| it.abs() > 0.05).count() > 16;
    let pieces: Vec<&[f32]> = samples.chunks_exact(32).filter(loud).collect();
    ensure!(pieces.len() > 20, "{} is silent", recording.display());
    let integers = |it: &f32| ((it * 32768.0).round() as i16).to_le_bytes();
    let pieces = pieces.iter().step_by(pieces.len() / 20).flat_map(|piece| {
        [
            (
                "16-bit",
                piece.iter().flat_map(integers).collect::<Vec<u8>>(),
            ),
            (
                "32-bit",
                piece.iter().flat_map(|it| it.to_le_bytes()).collect(),
            ),
        ]
    });
    Ok(pieces.collect())
}

fn heard(disk: &[u8], home: &Home) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for name in [SPOKEN, REPLIED] {
        for (how, bytes) in sound(&home.path(name))? {
            if memchr::memmem::find(disk, &bytes).is_some() {
                found.push(format!("{name} as {how} samples"));
            }
        }
    }
    Ok(found)
}

/// A house whose data, temporary files and settings lie on a disk of its own.
async fn talk(home: &Home, disk: &Disk, settings: &str) -> Result<()> {
    let data = disk.at.join("data");
    let (config, temp) = (disk.at.join("loqa.toml"), disk.at.join("tmp"));
    fs::create_dir_all(&temp)?;
    fs::write(&config, settings)?;
    let mut command = Command::new(loqa());
    home.surround(&mut command);
    command
        .args(["hub", "--config"])
        .arg(&config)
        .arg("--data")
        .arg(&data);
    command.env("TMPDIR", &temp).env("LOQA_LOG", "trace");
    let log = fs::File::create(disk.at.join("hub.log"))?;
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log);
    let mut hub = command.spawn()?;
    let outcome = async {
        let until = Instant::now() + CEILING;
        let mut client = loop {
            match Conversation::open(&data).await {
                Ok(client) => break client,
                Err(error) if Instant::now() > until => return Err(error),
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        };
        let limits = fs::read_to_string(format!("/proc/{}/limits", hub.id()))?;
        let cores = limits
            .lines()
            .find(|it| it.starts_with("Max core file size"));
        let none = |line: &str| line.split_whitespace().filter(|it| *it == "0").count() == 2;
        ensure!(
            cores.is_some_and(none),
            "a crash leaves words in a file: {cores:?}"
        );
        for sentence in [
            SAID,
            "how long is left on the zyzzyva quokka timer",
            "cancel the zyzzyva quokka timer",
            "call the quokka a zyzzyva",
        ] {
            client.ask(sentence).await?;
        }
        // The same by voice: what was heard, and what was said to it.
        let mut ask = Command::new(loqa());
        home.surround(&mut ask);
        ask.args(["ask", "--fast", "--wav", SPOKEN, "--data"])
            .arg(&data);
        let asked = ask.output()?;
        ensure!(asked.status.success(), "{asked:?}");
        Ok(())
    }
    .await;
    // Killed: nothing is tidied up.
    hub.kill()?;
    hub.wait()?;
    outcome
}

#[tokio::test(flavor = "multi_thread")]
async fn no_word_lies_on_the_disk_after_people_have_talked() -> Result<()> {
    let home = Home::new()?;
    let Some(disk) = Disk::mount(&home, "disk")? else {
        eprintln!("skipped: no right to mount a disk, or no mkfs.ext4");
        return Ok(());
    };
    for (name, text) in [(SPOKEN, SAID), (REPLIED, REPLY)] {
        let said = home.run(["say", text, "--out", name])?;
        ensure!(said.code == Some(0), "{said:#?}");
    }
    // The search finds what is there.
    fs::write(
        disk.at.join("plain"),
        format!("{SAID} {}", String::from_utf8(base64(b"a quokka b"))?),
    )?;
    ensure!(found(&disk.bytes()?).len() >= 4, "the search is blind");
    fs::copy(home.path(SPOKEN), disk.at.join(SPOKEN))?;
    ensure!(
        !heard(&disk.bytes()?, &home)?.is_empty(),
        "the search is deaf"
    );
    drop(disk);
    let disk = Disk::mount(&home, "disk")?.context("the disk was just there")?;

    talk(&home, &disk, "").await?;
    let events = disk.at.join("data/events.db");
    ensure!(!events.exists(), "ephemeral words were kept");
    ensure!(
        found(&disk.bytes()?) == [""; 0],
        "ephemeral: {:?}",
        found(&disk.bytes()?)
    );
    ensure!(heard(&disk.bytes()?, &home)? == [""; 0], "a voice was kept");

    talk(&home, &disk, "[conversation]\nprivacy = \"session\"\n").await?;
    ensure!(events.exists(), "nothing was kept");
    ensure!(
        found(&disk.bytes()?) == [""; 0],
        "sealed: {:?}",
        found(&disk.bytes()?)
    );
    ensure!(heard(&disk.bytes()?, &home)? == [""; 0], "a voice was kept");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn conversations_are_kept_found_forgotten_and_wiped_with_the_hub_up_and_down() -> Result<()> {
    let home = Home::new()?.deaf()?;
    let data = home.path("data");
    home.write(
        "config/loqa/loqa.toml",
        "[conversation]\nprivacy = \"session\"\n",
    )?;
    let run = |args: &[&str]| -> Result<String> {
        let ended = home.run(args)?;
        ensure!(ended.code == Some(0), "{args:?}: {}", ended.err);
        Ok(ended.out)
    };
    run(&["ask", SAID])?;
    let hub = home.hub()?;
    let mut client = Conversation::open(&data).await?;
    client.ask("add quokka food to the shopping list").await?;
    drop(client);
    let list = run(&["session", "list"])?;
    ensure!(
        list.lines().count() == 2 && list.contains("quokka food"),
        "{list}"
    );
    ensure!(
        run(&["session", "search", "zyzz", "timer"])?
            .lines()
            .count()
            == 1
    );
    let first = run(&["session", "search", "--json", "zyzz"])?;
    let id = serde_json::from_str::<serde_json::Value>(&first)?["conversation"]
        .as_str()
        .context("no id")?
        .to_owned();
    ensure!(
        run(&["session", "show", &id[..8]])?.contains("timers.set"),
        "{}",
        run(&["session", "show", &id[..8]])?
    );
    let page = home.path("page.html");
    run(&[
        "session",
        "export",
        &id,
        "--page",
        page.to_str().context("no path")?,
    ])?;
    ensure!(fs::read_to_string(&page)?.contains("zyzzyva quokka"));
    ensure!(run(&["session", "replay", &id, "--speed", "0"])?.contains("zyzzyva"));
    ensure!(run(&["audit", "verify"])?.contains("are what was written"));
    run(&["session", "forget", &id])?;
    ensure!(run(&["session", "list"])?.lines().count() == 1);
    ensure!(home.run(["session", "show", &id])?.code == Some(1));
    ensure!(run(&["audit", "export"])?.contains("\"forgot\""));

    let backup = home.path("house.age");
    let backup = backup.to_str().context("no path")?;
    run(&["backup", backup])?;
    let kit = format!("{backup}.recovery-kit.txt");

    // Wiped while the hub runs: it ends.
    let begun = Instant::now();
    let said = run(&["wipe", "--yes"])?;
    ensure!(
        said.contains("All keys are destroyed") && said.contains("The hub ends"),
        "{said}"
    );
    ensure!(begun.elapsed() < Duration::from_secs(40));
    ensure!(!data.join("keys").exists() && !data.join("events.db").exists());
    drop(hub);
    ensure!(
        home.run(["session", "list"])?
            .out
            .contains("nothing is kept")
    );
    ensure!(!run(&["ask", "what is on the shopping list"])?.contains("quokka"));

    // Wiped without one, then restored.
    let said = run(&["wipe", "--yes"])?;
    ensure!(!said.contains("The hub ends"), "{said}");
    run(&["restore", backup, "--kit", &kit])?;
    ensure!(run(&["session", "list"])?.contains("quokka food"));
    ensure!(run(&["ask", "what is on the shopping list"])?.contains("quokka food"));
    ensure!(home.run(["restore", backup, "--kit", &kit])?.code == Some(1));
    ensure!(home.run(["wipe"])?.code == Some(1), "it must ask");
    Ok(())
}

/// Whatever is written then, wherever: nothing can be. The house goes on, and says so.
#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_takes_nothing_any_more_costs_nobody_an_answer() -> Result<()> {
    let home = Home::new()?.deaf()?;
    let Some(disk) = Disk::mount(&home, "data")? else {
        eprintln!("skipped: no right to mount a disk, or no mkfs.ext4");
        return Ok(());
    };
    home.write(
        "config/loqa/loqa.toml",
        "[conversation]\nprivacy = \"session\"\n",
    )?;
    let hub = home.hub()?;
    let mut client = Conversation::open(&disk.at).await?;
    let kept = || -> Result<bool> {
        let list = home.run(["session", "list"])?;
        ensure!(list.code == Some(0), "{list:#?}");
        Ok(list.out.contains("quokka food"))
    };
    client.ask("add quokka food to the shopping list").await?;
    let until = Instant::now() + CEILING;
    while !kept()? {
        ensure!(
            Instant::now() < until,
            "nothing is kept on a disk that works"
        );
    }
    if !disk.fail()? {
        eprintln!("skipped: this system has no disk that can be told to fail");
        return Ok(());
    }
    for change in [
        "add quokka beds to the shopping list",
        "set a timer called quokka for one hour",
        "what is on the shopping list",
        "turn on the kitchen lights",
    ] {
        let answer = client.ask(change).await?;
        ensure!(!answer.summary.reply.is_empty(), "{change}: {answer:?}");
    }
    // Commands that only write are refused by name, and the hub stays.
    for refused in [
        &["privacy", "keep", "household", "ephemeral"][..],
        &["people", "add", "Ada"],
        &["backup", "house.age"],
        &["privacy", "seal"],
    ] {
        let ended = home.run(refused)?;
        ensure!(!ended.err.contains("panicked"), "{ended:#?}");
        if refused[1] != "seal" {
            ensure!(
                ended.code == Some(1) && ended.err.contains("help:"),
                "{ended:#?}"
            );
        }
    }
    let until = Instant::now() + CEILING;
    loop {
        let checks = client.doctor().await?;
        let told = checks.iter().filter(|check| check["ok"] == false);
        let told: Vec<_> = told.map(|check| check["what"].to_string()).collect();
        if told.iter().any(|what| what.contains("data"))
            && told.iter().any(|what| what.contains("conversations"))
        {
            break;
        }
        ensure!(
            Instant::now() < until,
            "nobody says that nothing is kept: {told:?}"
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let list = client.ask("what is on the shopping list").await?;
    ensure!(
        list.summary.reply.contains("quokka beds"),
        "{}",
        list.summary.reply
    );
    drop(hub);
    Ok(())
}

/// Nobody's words are kept for good but theirs who agreed to it, and theirs go when they no longer do.
#[test]
fn a_person_agrees_in_so_many_words_and_takes_it_back() -> Result<()> {
    let home = Home::new()?.deaf()?;
    let run = |args: &[&str], typed: &str| -> Result<String> {
        let ended = home.run_with_input(args, typed.as_bytes())?;
        ensure!(ended.code == Some(0), "{args:?}: {}", ended.err);
        Ok(ended.out)
    };
    let kept = || -> Result<Vec<String>> {
        let list = run(&["session", "list", "--json"], "")?;
        let scopes = list.lines().map(|line| -> Result<String> {
            let row: serde_json::Value = serde_json::from_str(line)?;
            Ok(format!("{} {}", row["person"], row["scope"]))
        });
        scopes.collect()
    };
    run(&["people", "add", "Ada"], "")?;
    run(&["people", "pin", "Ada"], "1815\n")?;
    run(&["people", "place", "machine", "Ada"], "")?;
    run(&["ask", SAID], "")?;
    ensure!(kept()?.is_empty(), "nobody has agreed: {:?}", kept()?);

    let keeps = ["people", "keeps", "Ada", "persistent"];
    let unread = home.run(keeps)?;
    ensure!(
        unread.code == Some(1) && unread.err.contains("I agree that Loqa keeps what I say"),
        "{unread:#?}"
    );
    let agreed = [&keeps[..], &["--agreed"]].concat();
    let stranger = home.run_with_input(&agreed, b"0000\n")?;
    ensure!(
        stranger.code == Some(1) && stranger.err.contains("not the PIN"),
        "{stranger:#?}"
    );
    run(&agreed, "1815\n")?;
    run(&["ask", SAID], "")?;
    let ada = serde_json::from_str::<serde_json::Value>(&run(&["people", "list", "--json"], "")?)?;
    ensure!(ada["people"][0]["keeps"] == "persistent", "{ada}");
    let ada = ada["people"][0]["id"].to_string();
    ensure!(
        kept()? == [format!("{ada} \"persistent\"")],
        "{:?}",
        kept()?
    );

    run(&["people", "keeps", "Ada", "ephemeral"], "1815\n")?;
    ensure!(kept()?.is_empty(), "{:?}", kept()?);
    run(&agreed, "1815\n")?;
    run(&["ask", SAID], "")?;
    ensure!(kept()?.len() == 1);
    run(&["people", "remove", "Ada"], "")?;
    ensure!(kept()?.is_empty(), "{:?}", kept()?);
    let audit = run(&["audit", "export"], "")?;
    for deed in [
        "consent_given",
        "consent_withdrawn",
        "\"person\"",
        "until I forget it",
    ] {
        ensure!(audit.contains(deed), "no {deed}: {audit}");
    }
    ensure!(run(&["audit", "verify"], "")?.contains("are what was written"));
    Ok(())
}

/// The document says what there is, all of it, and nothing else.
#[test]
fn the_data_map_names_every_table_and_column_there_is() -> Result<()> {
    let home = Home::new()?.deaf()?;
    home.write(
        "config/loqa/loqa.toml",
        "[conversation]\nprivacy = \"session\"\n",
    )?;
    ensure!(home.run(["ask", SAID])?.code == Some(0));
    let map = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/privacy.md"))?;
    let mut tables = Vec::new();
    for file in ["loqa.db", "events.db", "audit.db"] {
        let database = rusqlite::Connection::open(home.path("data").join(file))?;
        let mut names = database.prepare(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
        )?;
        let names = names.query_map([], |row| row.get::<_, String>(0))?;
        for name in names {
            tables.push((file, name?));
        }
    }
    for (file, table) in &tables {
        let row = map.lines().find(|line| {
            line.starts_with('|')
                && line.contains(&format!("`{file}`"))
                && line.contains(&format!("`{table}`"))
        });
        ensure!(
            row.is_some(),
            "docs/privacy.md does not say what lies in {table} of {file}"
        );
    }
    for row in map
        .lines()
        .filter(|line| line.starts_with("| ") && line.contains(".db`: "))
    {
        let place = row.split('|').nth(2).context("a row has columns")?;
        let (file, names) = place.split_once(": ").context("a file, then tables")?;
        let file = file.trim().trim_matches('`');
        for name in names.split(';').next().unwrap_or_default().split(", ") {
            let name = name.trim().trim_matches('`');
            let known = tables
                .iter()
                .any(|(of, table)| *of == file && table == name);
            ensure!(
                known,
                "docs/privacy.md tells of {name} in {file}, which is not there"
            );
        }
    }
    Ok(())
}
