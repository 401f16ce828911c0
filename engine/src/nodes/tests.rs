use super::*;
use crate::tasks::Tasks;
use loqa_link::{
    Member,
    pairing::{About, Opening, PairError, Paired, Reason, Seen, pair},
};
use loqa_protocol::Hears;
use std::{
    net::{Ipv4Addr, SocketAddr},
    time::Instant,
};

const CODE: &str = "4082 1957";

struct House {
    nodes: Nodes,
    tasks: Tasks,
    port: u16,
    _dir: tempfile::TempDir,
}

/// A hub that shows [`CODE`].
fn open() -> House {
    let dir = tempfile::tempdir().unwrap();
    let nodes = Nodes::in_folder(dir.path(), &Household::default());
    let tasks = Tasks::new();
    let secret = Secret::typed(Role::Hub, CODE).unwrap();
    let opening = Opening::new([secret], None, Instant::now());
    let hub = nodes.hub().unwrap();
    let port = nodes.desk.open(&hub, "Home", opening, 0, 0, &tasks);
    House {
        port: port.unwrap(),
        nodes,
        tasks,
        _dir: dir,
    }
}

/// A node that was given `code` and the hub's address.
async fn join(
    identity: &Identity,
    port: u16,
    code: &str,
    words: impl FnOnce([&'static str; 3]),
) -> Result<loqa_link::pairing::Joined, PairError> {
    let secret = Secret::typed(Role::Hub, code).unwrap();
    let mut opening = Opening::new([secret], None, Instant::now());
    let about = About {
        name: "Kitchen".into(),
        roles: Roles::PUCK,
    };
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    pair(identity, address, None, &mut opening, about, words).await
}

async fn until(house: &House, seen: impl Fn(&Seen) -> bool) -> Seen {
    let mut changed = house.nodes.desk.watch();
    loop {
        let now = house.nodes.desk.state().seen;
        if seen(&now) {
            return now;
        }
        changed.changed().await.unwrap();
    }
}

fn accept(house: &House, node: NodeId) -> Result<Paired, Problem> {
    let hub = house.nodes.hub().unwrap();
    house.nodes.desk.accept(node, |paired| {
        hub.roster().pair(node);
        let certificate = hub.issue(&paired.key, UnixTime::now()).unwrap();
        Ok((hub.authority().clone(), certificate))
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_is_paired_once_a_person_has_compared_the_words() {
    let house = open();
    let identity = Identity::passing().unwrap();
    let node = identity.node();
    let (sender, shown) = tokio::sync::oneshot::channel();
    let port = house.port;
    let joining = tokio::spawn(async move {
        let shows = |words| assert!(sender.send(words).is_ok());
        let joined = join(&identity, port, CODE, shows).await;
        (identity, joined)
    });
    let seen = until(&house, |seen| matches!(seen, Seen::Compare { .. })).await;
    let Seen::Compare { words, about, .. } = seen else {
        unreachable!()
    };
    assert_eq!(shown.await.unwrap(), words);
    assert_eq!(about.name, "Kitchen");
    assert!(accept(&house, NodeId([0; 32])).is_err(), "another node");
    assert_eq!(accept(&house, node).unwrap().key.node(), node);
    let (identity, joined) = joining.await.unwrap();
    let joined = joined.unwrap();
    assert_eq!(joined.household, "Home");
    let hub = house.nodes.hub().unwrap();
    assert_eq!(joined.hub, hub.node());
    let member = Member::new(identity, joined.hub, &joined.authority, joined.certificate);
    assert_eq!(member.unwrap().node(), node);
    assert!(accept(&house, node).is_err(), "once");
    house.tasks.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn five_wrong_codes_lock_the_door_until_a_person_opens_it_anew() {
    let house = open();
    let identity = Identity::passing().unwrap();
    for _ in 0..5 {
        let refused = join(&identity, house.port, "00000000", |_| panic!("words")).await;
        let reason = match refused.unwrap_err() {
            PairError::Ended(reason) => reason,
            other => panic!("{other}"),
        };
        assert!(matches!(reason, Reason::Wrong | Reason::Locked));
    }
    until(&house, |seen| *seen == Seen::Closed(Reason::Locked)).await;
    let refused = join(&identity, house.port, CODE, |_| panic!("words")).await;
    assert!(refused.is_err());
    house.tasks.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_who_says_that_the_words_differ_is_told_to_the_node() {
    let house = open();
    let identity = Identity::passing().unwrap();
    let port = house.port;
    let joining = tokio::spawn(async move { join(&identity, port, CODE, |_| {}).await });
    until(&house, |seen| matches!(seen, Seen::Compare { .. })).await;
    house.nodes.desk.close();
    let refused = joining.await.unwrap().unwrap_err();
    assert!(
        matches!(refused, PairError::Ended(Reason::Rejected)),
        "{refused}"
    );
    house.tasks.shutdown().await;
}

#[test]
fn names_are_one_nodes_alone_and_who_comes_again_keeps_its_room() {
    let mut household = Household::default();
    let (first, second) = (NodeId([1; 32]), NodeId([2; 32]));
    let mut add =
        |node, name: &str| super::add(&mut household, node, name, Roles::PUCK, 7).unwrap();
    assert_eq!(add(first, "Kitchen"), "Kitchen");
    assert_eq!(add(second, "kitchen"), "kitchen 2");
    let long = "ü".repeat(32);
    assert_eq!(add(NodeId([3; 32]), &long), long);
    let other = add(NodeId([4; 32]), &long);
    assert!(other.ends_with("ü 2") && plain_name(&other), "{other}");
    let mut set = |node, name: Option<&str>, room: Option<&str>| {
        let to = NodeSettings {
            name: name.map(Into::into),
            room: room.map(Into::into),
            ..NodeSettings::default()
        };
        super::set(&mut household, node, &to, &["hall"])
    };
    assert!(set(first, Some("Hall"), Some("hall")).is_ok());
    let refused = |it: Result<(), Problem>| it.unwrap_err().code;
    assert_eq!(refused(set(second, Some("hall"), None)), "node_name");
    assert_eq!(refused(set(second, Some("a\nb"), None)), "node_name");
    assert_eq!(refused(set(second, None, Some("attic"))), "node_room");
    assert_eq!(refused(set(NodeId([9; 32]), None, Some("hall"))), "no_node");
    let to = NodeSettings {
        hears: Some(Hears::Nothing),
        ..NodeSettings::default()
    };
    let hears = super::set(&mut household, first, &to, &[]);
    assert_eq!(refused(hears), "node_no_inference");
    let again = super::add(&mut household, first, "Hall", Roles::DISPLAY, 8);
    assert_eq!(again.unwrap(), "Hall");
    assert_eq!(household.nodes[&first.to_string()].room, "hall");
}

#[test]
fn what_a_node_shows_is_told_from_what_a_hub_shows() {
    assert_eq!(given(" 4082-1957 ").unwrap().only, None);
    let key = NodeId([5; 32]);
    let text = |by| {
        let secret = Secret::token(by).unwrap();
        let at = vec!["10.0.0.7:7613".parse().unwrap()];
        Invitation::new(key, secret, at).unwrap().to_string()
    };
    assert_eq!(given(&text(Role::Node)).unwrap().only, Some(key));
    for wrong in [&text(Role::Hub), "loqa:pair?v=1&by=node", "1234"] {
        let problem = given(wrong).unwrap_err();
        assert!(problem.code == "pairing_code" && !problem.help.is_empty());
    }
}
