//! Starts a timer for a pot of tea.

use loqa_skill_sdk::{
    Effect, EffectError, Effects, Plan, Prepared, Reads, Request, Skill, TimerOp, TimerStart, Value,
};

struct Tea;

impl Skill for Tea {
    /// Called while the person is still speaking: it reads, and says what would be done.
    fn prepare(&self, request: &Request, _reads: &dyn Reads) -> Prepared {
        let tea = request.slot("tea").and_then(Value::as_str).unwrap_or("black");
        let minutes = match tea {
            "green" => 2,
            "mint" => 7,
            _ => 4,
        };
        Prepared::Plan(Plan {
            effects: vec![Effect::Timer(TimerOp::Start(TimerStart {
                name: Some(format!("{tea} tea")),
                seconds: minutes * 60,
            }))],
            reply: format!("The {tea} tea steeps for {minutes} minutes."),
            ..Plan::default()
        })
    }

    /// Called once, when the person has finished: it does what was prepared, and says what came of it.
    fn commit(&self, plan: &Plan, effects: &mut dyn Effects) -> Result<String, EffectError> {
        effects.carry_out(&plan.effects)?;
        Ok(plan.reply.clone())
    }
}

loqa_skill_sdk::component!(Tea);
