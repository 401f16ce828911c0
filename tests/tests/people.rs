//! People on the command line: who lives here, whose PIN opens the door, and what is written down of it.

use anyhow::{Context, Result, ensure};
use loqa_tests::program::{Ended, Home};
use serde_json::Value;
use std::fs;

#[track_caller]
fn accepted(ended: &Ended) {
    assert_eq!(ended.code, Some(0), "{ended:#?}");
}

#[track_caller]
fn refused(ended: &Ended, named: &str) {
    assert_eq!(ended.code, Some(1), "{ended:#?}");
    assert!(ended.err.contains(named), "no `{named}`: {ended:#?}");
    assert!(!ended.err.contains("panicked"), "{ended:#?}");
}

/// What is said to each sentence of one conversation.
fn asked(home: &Home, sentences: &[&str]) -> Result<Vec<Value>> {
    let ended = home.run([&["ask", "--json"], sentences].concat())?;
    accepted(&ended);
    Ok(ended.turns()?)
}

fn people(home: &Home) -> Result<Value> {
    let ended = home.run(["people", "list", "--json"])?;
    let mut documents = ended.json()?;
    documents.pop().with_context(|| format!("{ended:#?}"))
}

#[test]
fn an_owner_decides_and_their_pin_opens_the_door() -> Result<()> {
    let home = Home::new()?.deaf()?;
    let loqa = |args: &[&str], input: &str| home.run_with_input(args, input.as_bytes());
    // Nobody is set up: it is as it ever was.
    let turns = asked(&home, &["unlock the front door", "yes"])?;
    assert_eq!(turns[0]["reply"], "Shall I unlock the front door?");
    asked(&home, &["lock the front door"])?;

    accepted(&loqa(&["people", "add", "Ada", "--role", "owner"], "")?);
    refused(&loqa(&["people", "add", "ada"], "")?, "already");
    refused(&loqa(&["people", "pin", "Ada"], "12\n")?, "4 to 12 digits");
    accepted(&loqa(&["people", "pin", "Ada"], "1815\n")?);
    // From now on an owner's PIN is needed for changes.
    refused(&loqa(&["people", "add", "Bo"], "0000\n")?, "not the PIN");
    let guest = [
        "people",
        "add",
        "Bo",
        "--role",
        "guest",
        "--until",
        "2999-12-31",
    ];
    accepted(&loqa(&guest, "1815\n")?);
    accepted(&loqa(&["people", "pin", "bo"], "1815\n2222\n")?);
    accepted(&loqa(&["people", "place", "room:office", "Ada"], "1815\n")?);
    let rule = [
        "people", "rule", "refuse", "--risk", "private", "--from", "22:00", "--to", "6:00",
    ];
    accepted(&loqa(&rule, "1815\n")?);

    let turns = asked(&home, &["unlock the front door", "0000", "2222"])?;
    assert_eq!(
        turns[0]["reply"],
        "Shall I unlock the front door? What is the PIN?"
    );
    assert_eq!(turns[1]["reply"], "That is not the PIN. What is the PIN?");
    assert_eq!(
        (&turns[1]["text"], &turns[2]["text"]),
        (&"".into(), &"".into())
    );
    let opened = turns[2]["reply"].as_str().unwrap_or_default();
    ensure!(opened.contains("front door"), "{opened}");
    assert_eq!(turns[2]["steps"][0]["intent"], "home.unlock");

    let now = people(&home)?;
    assert_eq!(now["locked"], true);
    assert_eq!(now["people"][1]["role"], "guest");
    assert_eq!(now["rules"][0]["ruling"], "refuse");
    refused(
        &loqa(&["people", "remove", "Ada"], "1815\n")?,
        "another owner",
    );
    accepted(&loqa(&["people", "remove", "Bo"], "1815\n")?);
    assert_eq!(people(&home)?["people"].as_array().map(Vec::len), Some(1));

    let audit = home.run(["skill", "audit", "--json"])?;
    let rows = audit.json()?;
    let deeds: Vec<_> = rows.iter().filter(|row| row["skill"] == "people").collect();
    let what = deeds.iter().map(|row| {
        let part = |name: &str| row[name].as_str().unwrap_or("-").to_owned();
        format!(
            "{} {} {}",
            part("what"),
            part("permission"),
            part("decision")
        )
    });
    assert_eq!(
        what.collect::<Vec<_>>(),
        [
            "person owner allowed",
            "person-pin set allowed",
            "person - refused",
            "person guest allowed",
            "person-pin set allowed",
            "place 1 allowed",
            "rule refuse allowed",
            "person-gone - allowed",
        ]
    );
    // No names and no digits, in any file.
    for name in ["loqa.db", "loqa.db-wal", "audit.db"] {
        let bytes = fs::read(home.path(&format!("data/{name}"))).unwrap_or_default();
        for words in ["Ada", "1815", "2222"] {
            let found = bytes.windows(words.len()).any(|it| it == words.as_bytes());
            ensure!(!found, "{words} in {name}");
        }
    }
    // Who changes what was written down is found out.
    let verified = loqa(&["audit", "verify"], "")?;
    accepted(&verified);
    ensure!(verified.out.contains("machines: 8 entries are what"));
    let audit = rusqlite::Connection::open(home.path("data/audit.db"))?;
    let forged = "UPDATE audit SET decision = 'allowed' WHERE decision = 'refused'";
    ensure!(audit.execute(forged, [])? == 1);
    refused(&loqa(&["audit", "verify"], "")?, "machines was changed");
    Ok(())
}
