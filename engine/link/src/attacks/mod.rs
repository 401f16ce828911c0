//! What somebody may try who is in the house's network, and what comes of it.
//!
//! Every row is run twice. `Evil` does the one thing that its name says and must come to what the row
//! says; `Honest` leaves out that one thing and must come to [`GOOD`], or the row would prove nothing.

mod link;
mod pairing;
mod wire;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Who {
    Honest,
    Evil,
}

impl Who {
    /// One of two things.
    fn or<T>(self, honest: T, evil: T) -> T {
        match self {
            Who::Honest => honest,
            Who::Evil => evil,
        }
    }

    fn evil(self) -> bool {
        self == Who::Evil
    }
}

/// What honest ends come to.
const GOOD: &str = "in";

type Row = (&'static str, fn(Who) -> String, &'static str);

#[test]
fn every_attack_comes_to_nothing_and_every_honest_twin_gets_in() {
    let rows: Vec<Row> = [pairing::ATTACKS, wire::ATTACKS, link::ATTACKS].concat();
    let mut wrong = String::new();
    for (name, run, expected) in &rows {
        for (who, expected) in [(Who::Honest, GOOD), (Who::Evil, expected)] {
            let found = run(who);
            if found != *expected {
                wrong += &format!("{name}, {who:?}: expected `{expected}`, found `{found}`\n");
            }
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
    assert!(rows.len() >= 40, "{}", rows.len());
}
