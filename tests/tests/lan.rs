//! Households as they are: hubs and nodes on machines of their own, with a network between them that fails.

use anyhow::{Result, ensure};
use expect_test::{Expect, expect};
use loqa_tests::lan::{
    Family,
    deaths::deaths,
    faults::{FAULTS, Fault},
    refused,
    scene::play,
};
use std::{path::Path, thread};

#[track_caller]
fn check(family: Family, scene: &str, expected: Expect) -> Result<()> {
    if let Some(why) = refused() {
        eprintln!("skipped: {why}");
        return Ok(());
    }
    let bench = Path::new(env!("CARGO_BIN_EXE_loqa-bench"));
    expected.assert_eq(&play(family, bench, scene)?);
    Ok(())
}

/// A hub alone.
#[test]
fn starter() -> Result<()> {
    check(
        Family::Both,
        r#"
        hub home
        hear home "set a timer for ten minutes"
        timers home
        nodes home
        "#,
        expect![[r#"
            home says: 10 minutes, starting now.
            timers in home: 1
        "#]],
    )
}

/// A hub, and a puck in another room.
#[test]
fn balanced() -> Result<()> {
    check(
        Family::Both,
        r#"
        hub home
        puck kitchen of home
        room kitchen kitchen
        call kitchen "turn on the lights"
        answered kitchen
        nodes home
        ask home "are the kitchen lights on"
        ask home "are the bedroom lights on"
        "#,
        expect![[r#"
            kitchen has found home, and is paired with it
            kitchen is answered
            home knows kitchen, puck, room kitchen, here
            home says: Yes, the kitchen lights are on.
            home says: No, the bedroom light is off.
        "#]],
    )
}

/// A hub, two pucks and a machine for models; there is no IPv4 here.
#[test]
fn three_nodes() -> Result<()> {
    check(
        Family::V6,
        r#"
        hub home
        puck kitchen of home
        puck bedroom of home
        box attic of home
        room kitchen kitchen
        room bedroom bedroom
        run attic
        linked attic
        call kitchen "turn on the lights"
        call bedroom "set a timer for ten minutes"
        answered kitchen
        answered bedroom
        nodes home
        timers home
        ask home "are the kitchen lights on"
        ask home "are the bedroom lights on"
        "#,
        expect![[r#"
            kitchen has found home, and is paired with it
            bedroom has found home, and is paired with it
            attic has found home, and is paired with it
            attic says: Linked to Loqa.
            kitchen is answered
            bedroom is answered
            home knows attic, inference, room none, here
            home knows bedroom, puck, room bedroom, here
            home knows kitchen, puck, room kitchen, here
            timers in home: 1
            home says: Yes, the kitchen lights are on.
            home says: No, the bedroom light is off.
        "#]],
    )
}

/// A hub, and three machines that hear any words: two are gone within the same words, then the way to one is slow.
#[test]
fn muscle() -> Result<()> {
    check(
        Family::V6,
        r#"
        hub home
        box attic of home hears "set a timer for ten minutes"
        box cellar of home hears "set a timer for ten minutes"
        box shed of home hears "set a timer for ten minutes"
        puck kitchen of home
        slow shed 0 0 0
        run attic
        run cellar
        run shed
        ready home 3
        say home "purple elephants dance all around the green garden"
        hearing home
        kill it
        hearing home
        cut it
        hearing home
        answered home
        timers home
        mend
        ready home 2
        slow shed 50 30 1000
        call kitchen "purple elephants dance"
        hearing home
        freeze it
        answered kitchen
        timers home
        "#,
        expect![[r#"
            attic has found home, and is paired with it
            cellar has found home, and is paired with it
            shed has found home, and is paired with it
            kitchen has found home, and is paired with it
            a box hears it for home
            a box hears it for home
            a box hears it for home
            home says: 10 minutes, starting now.
            timers in home: 1
            a box hears it for home
            kitchen is answered
            timers in home: 2
        "#]],
    )
}

/// A hub that hears any words itself, but not as soon as another machine does.
#[test]
fn default_engine() -> Result<()> {
    check(
        Family::Both,
        r#"
        hub home hears "set a timer for ten minutes"
        box attic of home hears "set a timer for ten minutes"
        run attic
        ready home 1
        say home "purple elephants dance"
        hearing home
        freeze it
        answered home
        timers home
        "#,
        expect![[r#"
            attic has found home, and is paired with it
            a box hears it for home
            home says: 10 minutes, starting now.
            timers in home: 1
        "#]],
    )
}

/// What nobody is left to hear is not made up, and what the hub hears itself waits for nobody.
#[test]
fn nobody_left() -> Result<()> {
    check(
        Family::Both,
        r#"
        hub home
        box attic of home hears "set a timer for ten minutes"
        run attic
        ready home 1
        say home "purple elephants dance"
        hearing home
        kill it
        answered home
        timers home
        run attic
        ready home 1
        say home "turn on the kitchen lights"
        hearing home
        freeze it
        answered home
        timers home
        "#,
        expect![[r#"
            attic has found home, and is paired with it
            a box hears it for home
            home has understood nothing
            timers in home: 0
            a box hears it for home
            home says: The kitchen lights are on.
            timers in home: 0
        "#]],
    )
}

#[test]
fn of_twenty_deaths_in_the_middle_of_words_none_costs_a_word_or_does_it_twice() -> Result<()> {
    if let Some(why) = refused() {
        eprintln!("skipped: {why}");
        return Ok(());
    }
    let bench = Path::new(env!("CARGO_BIN_EXE_loqa-bench"));
    thread::scope(|threads| {
        let households = [0, 5, 0, 5].map(|first| {
            threads.spawn(move || {
                let (scene, told) = deaths(first, 5);
                let played = play(Family::Both, bench, &scene)?;
                ensure!(played == told, "{played}");
                Ok(())
            })
        });
        households.into_iter().try_for_each(|it| it.join().unwrap())
    })
}

/// All at once: what takes long is that nothing comes.
#[test]
fn what_fails_costs_no_more_than_the_words_that_nobody_heard_and_mends_itself() -> Result<()> {
    if let Some(why) = refused() {
        eprintln!("skipped: {why}");
        return Ok(());
    }
    let bench = Path::new(env!("CARGO_BIN_EXE_loqa-bench"));
    thread::scope(|threads| {
        let play = |fault: &Fault| play(Family::Both, bench, fault.scene);
        let playing: Vec<_> = FAULTS
            .iter()
            .map(|fault| (fault, threads.spawn(move || play(fault))))
            .collect();
        let mut wrong = Vec::new();
        for (fault, played) in playing {
            match played.join().unwrap() {
                Ok(told) if told == fault.told => {}
                Ok(told) => wrong.push(format!("{}:\n{told}", fault.name)),
                Err(error) => wrong.push(format!("{}: {error:?}", fault.name)),
            }
        }
        ensure!(wrong.is_empty(), "{}", wrong.join("\n"));
        Ok(())
    })
}

#[test]
fn two_households_on_one_net_with_the_same_names_keep_to_themselves() -> Result<()> {
    check(
        Family::Both,
        r#"
        hub home
        hub next
        puck kitchen of home
        puck theirs called kitchen of next
        puck second called kitchen of home
        room kitchen kitchen
        room theirs bedroom
        call kitchen "set a timer for ten minutes"
        call theirs "turn on the lights"
        answered kitchen
        answered theirs
        nodes home
        nodes next
        timers home
        timers next
        ask next "are the bedroom lights on"
        "#,
        expect![[r#"
            kitchen has found home, and is paired with it
            theirs has found next, and is paired with it
            second has found home, and is paired with it
            kitchen is answered
            theirs is answered
            home knows kitchen 2, puck, room none, away
            home knows kitchen, puck, room kitchen, here
            next knows kitchen, puck, room bedroom, here
            timers in home: 1
            timers in next: 0
            next says: Yes, the bedroom light is on.
        "#]],
    )
}
