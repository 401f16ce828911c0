//! Components and modules at random: whatever they are, the host goes on.

use loqa_skill_host::{
    frames::{Budget, Fault, Import, StepKind},
    runtime::{Hub, Runtime, compile},
};
use loqa_skill_sdk::Request;
use rand::{Rng, SeedableRng, rngs::StdRng};
use std::io;
use wasm_smith::{Component, Config, Module};

/// So many of each kind; `LOQA_MODULES` asks for more.
const COUNT: u64 = 500;

struct Nothing;

impl Hub for Nothing {
    fn ask(&mut self, _: &Import) -> io::Result<Vec<u8>> {
        Ok(b"null".to_vec())
    }
}

#[test]
fn whatever_is_loaded_the_host_goes_on() {
    let count = std::env::var("LOQA_MODULES").ok();
    let count = count.and_then(|count| count.parse().ok()).unwrap_or(COUNT);
    let runtime = Runtime::new().unwrap();
    let budget = Budget {
        time_ms: 10,
        ..Budget::default()
    };
    let (mut compiled, mut loaded) = (0, 0);
    for seed in 0..count {
        let bytes = noise(seed);
        let mut source = arbitrary::Unstructured::new(&bytes);
        let component = Component::new(Config::default(), &mut source).map(|it| it.to_bytes());
        let module = Module::new(Config::default(), &mut source).map(|it| it.to_bytes());
        // As it is, within a component that starts it, and damaged.
        let mut candidates: Vec<Vec<u8>> = component.into_iter().collect();
        if let Ok(module) = module {
            let mut damaged = module.clone();
            let at = seed as usize % damaged.len().max(1);
            damaged[at] ^= 1 << (seed % 8);
            candidates.extend([started(&module), started(&damaged), module]);
        }
        for candidate in candidates {
            let Ok(code) = compile(&candidate) else {
                continue;
            };
            compiled += 1;
            if runtime
                .load("random", StepKind::Prepare, &[], budget, &code)
                .is_err()
            {
                continue;
            }
            loaded += 1;
            let request = Request {
                intent: "any".into(),
                slots: Vec::new(),
                room: None,
            };
            let answer = runtime.prepare("random", request, Box::new(Nothing));
            let fault = answer.expect_err("what is made at random answers nobody");
            assert!(
                !matches!(fault, Fault::Unknown | Fault::Large(_)),
                "seed {seed}: {fault}"
            );
        }
    }
    // Else nothing was tried.
    assert!(
        compiled > count / 4 && loaded > count / 8,
        "{compiled} compiled, {loaded} loaded"
    );
}

fn noise(seed: u64) -> Vec<u8> {
    let mut random = StdRng::seed_from_u64(seed);
    let mut bytes = vec![0; 4096];
    random.fill_bytes(&mut bytes);
    bytes
}

/// A component that does nothing but start a module.
fn started(module: &[u8]) -> Vec<u8> {
    let mut component = b"\0asm\x0d\0\x01\0".to_vec();
    section(&mut component, 1, module);
    // Instance 0 of module 0, with no arguments.
    section(&mut component, 2, &[1, 0, 0, 0]);
    component
}

fn section(component: &mut Vec<u8>, id: u8, body: &[u8]) {
    component.push(id);
    let mut length = body.len();
    loop {
        let low = (length & 0x7f) as u8;
        length >>= 7;
        component.push(if length == 0 { low } else { low | 0x80 });
        if length == 0 {
            break;
        }
    }
    component.extend(body);
}
