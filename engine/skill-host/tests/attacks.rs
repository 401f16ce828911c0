//! Skills that mean harm, each a few lines of WebAssembly: what comes of it is a fault with a name,
//! and the next call of another skill is answered.

use loqa_skill_host::{
    frames::{Budget, Fault, Import, StepKind},
    runtime::{Hub, Runtime, compile},
};
use loqa_skill_sdk::{Plan, Prepared, Request, Value};
use std::{fmt::Write, io};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};

/// What a component must have, in front of what an attack adds: a memory, and an allocator that
/// takes one piece behind the other.
const MEMORY: &str = r#"(memory (export "memory") 2)"#;
const REALLOC: &str = r#"
    (global $next (mut i32) (i32.const 65536))
    (func $realloc (export "cabi_realloc") (param $old i32) (param $size i32) (param $align i32) (param $new i32) (result i32)
        (local $at i32)
        (local.set $at (i32.and (i32.add (global.get $next) (i32.const 15)) (i32.const -16)))
        (global.set $next (i32.add (local.get $at) (local.get $new)))
        (local.get $at))"#;
/// Says "ok".
const OK: &str = r#"
    (data (i32.const 512) "ok")
    (func $ok (result i32)
        (i32.store8 (i32.const 0) (i32.const 2))
        (i32.store (i32.const 8) (i32.const 512))
        (i32.store (i32.const 12) (i32.const 2))
        (i32.const 0))"#;

/// A module whose `prepare` does `body`, which leaves the address of what it says.
fn preparing(body: &str) -> String {
    whole(&format!("{MEMORY}{REALLOC}"), body)
}

fn whole(memory: &str, body: &str) -> String {
    format!(
        r#"(module
            {IMPORT} {memory} {OK}
            (func $prepare (export "loqa:skill/preparing@0.3.0#prepare")
                (param i32 i32 i32 i32 i32 i32 i32) (result i32)
                {body}))"#
    )
}

const IMPORT: &str =
    r#"(import "loqa:skill/read-lists@0.3.0" "items" (func $items (param i32 i32 i32)))"#;

/// Says the text of this address and length.
fn says(address: u64, length: u64) -> String {
    format!(
        "(i32.store8 (i32.const 0) (i32.const 2))
         (i32.store (i32.const 8) (i32.const {address}))
         (i32.store (i32.const 12) (i32.const {length}))
         (i32.const 0)"
    )
}

/// A component of a module, in one of the contract's worlds.
fn component(module: &str, world: &str) -> Result<Vec<u8>, String> {
    let text = |error: &dyn std::fmt::Display| format!("{error:#}");
    let mut module = wat::parse_str(module).map_err(|error| text(&error))?;
    let mut resolve = wit_parser::Resolve::default();
    let contract = concat!(env!("CARGO_MANIFEST_DIR"), "/../../skills/wit/loqa.wit");
    let package = resolve.push_path(contract).map_err(|error| text(&error))?.0;
    let world = resolve
        .select_world(&[package], Some(world))
        .map_err(|error| text(&error))?;
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8)
        .map_err(|error| text(&error))?;
    let mut encoder = ComponentEncoder::default();
    encoder
        .module(&module)
        .and_then(|encoder| encoder.encode())
        .map_err(|error| text(&error))
}

/// A hub whose lists hold one item.
struct OneItem;

impl Hub for OneItem {
    fn ask(&mut self, import: &Import) -> io::Result<Vec<u8>> {
        match import {
            Import::List(_) => Ok(br#"["milk"]"#.to_vec()),
            _ => Ok(b"null".to_vec()),
        }
    }
}

fn request() -> Request {
    Request {
        intent: "attack".into(),
        slots: vec![("what".into(), Value::Text("x".repeat(100)))],
        room: None,
    }
}

fn budget() -> Budget {
    Budget {
        memory: 4 << 20,
        time_ms: 50,
        calls: 1000,
    }
}

/// What comes of a skill: a name for its fault, or what it says.
fn outcome(runtime: &Runtime, module: &str) -> String {
    let component = match component(module, "prepare-step") {
        Ok(component) => component,
        Err(error) => panic!("the attack itself is wrong: {error}\n{module}"),
    };
    let loaded = compile(&component)
        .and_then(|code| runtime.load("attack", StepKind::Prepare, &[], budget(), &code));
    let answer = loaded.and_then(|()| runtime.prepare("attack", request(), Box::new(OneItem)));
    match answer {
        Ok((Prepared::Say(text), _)) => format!("says {} letters", text.len()),
        Ok((other, _)) => format!("{other:?}"),
        Err(fault) => kind(&fault).into(),
    }
}

fn kind(fault: &Fault) -> &'static str {
    match fault {
        Fault::Time(_) => "time",
        Fault::Memory(_) => "memory",
        Fault::Calls(_) => "calls",
        Fault::Large(_) => "large",
        Fault::Unfit(_) => "unfit",
        Fault::Trap(_) => "crash",
        Fault::Unknown => "unknown",
    }
}

#[test]
fn what_a_skill_does_to_harm_ends_with_its_call() {
    let runtime = Runtime::new().unwrap();
    let loop_for_ever = "(loop $again (br $again)) unreachable";
    let ask = "(call $items (i32.const 512) (i32.const 2) (i32.const 1024))";
    let attacks: &[(&str, String, &str)] = &[
        ("nothing", preparing("(call $ok)"), "says 2 letters"),
        (
            "asks as it may",
            preparing(&format!("{ask} (call $ok)")),
            "says 2 letters",
        ),
        // Time.
        ("an endless loop", preparing(loop_for_ever), "time"),
        (
            "a loop that counts",
            preparing(
                "(local $n i64) (loop $again (local.set $n (i64.add (local.get $n) (i64.const 1))) (br $again)) unreachable",
            ),
            "time",
        ),
        (
            "an endless start",
            whole(
                &format!("{MEMORY}{REALLOC} (func $start {loop_for_ever}) (start $start)"),
                "(call $ok)",
            ),
            "time",
        ),
        (
            "an endless allocator",
            whole(
                &format!(
                    r#"{MEMORY} (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) {loop_for_ever})"#
                ),
                "(call $ok)",
            ),
            "time",
        ),
        (
            "fills memory for ever",
            preparing(
                "(loop $again (memory.fill (i32.const 2048) (i32.const 0) (i32.const 60000)) (br $again)) unreachable",
            ),
            "time",
        ),
        // Stack.
        (
            "endless recursion",
            whole(
                &format!(
                    "{MEMORY}{REALLOC} (func $f (result i32) (i32.add (call $f) (i32.const 1)))"
                ),
                "(call $f)",
            ),
            "crash",
        ),
        (
            "mutual recursion",
            whole(
                &format!("{MEMORY}{REALLOC} (func $f (call $g)) (func $g (call $f))"),
                "(call $f) (call $ok)",
            ),
            "crash",
        ),
        (
            "recursion with a large frame",
            whole(
                &format!(
                    "{MEMORY}{REALLOC} (func $f (param {}) (call $f {}))",
                    "i64 ".repeat(200),
                    "(i64.const 1)".repeat(200)
                ),
                &format!("(call $f {}) (call $ok)", "(i64.const 1)".repeat(200)),
            ),
            "crash",
        ),
        // Memory.
        (
            "takes all memory",
            preparing(
                "(loop $again (br_if $again (i32.ne (memory.grow (i32.const 1)) (i32.const -1)))) unreachable",
            ),
            "memory",
        ),
        (
            "takes all memory at once",
            preparing("(drop (memory.grow (i32.const 65534))) unreachable"),
            "memory",
        ),
        (
            "begins with too much memory",
            whole(
                &format!(r#"(memory (export "memory") 1000){REALLOC}"#),
                "(call $ok)",
            ),
            "memory",
        ),
        (
            "a growing table",
            whole(
                &format!("{MEMORY}{REALLOC} (table $t 1 funcref)"),
                "(loop $again (br_if $again (i32.ne (table.grow $t (ref.null func) (i32.const 1000)) (i32.const -1)))) (call $ok)",
            ),
            "says 2 letters",
        ),
        (
            "a giant table",
            whole(
                &format!("{MEMORY}{REALLOC} (table 10000000 funcref)"),
                "(call $ok)",
            ),
            "unfit",
        ),
        // Crashes.
        ("gives up", preparing("unreachable"), "crash"),
        (
            "divides by nothing",
            preparing("(drop (i32.div_u (i32.const 1) (i32.const 0))) (call $ok)"),
            "crash",
        ),
        (
            "overflows a division",
            preparing("(drop (i32.div_s (i32.const -2147483648) (i32.const -1))) (call $ok)"),
            "crash",
        ),
        (
            "makes a whole number of none",
            preparing("(drop (i32.trunc_f64_s (f64.const nan))) (call $ok)"),
            "crash",
        ),
        (
            "reads beyond its memory",
            preparing("(drop (i32.load (i32.const -4))) (call $ok)"),
            "crash",
        ),
        (
            "writes beyond its memory",
            preparing("(i64.store offset=4294967295 (i32.const -1) (i64.const 1)) (call $ok)"),
            "crash",
        ),
        (
            "calls nothing",
            whole(
                &format!("{MEMORY}{REALLOC} (type $v (func)) (table 1 funcref)"),
                "(call_indirect (type $v) (i32.const 0)) (call $ok)",
            ),
            "crash",
        ),
        (
            "calls beyond its table",
            whole(
                &format!("{MEMORY}{REALLOC} (type $v (func)) (table 1 funcref)"),
                "(call_indirect (type $v) (i32.const 7)) (call $ok)",
            ),
            "crash",
        ),
        (
            "calls something of another type",
            whole(
                &format!(
                    "{MEMORY}{REALLOC} (type $v (func)) (table 1 funcref) (elem (i32.const 0) $realloc)"
                ),
                "(call_indirect (type $v) (i32.const 0)) (call $ok)",
            ),
            "crash",
        ),
        (
            "crashes as it starts",
            whole(
                &format!("{MEMORY}{REALLOC} (func $start unreachable) (start $start)"),
                "(call $ok)",
            ),
            "crash",
        ),
        (
            "data beyond its memory",
            whole(
                &format!(r#"{MEMORY}{REALLOC} (data (i32.const 131071) "out")"#),
                "(call $ok)",
            ),
            "crash",
        ),
        // Lies about what it says.
        (
            "says from beyond its memory",
            preparing(&says(0xffff_0000, 10)),
            "crash",
        ),
        (
            "says across the end of its memory",
            preparing(&says(131_070, 10)),
            "crash",
        ),
        (
            "says four gigabytes",
            preparing(&says(0, 0xffff_ffff)),
            "crash",
        ),
        (
            "an answer beyond its memory",
            preparing("(i32.const -8)"),
            "crash",
        ),
        (
            "an answer that is not aligned",
            preparing("(i32.const 3)"),
            "crash",
        ),
        (
            "an answer of no kind",
            preparing("(i32.store8 (i32.const 0) (i32.const 77)) (i32.const 0)"),
            "crash",
        ),
        (
            "letters that are none",
            preparing(&format!(
                "(i32.store (i32.const 512) (i32.const -1)) {}",
                says(512, 2)
            )),
            "crash",
        ),
        (
            "half a letter",
            preparing(&format!(
                "(i32.store8 (i32.const 512) (i32.const 0xe2)) {}",
                says(512, 1)
            )),
            "crash",
        ),
        (
            "a plan of endless effects",
            preparing(
                "(i32.store8 (i32.const 0) (i32.const 0)) (i32.store (i32.const 8) (i32.const 0)) (i32.store (i32.const 12) (i32.const -1)) (i32.const 0)",
            ),
            "crash",
        ),
        (
            "a plan whose effects overlap it",
            preparing(
                "(i32.store8 (i32.const 0) (i32.const 0)) (i32.store (i32.const 8) (i32.const 0)) (i32.store (i32.const 12) (i32.const 3000)) (i32.const 0)",
            ),
            "crash",
        ),
        // Lies of the allocator, which the hub's answers are written through.
        (
            "an allocator that points beyond",
            whole(
                &format!(
                    r#"{MEMORY} (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const -16))"#
                ),
                "(call $ok)",
            ),
            "crash",
        ),
        (
            "an allocator that does not align",
            whole(
                &format!(
                    r#"{MEMORY} (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 3))"#
                ),
                "(call $ok)",
            ),
            "crash",
        ),
        (
            "an allocator that always gives the same",
            whole(
                &format!(
                    r#"{MEMORY} (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 4096))"#
                ),
                &format!("{ask} (call $ok)"),
            ),
            "says 2 letters",
        ),
        (
            "an allocator that crashes",
            whole(
                &format!(
                    r#"{MEMORY} (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) unreachable)"#
                ),
                "(call $ok)",
            ),
            "crash",
        ),
        (
            "an allocator that asks the hub",
            whole(
                &format!(
                    r#"{MEMORY} (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) {ask} (i32.const 4096))"#
                ),
                "(call $ok)",
            ),
            "crash",
        ),
        // The hub's time.
        (
            "asks for ever",
            preparing(&format!(
                "(loop $again (global.set $next (i32.const 65536)) {ask} (br $again)) unreachable"
            )),
            "calls",
        ),
        (
            "asks with a name beyond its memory",
            preparing("(call $items (i32.const -16) (i32.const 100) (i32.const 1024)) (call $ok)"),
            "crash",
        ),
        (
            "asks with a name that is no text",
            preparing(
                "(i32.store (i32.const 600) (i32.const -1)) (call $items (i32.const 600) (i32.const 4) (i32.const 1024)) (call $ok)",
            ),
            "crash",
        ),
        (
            "wants the answer beyond its memory",
            preparing("(call $items (i32.const 512) (i32.const 2) (i32.const -16)) (call $ok)"),
            "crash",
        ),
        (
            "wants the answer where it is not aligned",
            preparing("(call $items (i32.const 512) (i32.const 2) (i32.const 1025)) (call $ok)"),
            "crash",
        ),
    ];
    let mut wrong = String::new();
    for (name, module, expected) in attacks {
        let outcome = outcome(&runtime, module);
        if outcome != *expected {
            let _ = writeln!(wrong, "{name}: {outcome}, not {expected}");
        }
        // Nobody else notices.
        let code = compile(&component(&preparing("(call $ok)"), "prepare-step").unwrap()).unwrap();
        runtime
            .load("kind", StepKind::Prepare, &[], budget(), &code)
            .unwrap();
        let (said, _) = runtime
            .prepare("kind", request(), Box::new(OneItem))
            .unwrap();
        assert_eq!(said, Prepared::Say("ok".into()), "after {name}");
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn what_is_no_component_is_not_loaded() {
    let runtime = Runtime::new().unwrap();
    let good = component(&preparing("(call $ok)"), "prepare-step").unwrap();
    let core = wat::parse_str(preparing("(call $ok)")).unwrap();
    let nest = format!(
        "(module (func {} {}))",
        "(block ".repeat(5000),
        ")".repeat(5000)
    );
    let locals = format!("(module (func (local {})))", "i64 ".repeat(60_000));
    for (name, bytes) in [
        ("nothing", Vec::new()),
        ("a text", b"#!/bin/sh\nrm -rf /\n".to_vec()),
        ("zeros", vec![0; 4096]),
        ("a module", core),
        ("half of one", good[..good.len() / 2].to_vec()),
        (
            "one with more behind it",
            [good.as_slice(), b"and more"].concat(),
        ),
        ("deep nesting", wat::parse_str(nest).unwrap()),
        ("many locals", wat::parse_str(locals).unwrap_or_default()),
    ] {
        assert!(matches!(compile(&bytes), Err(Fault::Unfit(_))), "{name}");
    }
    // Machine code that somebody else made, or that was damaged.
    let code = compile(&good).unwrap();
    let mut other = code.clone();
    other.truncate(code.len() / 2);
    for bytes in [&b"\x7fELF"[..], &[], &other] {
        let loaded = runtime.load("attack", StepKind::Prepare, &[], budget(), bytes);
        assert!(matches!(loaded, Err(Fault::Unfit(_))), "{loaded:?}");
    }
    let called = runtime.prepare("attack", request(), Box::new(OneItem));
    assert_eq!(called.err(), Some(Fault::Unknown));
}

/// A component that commits, and imports what changes lists.
fn changes_lists() -> Vec<u8> {
    let module = format!(
        r#"(module
            (import "loqa:skill/change-lists@0.3.0" "change" (func $change (param i32 i32 i32 i32 i32 i32)))
            {MEMORY}{REALLOC}
            (func (export "loqa:skill/committing@0.3.0#commit") (param i32) (result i32)
                (call $change (i32.const 512) (i32.const 2) (i32.const 2) (i32.const 0) (i32.const 0) (i32.const 1024))
                (i32.store8 (i32.const 0) (i32.const 1))
                (i32.store (i32.const 4) (i32.const 512))
                (i32.store (i32.const 8) (i32.const 2))
                (i32.const 0))
            (data (i32.const 512) "ok"))"#
    );
    component(&module, "commit-step").unwrap()
}

#[test]
fn what_a_manifest_does_not_ask_for_is_not_there() {
    let runtime = Runtime::new().unwrap();
    let code = compile(&changes_lists()).unwrap();
    let load = |step, permissions: &[&str]| {
        let permissions: Vec<String> = permissions.iter().map(|&name| name.into()).collect();
        runtime.load("attack", step, &permissions, budget(), &code)
    };
    let refused = load(StepKind::Commit, &["timer", "device"]).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "its code uses loqa:skill/change-lists@0.3.0, but its skill.yaml does not ask for the permission list"
    );
    // Acting while preparing is not forbidden but impossible, whatever the manifest asks for.
    assert!(matches!(
        load(StepKind::Prepare, &["list"]),
        Err(Fault::Unfit(_))
    ));
    load(StepKind::Commit, &["list"]).unwrap();
    struct Lists(std::sync::mpsc::Sender<Import>);
    impl Hub for Lists {
        fn ask(&mut self, import: &Import) -> io::Result<Vec<u8>> {
            let _ = self.0.send(import.clone());
            Ok(br#"{"Err":"no"}"#.to_vec())
        }
    }
    let (asked, asks) = std::sync::mpsc::channel();
    let (reply, cost) = runtime
        .commit("attack", Plan::default(), Box::new(Lists(asked)))
        .unwrap();
    assert_eq!(reply.unwrap_err().0, "ok");
    assert_eq!(cost.calls, 1);
    assert_eq!(
        asks.try_iter().collect::<Vec<_>>(),
        [Import::ChangeList(
            "ok".into(),
            loqa_skill_sdk::ListOp::Clear
        )]
    );
}

#[test]
fn only_what_the_contract_names_can_be_imported() {
    for import in [
        r#"(import "wasi:filesystem/preopens@0.2.0" "get-directories" (func (param i32)))"#,
        r#"(import "wasi_snapshot_preview1" "fd_write" (func (param i32 i32 i32 i32) (result i32)))"#,
        r#"(import "loqa:skill/read-clock@0.3.0" "set" (func (param i32)))"#,
        r#"(import "loqa:skill/write-files@0.3.0" "write" (func (param i32)))"#,
    ] {
        let module = preparing("(call $ok)").replace(IMPORT, import);
        assert!(component(&module, "prepare-step").is_err(), "{import}");
    }
    // One that was put together by other tools than Loqa's.
    let text = r#"(component
        (import "wasi:cli/environment@0.2.0" (instance (export "get-arguments" (func (result (list string))))))
    )"#;
    let runtime = Runtime::new().unwrap();
    let code = compile(&wat::parse_str(text).unwrap()).unwrap();
    let loaded = runtime.load("attack", StepKind::Prepare, &[], budget(), &code);
    assert!(matches!(loaded, Err(Fault::Unfit(_))), "{loaded:?}");
    // One without anything to call.
    let code = compile(&wat::parse_str("(component)").unwrap()).unwrap();
    runtime
        .load("attack", StepKind::Prepare, &[], budget(), &code)
        .unwrap();
    let called = runtime
        .prepare("attack", request(), Box::new(OneItem))
        .unwrap_err();
    assert_eq!(called, Fault::Trap("it has no function prepare".into()));
}

#[test]
fn what_was_built_for_another_version_is_named_before_anybody_calls_it() {
    let text = r#"(component (import "loqa:skill/read-clock@0.1.0" (instance)))"#;
    let code = compile(&wat::parse_str(text).unwrap()).unwrap();
    let runtime = Runtime::new().unwrap();
    let loaded = runtime.load("old", StepKind::Prepare, &[], Budget::default(), &code);
    let Err(Fault::Unfit(why)) = loaded else {
        panic!("{loaded:?}")
    };
    assert!(why.contains("another version of Loqa"), "{why}");
}
