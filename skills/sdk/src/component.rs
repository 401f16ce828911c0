//! A skill as two components, from one source: see `skills/wit/loqa.wit`.
//!
//! `component!(Timers)` at the end of a skill's `lib.rs` is all that it takes. `loqa skill build`
//! compiles the crate once for each step, so that the one that prepares has nothing in it that
//! could act.

use crate::{
    Area, Civil, Device, DeviceCommand, DeviceState, EffectError, Effects, ListOp, Plan, Prepared,
    Reads, Request, Skill, Timer, TimerOp,
};
use alloc::{string::String, vec::Vec};

/// The step that prepares.
#[doc(hidden)]
pub mod prepare {
    wit_bindgen::generate!({
        path: "../wit",
        world: "prepare-step",
        pub_export_macro: true,
        export_macro_name: "export_prepare",
        default_bindings_module: "loqa_skill_sdk::component::prepare",
        with: { "loqa:skill/types@0.1.0": crate },
    });
}

/// The step that commits.
#[doc(hidden)]
pub mod commit {
    wit_bindgen::generate!({
        path: "../wit",
        world: "commit-step",
        pub_export_macro: true,
        export_macro_name: "export_commit",
        default_bindings_module: "loqa_skill_sdk::component::commit",
        with: { "loqa:skill/types@0.1.0": crate },
    });
}

/// What the hub lets the step that prepares read.
struct Reading;

/// What the hub lets the step that commits read and do.
struct Acting;

macro_rules! reads {
    ($step:ident, $world:ident) => {
        impl Reads for $step {
            fn now(&self, zone: Option<&str>) -> Option<Civil> {
                $world::loqa::skill::read_clock::now(zone)
            }

            fn timers(&self) -> Vec<Timer> {
                $world::loqa::skill::read_timers::timers()
            }

            fn devices(&self) -> Vec<Device> {
                $world::loqa::skill::read_home::devices()
            }

            fn areas(&self) -> Vec<Area> {
                $world::loqa::skill::read_home::areas()
            }

            fn list(&self, list: &str) -> Vec<String> {
                $world::loqa::skill::read_lists::items(list)
            }
        }
    };
}

reads!(Reading, prepare);
reads!(Acting, commit);

impl Effects for Acting {
    fn timer(&mut self, op: TimerOp) -> Result<Timer, EffectError> {
        commit::loqa::skill::set_timers::apply(&op).map_err(EffectError)
    }

    fn device(&mut self, device: &str, command: DeviceCommand) -> Result<DeviceState, EffectError> {
        commit::loqa::skill::command_devices::command(device, &command).map_err(EffectError)
    }

    fn change_list(&mut self, list: &str, op: ListOp) -> Result<Vec<String>, EffectError> {
        commit::loqa::skill::change_lists::change(list, &op).map_err(EffectError)
    }
}

#[doc(hidden)]
pub fn prepare_with(skill: &dyn Skill, request: &Request) -> Prepared {
    skill.prepare(request, &Reading)
}

/// What to say, or why nothing was done.
#[doc(hidden)]
pub type Reply = Result<String, String>;

#[doc(hidden)]
pub fn commit_with(skill: &dyn Skill, plan: &Plan) -> Reply {
    skill.commit(plan, &mut Acting).map_err(|error| error.0)
}
