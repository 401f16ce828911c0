//! Components, and what happens while one is called.

mod invocation;
mod ticker;

pub use invocation::{Hub, Invocation};

use crate::{
    capability,
    frames::{Budget, Cost, Fault, StepKind},
    permission::permits,
};
use loqa_skill_sdk::{EffectError, Plan, Prepared, Request};
use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError, RwLock},
};
use ticker::Ticker;
use wasmtime::{
    Config, Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig, Store,
    component::{Component, ComponentNamedList, InstancePre, Lift, Linker, Lower},
};

/// Calls at once: one a lane, and room for tests.
const CALLS: u32 = 8;
/// The largest memory any budget can give, bytes.
pub const MOST_MEMORY: usize = 256 << 20;

/// What of a memory, and of a table, is written again after a call rather than given back, bytes: more
/// than skills of a usual size have.
const KEPT_MEMORY: usize = 2 << 20;
const KEPT_TABLE: usize = 64 << 10;

/// How every component begins: WebAssembly, layer 1.
const COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";

/// What a component answers through.
const PREPARING: &str = "loqa:skill/preparing@0.3.0";
const COMMITTING: &str = "loqa:skill/committing@0.3.0";

/// Loaded skills.
pub struct Runtime {
    engine: Engine,
    ticker: Ticker,
    loaded: RwLock<BTreeMap<(String, StepKind), Arc<Loaded>>>,
}

struct Loaded {
    component: InstancePre<Invocation>,
    budget: Budget,
}

/// Makes machine code of a component: what [`Runtime::load`] takes.
///
/// # Errors
/// It is not a component.
pub fn compile(component: &[u8]) -> Result<Vec<u8>, Fault> {
    if !component.starts_with(COMPONENT) {
        return Err(Fault::Unfit("it is not a WebAssembly component".into()));
    }
    let engine = engine().map_err(|error| unfit(&error))?;
    engine
        .precompile_component(component)
        .map_err(|error| unfit(&error))
}

/// What is asked of it: `PAGEMAP_SCAN` of linux/fs.h, `_IOWR('f', 16, struct pm_scan_arg)`, of 96 bytes.
pub const PAGEMAP_SCAN: u64 = 0xc060_6610;

/// Opens what tells which pages of this process were written: before this process is shut in, after which
/// nothing is opened. Whether the system tells that; without, a call takes longer.
pub fn open_page_map() -> bool {
    PoolingAllocationConfig::is_pagemap_scan_available()
}

fn engine() -> wasmtime::Result<Engine> {
    let mut pool = PoolingAllocationConfig::default();
    // After a call its memory is as it was before: pages that it has written are written again, where
    // the system tells which those are, rather than given back and faulted in by the next call.
    pool.pagemap_scan(Enabled::Auto)
        .linear_memory_keep_resident(KEPT_MEMORY)
        .table_keep_resident(KEPT_TABLE)
        .total_component_instances(CALLS)
        .total_core_instances(CALLS * 4)
        .total_memories(CALLS)
        .total_tables(CALLS * 4)
        .max_memory_size(MOST_MEMORY);
    let mut config = Config::new();
    config
        .wasm_component_model(true)
        .epoch_interruption(true)
        .allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    Engine::new(&config)
}

impl Runtime {
    /// One without skills.
    ///
    /// # Errors
    /// This machine cannot run them: no memory to set aside, or a processor without a compiler.
    pub fn new() -> Result<Runtime, Fault> {
        let engine = engine().map_err(|error| unfit(&error))?;
        Ok(Runtime {
            ticker: Ticker::new(engine.clone()),
            engine,
            loaded: RwLock::default(),
        })
    }

    /// Makes a component callable, in place of the skill's former one.
    ///
    /// # Errors
    /// [`Fault::Unfit`] if it imports more than `permissions` give, or answers nothing.
    #[expect(unsafe_code, reason = "machine code is run as it is")]
    pub fn load(
        &self,
        skill: &str,
        step: StepKind,
        permissions: &[String],
        budget: Budget,
        code: &[u8],
    ) -> Result<(), Fault> {
        // SAFETY: the hub vouches that `compile` made these bytes; wasmtime itself refuses those of
        // another version or processor.
        let component = unsafe { Component::deserialize(&self.engine, code) };
        let component = component.map_err(|error| unfit(&error))?;
        let mut linker = Linker::new(&self.engine);
        capability::link(&mut linker, step, permissions).map_err(|error| unfit(&error))?;
        let kind = component.component_type();
        let exports = kind.exports(&self.engine).map(|(name, _)| name);
        let mut names = kind
            .imports(&self.engine)
            .map(|(name, _)| name)
            .chain(exports);
        if let Some(other) = names.find(|name| capability::is_of_another_version(name)) {
            return Err(Fault::Unfit(format!(
                "it was built for another version of Loqa ({other}): `loqa skill build` makes it anew"
            )));
        }
        for (import, _) in kind.imports(&self.engine) {
            if let Some(needed) = capability::permission(import)
                && !permits(permissions, needed)
            {
                return Err(Fault::Unfit(format!(
                    "its code uses {import}, but its skill.yaml does not ask for the permission {needed}"
                )));
            }
        }
        let component = linker
            .instantiate_pre(&component)
            .map_err(|error| unfit(&error))?;
        let loaded = Arc::new(Loaded { component, budget });
        let mut skills = self.loaded.write().unwrap_or_else(PoisonError::into_inner);
        skills.insert((skill.to_owned(), step), loaded);
        Ok(())
    }

    /// Forgets a skill; calls that are under way end as they would have.
    pub fn unload(&self, skill: &str) {
        let mut skills = self.loaded.write().unwrap_or_else(PoisonError::into_inner);
        skills.retain(|(name, _), _| name != skill);
    }

    /// Has a skill prepare.
    ///
    /// # Errors
    /// It is not loaded, or did not answer.
    pub fn prepare(
        &self,
        skill: &str,
        request: Request,
        hub: Box<dyn Hub>,
    ) -> Result<(Prepared, Cost), Fault> {
        let call = (skill, StepKind::Prepare, PREPARING);
        self.call::<_, (Prepared,)>(call, (request,), hub)
            .map(|((prepared,), cost)| (prepared, cost))
    }

    /// Has a skill commit.
    ///
    /// # Errors
    /// As [`Self::prepare`].
    pub fn commit(
        &self,
        skill: &str,
        plan: Plan,
        hub: Box<dyn Hub>,
    ) -> Result<(Result<String, EffectError>, Cost), Fault> {
        let call = (skill, StepKind::Commit, COMMITTING);
        self.call::<_, (Result<String, String>,)>(call, (plan,), hub)
            .map(|((reply,), cost)| (reply.map_err(EffectError), cost))
    }

    fn call<P, R>(
        &self,
        (skill, step, interface): (&str, StepKind, &str),
        parameters: P,
        hub: Box<dyn Hub>,
    ) -> Result<(R, Cost), Fault>
    where
        P: ComponentNamedList + Lower,
        R: ComponentNamedList + Lift + 'static,
    {
        let skills = self.loaded.read().unwrap_or_else(PoisonError::into_inner);
        let loaded = skills
            .get(&(skill.to_owned(), step))
            .cloned()
            .ok_or(Fault::Unknown)?;
        drop(skills);
        let mut store = Store::new(&self.engine, Invocation::new(hub, loaded.budget));
        store.limiter(|invocation| invocation);
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(|mut store| store.data_mut().tick());
        let _ticks = self.ticker.run();
        let answer = (|| {
            let instance = loaded.component.instantiate(&mut store)?;
            let exported = instance.get_export_index(&mut store, None, interface);
            let exported = instance.get_export_index(&mut store, exported.as_ref(), step.name());
            let function = exported
                .and_then(|index| instance.get_typed_func::<P, R>(&mut store, index).ok())
                .ok_or_else(|| {
                    wasmtime::Error::msg(format!("it has no function {}", step.name()))
                })?;
            function.call(&mut store, parameters)
        })();
        let invocation = store.into_data();
        match answer {
            Ok(answer) => Ok((answer, invocation.cost())),
            Err(error) => Err(invocation.fault(&error)),
        }
    }
}

fn unfit(error: &wasmtime::Error) -> Fault {
    Fault::Unfit(format!("{error:#}"))
}
