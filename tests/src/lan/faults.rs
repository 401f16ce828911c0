//! What goes wrong in a network and with the machines in it, and what must come of that: a command acts once, or not at all
//! where it was not heard, and then the puck says so; and whoever was there before is there again by itself.

/// One.
pub struct Fault {
    /// What it shows.
    pub name: &'static str,
    /// What happens.
    pub scene: &'static str,
    /// What must come of it.
    pub told: &'static str,
}

/// All of them. Where packets are lost, a link takes a while: nobody calls for the first three seconds.
pub const FAULTS: &[Fault] = &[
    Fault {
        name: "a slow net that loses and overtakes costs nobody a word",
        scene: r#"
            hub home
            puck kitchen of home
            lose 50
            call kitchen 3 "set a timer for ten minutes"
            answered kitchen
            timers home
            slow kitchen 50 30 1000
            call kitchen 3 "set a timer for one hour"
            answered kitchen
            timers home
        "#,
        told: "\
kitchen has found home, and is paired with it
kitchen is answered
timers in home: 1
kitchen is answered
timers in home: 2
",
    },
    Fault {
        name: "what is said into an outage is lost, the puck says so, and the link comes back",
        scene: r#"
            hub home
            puck kitchen of home
            call kitchen "set a timer for ten minutes" 25 "set a timer for one hour"
            cut kitchen
            lost kitchen
            gone home kitchen
            mend
            linked kitchen
            timers home
            answered kitchen
            timers home
        "#,
        told: "\
kitchen has found home, and is paired with it
kitchen says: The link has ended
kitchen says: Linked to Loqa.
timers in home: 0
kitchen is answered
timers in home: 1
",
    },
    Fault {
        name: "what was done before an outage is not done again",
        scene: r#"
            hub home
            puck kitchen of home
            call kitchen "set a timer for ten minutes"
            thinking kitchen
            cut kitchen
            lost kitchen
            mend
            linked kitchen
            timers home
        "#,
        told: "\
kitchen has found home, and is paired with it
kitchen says: The link has ended
kitchen says: Linked to Loqa.
timers in home: 1
",
    },
    Fault {
        name: "a puck whose address changes while somebody speaks goes on",
        scene: r#"
            hub home
            puck kitchen of home
            call kitchen "set a timer for ten minutes" 4 "set a timer for one hour"
            roam kitchen
            answered kitchen
            timers home
            roam kitchen
            answered kitchen
            timers home
        "#,
        told: "\
kitchen has found home, and is paired with it
kitchen is answered
timers in home: 1
kitchen is answered
timers in home: 2
",
    },
    Fault {
        name: "a hub that is killed while somebody speaks has its puck back",
        scene: r#"
            hub home
            puck kitchen of home
            call kitchen "set a timer for ten minutes" 25 "set a timer for one hour"
            kill home
            start home
            lost kitchen
            linked kitchen
            timers home
            answered kitchen
            timers home
        "#,
        told: "\
kitchen has found home, and is paired with it
kitchen says: The link has ended
kitchen says: Linked to Loqa.
timers in home: 0
kitchen is answered
timers in home: 1
",
    },
    Fault {
        name: "a program that stands still goes on, is missed, and is forgotten when it is killed",
        scene: r#"
            hub home
            puck kitchen of home
            call kitchen "set a timer for ten minutes"
            freeze home
            wait 3
            thaw home
            answered kitchen
            timers home
            freeze kitchen
            silent home kitchen
            thaw kitchen
            there home kitchen
            kill kitchen
            gone home kitchen
            call kitchen "set a timer for one hour"
            answered kitchen
            timers home
        "#,
        told: "\
kitchen has found home, and is paired with it
kitchen is answered
timers in home: 1
kitchen is answered
timers in home: 2
",
    },
];
