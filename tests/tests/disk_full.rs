//! A disk that is full: the household goes on, the hub says what it could not keep, and keeps it as
//! soon as there is room.

use anyhow::{Context, Result, ensure};
use loqa_engine::store::Store;
use loqa_tests::{conversation::Conversation, program::Home};
use std::{
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};
use tokio::time::{sleep, timeout};

/// What has not happened by then does not happen.
const CEILING: Duration = Duration::from_secs(100);
const NOT_SAVED: &str = "could not save";

/// A disk of 8 MiB, mounted for one test.
struct SmallDisk(PathBuf);

impl SmallDisk {
    /// `None` without the right to mount.
    fn mount(at: &Path) -> Result<Option<SmallDisk>> {
        fs::create_dir_all(at)?;
        let mut mount = Command::new("mount");
        mount
            .args(["-t", "tmpfs", "-o", "size=8m", "tmpfs"])
            .arg(at)
            .stderr(Stdio::null());
        let mounted = mount.status().is_ok_and(|status| status.success());
        Ok(mounted.then(|| SmallDisk(at.to_owned())))
    }

    fn filler(&self) -> PathBuf {
        self.0.join("filler")
    }

    /// Leaves no byte.
    fn fill(&self) -> Result<()> {
        let mut filler = File::options()
            .create(true)
            .append(true)
            .open(self.filler())?;
        while filler.write_all(&[1; 4096]).is_ok() {}
        Ok(())
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Also while a hub that failed the test still has files in it.
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_costs_nothing_but_durability_and_the_hub_says_so() -> Result<()> {
    let home = Home::new()?.deaf()?;
    let data = home.path("data");
    let Some(disk) = SmallDisk::mount(&data)? else {
        eprintln!("skipped: no right to mount a small disk");
        return Ok(());
    };
    let hub = home.hub()?;
    let mut talk = Conversation::open(&data).await?;
    let kept = talk.ask("set a timer called egg for one hour").await?;
    ensure!(
        kept.done && !kept.summary.reply.contains(NOT_SAVED),
        "{}",
        kept.summary.reply
    );
    talk.ask("set a timer called tea for three seconds").await?;

    disk.fill()?;
    // Pages that the journal already has may still take a few.
    let mut reply = String::new();
    for number in 0..200 {
        let answer = talk
            .ask(&format!("add {} to the shopping list", letters(number)))
            .await?;
        ensure!(answer.done, "{}", answer.summary.reply);
        reply = answer.summary.reply;
        if reply.contains(NOT_SAVED) {
            break;
        }
    }
    assert!(reply.contains(NOT_SAVED), "{reply}");
    let unkept = talk.ask("set a timer called pasta for two hours").await?;
    assert!(
        unkept.done && unkept.summary.reply.contains(NOT_SAVED),
        "{}",
        unkept.summary.reply
    );

    // The household goes on in memory.
    timeout(
        CEILING,
        until(&mut talk, |timers| state(timers, "tea") == Some("ringing")),
    )
    .await
    .context("the timer does not ring")??;
    let timers = talk.timers().await?;
    assert_eq!(
        (state(&timers, "egg"), state(&timers, "pasta")),
        (Some("running"), Some("running"))
    );
    let doctor = home.run(["doctor"])?;
    assert_ne!(doctor.code, Some(0), "{doctor:#?}");
    assert!(
        doctor.out.contains("could not be kept on disk")
            && doctor.out.contains("free some disk space"),
        "{doctor:#?}"
    );

    // Room again: kept without being asked, so that not even a kill can lose it any more.
    fs::remove_file(disk.filler())?;
    let saved = async {
        while !talk
            .doctor()
            .await?
            .iter()
            .any(|check| check["what"] == "data" && check["ok"] == true)
        {
            sleep(Duration::from_millis(20)).await;
        }
        Ok::<_, anyhow::Error>(())
    };
    timeout(CEILING, saved)
        .await
        .context("nothing is saved when there is room again")??;
    drop(hub);
    let household = Store::open(&data)?.snapshot();
    let mut names: Vec<&str> = household
        .timers
        .values()
        .filter_map(|timer| timer.name.as_deref())
        .collect();
    names.sort_unstable();
    assert_eq!(names, ["egg", "pasta", "tea"]);
    assert!(!household.lists["shopping_list"].is_empty());
    Ok(())
}

async fn until(
    talk: &mut Conversation,
    holds: impl Fn(&[serde_json::Value]) -> bool,
) -> Result<()> {
    while !holds(&talk.timers().await?) {
        sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}

fn state<'t>(timers: &'t [serde_json::Value], name: &str) -> Option<&'t str> {
    timers.iter().find(|timer| timer["name"] == name)?["state"].as_str()
}

/// A word of its own, long enough to fill pages.
fn letters(number: usize) -> String {
    let word = [b'b', b'd', b'f', b'g', b'k', b'm'][number % 6];
    let vowel = [b'a', b'i', b'u'][number / 6 % 3];
    let syllable = [char::from(word), char::from(vowel)];
    (0..60 + number).map(|place| syllable[place % 2]).collect()
}
