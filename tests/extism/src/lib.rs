//! The timers skill for extism: the same code, asked for the same plan in JSON, in a house of its
//! own, so that it calls nobody while the skill host's calls the hub.

use extism_pdk::{FnResult, Json, plugin_fn};
use loqa_skill_sdk::{Prepared, Request, Skill, testing::House};
use loqa_skill_timers::Timers;

/// What would be done.
#[plugin_fn]
pub fn prepare(request: Json<Request>) -> FnResult<Json<Prepared>> {
    Ok(Json(Timers.prepare(&request.0, &House::default())))
}

/// Does it; what is said.
#[plugin_fn]
pub fn commit(plan: Json<Prepared>) -> FnResult<String> {
    let Prepared::Plan(plan) = plan.0 else {
        return Err(extism_pdk::Error::msg("not a plan").into());
    };
    let done = Timers.commit(&plan, &mut House::default());
    done.map_err(|error| extism_pdk::Error::msg(error.0).into())
}
