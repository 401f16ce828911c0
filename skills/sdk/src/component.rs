//! A skill as two components, from one source: see `skills/wit/loqa.wit`.
//!
//! `component!(Timers)` at the end of a skill's `lib.rs` is all that it takes. `loqa skill build`
//! compiles the crate once for each step, so that the one that prepares has nothing in it that
//! could act.

use crate::{
    Alarm, Area, Civil, Device, EffectError, Effects, Plan, Prepared, Reads, Request, Skill, Timer,
    Value,
};
use alloc::{format, string::String, vec::Vec};

/// The step that prepares.
#[doc(hidden)]
pub mod prepare {
    wit_bindgen::generate!({
        path: "../wit",
        world: "prepare-step",
        pub_export_macro: true,
        export_macro_name: "export_prepare",
        default_bindings_module: "loqa_skill_sdk::component::prepare",
        with: { "loqa:skill/types@0.3.0": crate },
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
        with: { "loqa:skill/types@0.3.0": crate },
    });
}

/// What the hub lets the step that prepares read.
struct Reading;

/// What it lets the step that commits read.
#[doc(hidden)]
pub struct Committing;

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

            fn setting(&self, name: &str) -> Option<Value> {
                $world::loqa::skill::read_settings::get(name)
            }

            fn stored(&self, key: &str) -> Option<String> {
                $world::loqa::skill::read_storage::get(key)
            }

            fn stored_keys(&self) -> Vec<String> {
                $world::loqa::skill::read_storage::keys()
            }

            fn alarms(&self) -> Vec<Alarm> {
                $world::loqa::skill::read_alarms::alarms()
            }
        }
    };
}

reads!(Reading, prepare);
reads!(Committing, commit);

/// What to say, or why nothing was done.
#[doc(hidden)]
pub type Reply = Result<String, String>;

#[doc(hidden)]
pub fn prepare_with(skill: &dyn Skill, request: &Request) -> Prepared {
    skill.prepare(request, &Reading)
}

#[doc(hidden)]
pub fn commit_with(skill: &dyn Skill, plan: &Plan, effects: &mut dyn Effects) -> Reply {
    skill.commit(plan, effects).map_err(|error| error.0)
}

/// An effect that the skill's manifest does not ask for: no component has a way to it.
#[doc(hidden)]
pub fn denied<T>(permission: &str) -> Result<T, EffectError> {
    Err(EffectError(format!(
        "That needs the permission {permission}, which this skill does not ask for."
    )))
}
