//! The process's side of its lanes.

use crate::{
    frames::{self, Fault, FromHost, Import, StepKind, ToHost},
    runtime::{Hub, Runtime},
};
use std::{io, os::unix::net::UnixStream, sync::Arc};

/// Serves one lane until the hub closes it.
///
/// # Errors
/// The hub broke it off in the middle.
pub fn lane(runtime: &Runtime, stream: UnixStream, confined_by: &[String]) -> io::Result<()> {
    let stream = Arc::new(stream);
    let ready = FromHost::Ready {
        confined_by: confined_by.to_vec(),
    };
    frames::write(&mut &*stream, &ready, &[])?;
    loop {
        let (frame, code) = match frames::read::<ToHost>(&mut &*stream) {
            Ok(frame) => frame,
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(()),
            Err(error) => return Err(error),
        };
        let answer = answer(runtime, &stream, frame, &code);
        let written = frames::write(&mut &*stream, &answer, &[]);
        match written {
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => {
                let large = FromHost::Fault(Fault::Large(frames::longest()));
                frames::write(&mut &*stream, &large, &[])?;
            }
            other => other?,
        }
    }
}

fn answer(runtime: &Runtime, stream: &Arc<UnixStream>, frame: ToHost, code: &[u8]) -> FromHost {
    let hub = |step| {
        Box::new(Lane {
            stream: stream.clone(),
            step,
        })
    };
    let answer = match frame {
        ToHost::Load {
            component,
            step,
            permissions,
            budget,
        } => runtime
            .load(&component, step, &permissions, budget, code)
            .map(|()| FromHost::Done),
        ToHost::Unload { component } => {
            runtime.unload(&component);
            Ok(FromHost::Done)
        }
        ToHost::Prepare { component, request } => runtime
            .prepare(&component, request, hub(StepKind::Prepare))
            .map(|(prepared, cost)| FromHost::Prepared(prepared, cost)),
        ToHost::Commit { component, plan } => runtime
            .commit(&component, plan, hub(StepKind::Commit))
            .map(|(reply, cost)| FromHost::Committed(reply, cost)),
        ToHost::Answer => Err(Fault::Trap("an answer nobody asked for".into())),
    };
    answer.unwrap_or_else(FromHost::Fault)
}

/// The hub, at the other end of a lane.
struct Lane {
    stream: Arc<UnixStream>,
    step: StepKind,
}

impl Hub for Lane {
    fn ask(&mut self, import: &Import) -> io::Result<Vec<u8>> {
        frames::write(&mut &*self.stream, &FromHost::Import(import.clone()), &[])?;
        match frames::read(&mut &*self.stream)? {
            (ToHost::Answer, answer) => Ok(answer),
            (_, _) => Err(io::Error::new(
                io::ErrorKind::InvalidData,
                format!(
                    "the hub did not answer while a skill was to {}",
                    self.step.name()
                ),
            )),
        }
    }
}
