//! What makes components of a skill.

/// Makes components of a skill: `component!(Timers);`, with a value of the type that implements
/// [`Skill`]. Means nothing but where it is built for WebAssembly.
#[macro_export]
macro_rules! component {
    ($skill:expr) => {
        #[cfg(all(
            target_arch = "wasm32",
            any(loqa_step = "prepare", loqa_step = "commit")
        ))]
        const _: () = {
            // It brings the memory and the way to end that a program needs.
            extern crate std;

            struct Component;

            #[cfg(loqa_step = "prepare")]
            impl $crate::component::prepare::exports::loqa::skill::preparing::Guest for Component {
                fn prepare(request: $crate::Request) -> $crate::Prepared {
                    $crate::component::prepare_with(&$skill, &request)
                }
            }
            #[cfg(loqa_step = "prepare")]
            $crate::component::prepare::export_prepare!(Component);

            #[cfg(loqa_step = "commit")]
            impl $crate::component::commit::exports::loqa::skill::committing::Guest for Component {
                fn commit(plan: $crate::Plan) -> $crate::component::Reply {
                    $crate::component::commit_with(&$skill, &plan, &mut $crate::acting!())
                }
            }
            #[cfg(loqa_step = "commit")]
            $crate::component::commit::export_commit!(Component);
        };
    };
}

/// What a component can cause, made where the skill itself is compiled: `loqa skill build` says there
/// what the manifest asks for, and nothing else is so much as imported.
#[doc(hidden)]
#[macro_export]
macro_rules! acting {
    () => {{
        use std::{string::String, vec::Vec};
        use $crate::{
            Alarm, AlarmOp, Area, Civil, Device, DeviceCommand, DeviceState, EffectError, Effects,
            HttpRequest, HttpResponse, ListOp, Publication, Reads, StorageOp, Timer, TimerOp,
            Value,
            component::{Committing, commit::loqa::skill, denied},
        };

        struct Acting;

        impl Reads for Acting {
            fn now(&self, zone: Option<&str>) -> Option<Civil> {
                Committing.now(zone)
            }

            fn timers(&self) -> Vec<Timer> {
                Committing.timers()
            }

            fn devices(&self) -> Vec<Device> {
                Committing.devices()
            }

            fn areas(&self) -> Vec<Area> {
                Committing.areas()
            }

            fn list(&self, list: &str) -> Vec<String> {
                Committing.list(list)
            }

            fn setting(&self, name: &str) -> Option<Value> {
                Committing.setting(name)
            }

            fn stored(&self, key: &str) -> Option<String> {
                Committing.stored(key)
            }

            fn stored_keys(&self) -> Vec<String> {
                Committing.stored_keys()
            }

            fn alarms(&self) -> Vec<Alarm> {
                Committing.alarms()
            }
        }

        impl Effects for Acting {
            #[cfg(loqa_may = "timer")]
            fn timer(&mut self, op: TimerOp) -> Result<Timer, EffectError> {
                skill::set_timers::apply(&op).map_err(EffectError)
            }

            #[cfg(not(loqa_may = "timer"))]
            fn timer(&mut self, _: TimerOp) -> Result<Timer, EffectError> {
                denied("timer")
            }

            #[cfg(loqa_may = "device")]
            fn device(
                &mut self,
                id: &str,
                command: DeviceCommand,
            ) -> Result<DeviceState, EffectError> {
                skill::command_devices::command(id, &command).map_err(EffectError)
            }

            #[cfg(not(loqa_may = "device"))]
            fn device(&mut self, _: &str, _: DeviceCommand) -> Result<DeviceState, EffectError> {
                denied("device")
            }

            #[cfg(loqa_may = "list")]
            fn change_list(&mut self, list: &str, op: ListOp) -> Result<Vec<String>, EffectError> {
                skill::change_lists::change(list, &op).map_err(EffectError)
            }

            #[cfg(not(loqa_may = "list"))]
            fn change_list(&mut self, _: &str, _: ListOp) -> Result<Vec<String>, EffectError> {
                denied("list")
            }

            #[cfg(loqa_may = "storage")]
            fn store(&mut self, op: StorageOp) -> Result<(), EffectError> {
                skill::write_storage::apply(&op).map_err(EffectError)
            }

            #[cfg(not(loqa_may = "storage"))]
            fn store(&mut self, _: StorageOp) -> Result<(), EffectError> {
                denied("storage")
            }

            #[cfg(loqa_may = "alarm")]
            fn alarm(&mut self, op: AlarmOp) -> Result<Alarm, EffectError> {
                skill::set_alarms::apply(&op).map_err(EffectError)
            }

            #[cfg(not(loqa_may = "alarm"))]
            fn alarm(&mut self, _: AlarmOp) -> Result<Alarm, EffectError> {
                denied("alarm")
            }

            #[cfg(loqa_may = "http")]
            fn http(&mut self, request: HttpRequest) -> Result<HttpResponse, EffectError> {
                skill::ask_over_http::send(&request).map_err(EffectError)
            }

            #[cfg(not(loqa_may = "http"))]
            fn http(&mut self, _: HttpRequest) -> Result<HttpResponse, EffectError> {
                denied("http")
            }

            #[cfg(loqa_may = "notify")]
            fn notify(&mut self, text: &str) -> Result<(), EffectError> {
                skill::show_notices::notify(text).map_err(EffectError)
            }

            #[cfg(not(loqa_may = "notify"))]
            fn notify(&mut self, _: &str) -> Result<(), EffectError> {
                denied("notify")
            }

            #[cfg(loqa_may = "speak")]
            fn speak(&mut self, text: &str) -> Result<(), EffectError> {
                skill::speak_aloud::speak(text).map_err(EffectError)
            }

            #[cfg(not(loqa_may = "speak"))]
            fn speak(&mut self, _: &str) -> Result<(), EffectError> {
                denied("speak")
            }

            #[cfg(loqa_may = "publish")]
            fn publish(&mut self, publication: Publication) -> Result<(), EffectError> {
                skill::publish_messages::publish(&publication).map_err(EffectError)
            }

            #[cfg(not(loqa_may = "publish"))]
            fn publish(&mut self, _: Publication) -> Result<(), EffectError> {
                denied("publish")
            }
        }

        Acting
    }};
}
