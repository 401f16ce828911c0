//! The process itself: that it is shut in, and what it does with what it is told.

use loqa_skill_host::frames::{self, Budget, Fault, FromHost, StepKind, ToHost};
use std::{
    io::{self, Read, Write},
    os::{fd::OwnedFd, unix::net::UnixStream},
    process::{Child, Command, Stdio},
    time::Duration,
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_loqa-skill-host");

#[test]
#[cfg(target_os = "linux")]
fn nothing_gets_out() {
    let output = Command::new(PROGRAM).arg("probe").output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{said}");
    assert!(said.starts_with("confined by: limits, "), "{said}");
    assert!(said.lines().next().unwrap().contains("seccomp"), "{said}");
    assert_eq!(said.lines().count(), 11, "{said}");
}

/// The process and its first lane, past the greeting.
fn start() -> (Child, UnixStream, UnixStream) {
    let (first, theirs) = UnixStream::pair().unwrap();
    let (second, theirs_too) = UnixStream::pair().unwrap();
    let child = Command::new(PROGRAM)
        .stdin(OwnedFd::from(theirs))
        .stdout(OwnedFd::from(theirs_too))
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    for mut lane in [&first, &second] {
        lane.set_read_timeout(Some(Duration::from_secs(60)))
            .unwrap();
        let (ready, _) = frames::read(&mut lane).unwrap();
        assert!(matches!(ready, FromHost::Ready { .. }), "{ready:?}");
    }
    (child, first, second)
}

fn load(code: &[u8], mut lane: &UnixStream) -> FromHost {
    let load = ToHost::Load {
        component: "attack".into(),
        step: StepKind::Prepare,
        permissions: Vec::new(),
        budget: Budget::default(),
    };
    frames::write(&mut lane, &load, code).unwrap();
    frames::read(&mut lane).unwrap().0
}

#[test]
fn what_it_is_told_wrongly_costs_nobody_anything() {
    let (mut child, mut lane, other) = start();
    // What makes no sense is answered.
    frames::write(&mut lane, &ToHost::Answer, b"42").unwrap();
    let (answer, _) = frames::read::<FromHost>(&mut lane).unwrap();
    assert!(
        matches!(answer, FromHost::Fault(Fault::Trap(_))),
        "{answer:?}"
    );
    assert!(matches!(
        load(b"no code", &lane),
        FromHost::Fault(Fault::Unfit(_))
    ));
    // What is no frame ends the lane, and with it the process.
    lane.write_all(&[0xff; 64]).unwrap();
    assert_eq!(lane.read(&mut [0; 8]).unwrap_or(0), 0);
    drop((lane, other));
    assert!(!child.wait().unwrap().success());
}

#[test]
fn it_ends_with_the_hub() {
    let (mut child, lane, other) = start();
    drop((lane, other));
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_compiler_that_gets_no_component_says_so() {
    let mut child = Command::new(PROGRAM)
        .arg("compile")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    io::copy(&mut &b"no component"[..], &mut child.stdin.take().unwrap()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(!output.status.success() && output.stdout.is_empty());
    assert!(output.stderr.starts_with(b"loqa-skill-host: "));
}
