//! Machines that hear what no command covers, and what becomes of them while somebody speaks: whatever it is, what was said is
//! done once, in time, as the same utterance.

use std::fmt::Write as _;

/// What the boxes hear, whatever is said.
const HEARD: &str = "set a timer for ten minutes";
/// What is said, which is no command.
const SAID: &str = "purple elephants dance";

/// What happens to whoever hears it, and how that is over.
const DEATHS: [(&str, &str); 10] = [
    ("kill it", "run it"),
    ("freeze it", "thaw it"),
    ("kill it", "run it"),
    ("cut it", "mend"),
    ("kill it", "run it"),
    // More than the way there carries, and later than anybody waits.
    ("slow it 100 50 200", "slow it 0 0 0"),
    ("freeze it", "thaw it"),
    ("kill it", "run it"),
    ("stall it", "thaw it"),
    ("cut it", "mend"),
];

/// A household in which somebody speaks so many times, and each time whoever hears it dies, one way or another, from the one
/// of this number; and what is told of it.
pub fn deaths(first: usize, times: usize) -> (String, String) {
    let (mut scene, mut told) = ("hub home\n".to_owned(), String::new());
    for name in ["attic", "cellar", "shed"] {
        let _ = write!(
            scene,
            "box {name} of home hears \"{HEARD}\"\nslow {name} 0 0 0\nrun {name}\n"
        );
        let _ = writeln!(told, "{name} has found home, and is paired with it");
    }
    for (number, (death, over)) in (1..=times).zip(DEATHS.iter().cycle().skip(first)) {
        let _ = write!(
            scene,
            "ready home 3\nsay home \"{SAID}\"\nhearing home\n{death}\nanswered home\ntimers home\n{over}\n"
        );
        let _ = write!(
            told,
            "a box hears it for home\nhome says: 10 minutes, starting now.\ntimers in home: {number}\n"
        );
    }
    (scene, told)
}
