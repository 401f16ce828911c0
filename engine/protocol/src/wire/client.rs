//! Client and server frames.

use super::{DecodeError, FromWire, id_from_wire, id_to_wire, nodes::percent, v1, wire_enum};
use crate::{
    AudioFormat, Choice, ClientFrame, HomeEdit, ModelChange, Problem, ServerFrame, SessionId,
    SkillChange,
};
use v1::{
    change_skill::Change, choose::Choice as Chosen, client_frame::Kind as Request, edit_home::Edit,
    server_frame::Kind as Answer,
};

wire_enum!(
    ModelChange,
    "change_model.change",
    [Pull, Pause, Verify, Remove]
);

impl From<&ClientFrame> for v1::ClientFrame {
    fn from(frame: &ClientFrame) -> Self {
        let kind = match frame.clone() {
            ClientFrame::Ask { text, .. } => Request::Ask(v1::Ask { text }),
            ClientFrame::AskAudio {
                file,
                speech_end,
                fast,
                called,
                ..
            } => Request::AskAudio(v1::AskAudio {
                file,
                speech_end,
                fast,
                called: called.map(Into::into),
            }),
            ClientFrame::Audio { samples, .. } => Request::Audio(v1::Audio { samples }),
            ClientFrame::AudioEnd { .. } => Request::AudioEnd(v1::AudioEnd {}),
            ClientFrame::Transcribe { open, .. } => Request::Transcribe(v1::Transcribe { open }),
            ClientFrame::Intent { text, .. } => Request::Intent(v1::Intent { text }),
            ClientFrame::Say {
                text,
                voice,
                to_client,
                ..
            } => Request::Say(v1::Say {
                text,
                voice,
                to_client,
            }),
            ClientFrame::Timers { .. } => Request::Timers(v1::Timers {}),
            ClientFrame::Doctor { .. } => Request::Doctor(v1::Doctor {}),
            ClientFrame::Subscribe { .. } => Request::Subscribe(v1::Subscribe {}),
            ClientFrame::Watch { .. } => Request::Watch(v1::Watch {}),
            ClientFrame::Call { .. } => Request::Call(v1::Call {}),
            ClientFrame::Mute { muted, .. } => Request::Mute(v1::Mute { muted }),
            ClientFrame::Dashboard { .. } => Request::Dashboard(v1::Dashboard {}),
            ClientFrame::EditHome { revision, edit, .. } => Request::EditHome(v1::EditHome {
                revision,
                edit: Some(match edit {
                    HomeEdit::Device(device) => Edit::Device(device),
                    HomeEdit::Area(area) => Edit::Area(area),
                    HomeEdit::RemoveDevice(id) => Edit::RemoveDevice(id),
                    HomeEdit::RemoveArea(id) => Edit::RemoveArea(id),
                }),
            }),
            ClientFrame::Ways { device, .. } => Request::Ways(v1::Ways { device }),
            ClientFrame::Level { on, .. } => Request::Level(v1::Level { on }),
            ClientFrame::Logs { after, .. } => Request::Logs(v1::Logs { after }),
            ClientFrame::Sounds { .. } => Request::Sounds(v1::Sounds {}),
            ClientFrame::Choose { choice, .. } => Request::Choose(v1::Choose {
                choice: Some(match choice {
                    Choice::HouseholdName(name) => Chosen::HouseholdName(name),
                    Choice::Microphone(name) => Chosen::Microphone(name),
                    Choice::Speaker(name) => Chosen::Speaker(name),
                    Choice::Welcomed(yes) => Chosen::Welcomed(yes),
                    Choice::KioskPin(pin) => Chosen::KioskPin(pin),
                    Choice::Model(kind, name) => Chosen::Model(v1::ChooseModel { kind, name }),
                }),
            }),
            ClientFrame::Leave { pin, .. } => Request::Leave(v1::Leave { pin }),
            ClientFrame::Unlock { pin, .. } => Request::Unlock(v1::Unlock { pin }),
            ClientFrame::CallEnd { .. } => Request::CallEnd(v1::CallEnd {}),
            ClientFrame::LookAtSkill { part, last, .. } => {
                Request::LookAtSkill(v1::LookAtSkill { part, last })
            }
            ClientFrame::InstallSkill { offer, agreed, .. } => {
                Request::InstallSkill(v1::InstallSkill { offer, agreed })
            }
            ClientFrame::ChangeSkill { skill, change, .. } => {
                Request::ChangeSkill(v1::ChangeSkill {
                    skill,
                    change: Some(match change {
                        SkillChange::Enabled(yes) => Change::Enabled(yes),
                        SkillChange::Pin(version) => Change::Pin(version),
                        SkillChange::Rollback => Change::Rollback(v1::Rollback {}),
                        SkillChange::Remove => Change::Remove(v1::Remove {}),
                        SkillChange::Set(name, value) => {
                            Change::Set(v1::SetSetting { name, value })
                        }
                    }),
                })
            }
            ClientFrame::SkillCalls { .. } => Request::SkillCalls(v1::SkillCalls {}),
            ClientFrame::SkillAudit { most, .. } => Request::SkillAudit(v1::SkillAudit { most }),
            ClientFrame::Models { on, .. } => Request::Models(v1::Models { on }),
            ClientFrame::ChangeModel { model, change, .. } => {
                let change = v1::ModelChange::from(change).into();
                Request::ChangeModel(v1::ChangeModel { model, change })
            }
            ClientFrame::Kept { look, .. } => Request::Kept(look.into()),
            ClientFrame::Keep { keep, .. } => Request::Keep(keep.into()),
            ClientFrame::Audit { noted, .. } => Request::Audit(v1::Audit { noted }),
            ClientFrame::BackUp { recipient, .. } => Request::BackUp(v1::BackUp { recipient }),
            ClientFrame::Wipe { word, .. } => Request::Wipe(v1::Wipe { word }),
            ClientFrame::Privacy { on, .. } => Request::Privacy(v1::Privacy { on }),
            ClientFrame::Egress { most, .. } => Request::Egress(v1::Egress { most }),
            ClientFrame::WentOut { connections, .. } => {
                let connections = connections.clone();
                Request::WentOut(v1::WentOut { connections })
            }
            ClientFrame::Seal { sealed, .. } => Request::Seal(v1::Seal { sealed }),
            ClientFrame::Pin { session, pin, .. } => Request::Pin(v1::Pin {
                session_id: id_to_wire(session.0),
                pin,
            }),
            ClientFrame::People { .. } => Request::People(v1::People {}),
            ClientFrame::EditPeople { pin, edit, .. } => Request::EditPeople(v1::EditPeople {
                pin,
                edit: Some(edit.into()),
            }),
            ClientFrame::Nodes { on, .. } => Request::Nodes(v1::Nodes { on }),
            ClientFrame::EditNodes { pin, edit, .. } => Request::EditNodes(v1::EditNodes {
                pin,
                edit: Some(edit.into()),
            }),
            ClientFrame::Puck { muted, .. } => Request::Puck(v1::Puck { muted }),
        };
        v1::ClientFrame {
            id: frame.id(),
            kind: Some(kind),
        }
    }
}

impl TryFrom<v1::ClientFrame> for ClientFrame {
    type Error = DecodeError;

    fn try_from(v1::ClientFrame { id, kind }: v1::ClientFrame) -> Result<Self, DecodeError> {
        Ok(
            match kind.ok_or(DecodeError::Missing("client_frame.kind"))? {
                Request::Ask(v1::Ask { text }) => ClientFrame::Ask { id, text },
                Request::AskAudio(v1::AskAudio {
                    file,
                    speech_end,
                    fast,
                    called,
                }) => ClientFrame::AskAudio {
                    id,
                    file,
                    speech_end,
                    fast,
                    called: called.map(TryInto::try_into).transpose()?,
                },
                Request::Audio(v1::Audio { samples }) => ClientFrame::Audio { id, samples },
                Request::AudioEnd(v1::AudioEnd {}) => ClientFrame::AudioEnd { id },
                Request::Transcribe(v1::Transcribe { open }) => {
                    ClientFrame::Transcribe { id, open }
                }
                Request::Intent(v1::Intent { text }) => ClientFrame::Intent { id, text },
                Request::Say(v1::Say {
                    text,
                    voice,
                    to_client,
                }) => ClientFrame::Say {
                    id,
                    text,
                    voice,
                    to_client,
                },
                Request::Timers(v1::Timers {}) => ClientFrame::Timers { id },
                Request::Doctor(v1::Doctor {}) => ClientFrame::Doctor { id },
                Request::Subscribe(v1::Subscribe {}) => ClientFrame::Subscribe { id },
                Request::Watch(v1::Watch {}) => ClientFrame::Watch { id },
                Request::Call(v1::Call {}) => ClientFrame::Call { id },
                Request::Mute(v1::Mute { muted }) => ClientFrame::Mute { id, muted },
                Request::Dashboard(v1::Dashboard {}) => ClientFrame::Dashboard { id },
                Request::EditHome(v1::EditHome { revision, edit }) => ClientFrame::EditHome {
                    id,
                    revision,
                    edit: match edit.ok_or(DecodeError::Missing("edit_home.edit"))? {
                        Edit::Device(device) => HomeEdit::Device(device),
                        Edit::Area(area) => HomeEdit::Area(area),
                        Edit::RemoveDevice(id) => HomeEdit::RemoveDevice(id),
                        Edit::RemoveArea(id) => HomeEdit::RemoveArea(id),
                    },
                },
                Request::Ways(v1::Ways { device }) => ClientFrame::Ways { id, device },
                Request::Level(v1::Level { on }) => ClientFrame::Level { id, on },
                Request::Logs(v1::Logs { after }) => ClientFrame::Logs { id, after },
                Request::Sounds(v1::Sounds {}) => ClientFrame::Sounds { id },
                Request::Choose(v1::Choose { choice }) => ClientFrame::Choose {
                    id,
                    choice: match choice.ok_or(DecodeError::Missing("choose.choice"))? {
                        Chosen::HouseholdName(name) => Choice::HouseholdName(name),
                        Chosen::Microphone(name) => Choice::Microphone(name),
                        Chosen::Speaker(name) => Choice::Speaker(name),
                        Chosen::Welcomed(yes) => Choice::Welcomed(yes),
                        Chosen::KioskPin(pin) => Choice::KioskPin(pin),
                        Chosen::Model(v1::ChooseModel { kind, name }) => Choice::Model(kind, name),
                    },
                },
                Request::Leave(v1::Leave { pin }) => ClientFrame::Leave { id, pin },
                Request::Unlock(v1::Unlock { pin }) => ClientFrame::Unlock { id, pin },
                Request::CallEnd(v1::CallEnd {}) => ClientFrame::CallEnd { id },
                Request::LookAtSkill(v1::LookAtSkill { part, last }) => {
                    ClientFrame::LookAtSkill { id, part, last }
                }
                Request::InstallSkill(v1::InstallSkill { offer, agreed }) => {
                    ClientFrame::InstallSkill { id, offer, agreed }
                }
                Request::ChangeSkill(v1::ChangeSkill { skill, change }) => {
                    ClientFrame::ChangeSkill {
                        id,
                        skill,
                        change: match change.ok_or(DecodeError::Missing("change_skill.change"))? {
                            Change::Enabled(yes) => SkillChange::Enabled(yes),
                            Change::Pin(version) => SkillChange::Pin(version),
                            Change::Rollback(v1::Rollback {}) => SkillChange::Rollback,
                            Change::Remove(v1::Remove {}) => SkillChange::Remove,
                            Change::Set(v1::SetSetting { name, value }) => {
                                SkillChange::Set(name, value)
                            }
                        },
                    }
                }
                Request::SkillCalls(v1::SkillCalls {}) => ClientFrame::SkillCalls { id },
                Request::SkillAudit(v1::SkillAudit { most }) => {
                    ClientFrame::SkillAudit { id, most }
                }
                Request::Models(v1::Models { on }) => ClientFrame::Models { id, on },
                Request::Pin(v1::Pin { session_id, pin }) => ClientFrame::Pin {
                    id,
                    session: SessionId(id_from_wire("pin.session_id", &session_id)?),
                    pin,
                },
                Request::People(v1::People {}) => ClientFrame::People { id },
                Request::EditPeople(v1::EditPeople { pin, edit }) => ClientFrame::EditPeople {
                    id,
                    pin,
                    edit: edit.try_into()?,
                },
                Request::Nodes(v1::Nodes { on }) => ClientFrame::Nodes { id, on },
                Request::EditNodes(v1::EditNodes { pin, edit }) => ClientFrame::EditNodes {
                    id,
                    pin,
                    edit: edit.try_into()?,
                },
                Request::Puck(v1::Puck { muted }) => ClientFrame::Puck { id, muted },
                Request::ChangeModel(v1::ChangeModel { model, change }) => {
                    ClientFrame::ChangeModel {
                        id,
                        model,
                        change: ModelChange::from_wire(change)?,
                    }
                }
                Request::Kept(kept) => ClientFrame::Kept {
                    id,
                    look: kept.try_into()?,
                },
                Request::Keep(keep) => ClientFrame::Keep {
                    id,
                    keep: keep.try_into()?,
                },
                Request::Audit(v1::Audit { noted }) => ClientFrame::Audit { id, noted },
                Request::BackUp(v1::BackUp { recipient }) => ClientFrame::BackUp { id, recipient },
                Request::Wipe(v1::Wipe { word }) => ClientFrame::Wipe { id, word },
                Request::Privacy(v1::Privacy { on }) => ClientFrame::Privacy { id, on },
                Request::Egress(v1::Egress { most }) => ClientFrame::Egress { id, most },
                Request::WentOut(v1::WentOut { connections }) => {
                    ClientFrame::WentOut { id, connections }
                }
                Request::Seal(v1::Seal { sealed }) => ClientFrame::Seal { id, sealed },
            },
        )
    }
}

impl From<&ServerFrame> for v1::ServerFrame {
    fn from(frame: &ServerFrame) -> Self {
        let kind = match frame {
            ServerFrame::Event { envelope, .. } => Answer::Event(envelope.into()),
            ServerFrame::Speech {
                format, samples, ..
            } => Answer::Speech(v1::Speech {
                sample_rate_hz: format.sample_rate_hz,
                samples: samples.clone(),
            }),
            ServerFrame::Turn { summary, .. } => Answer::Turn(summary.into()),
            ServerFrame::Transcript {
                text,
                rejected,
                decode_ms,
                ..
            } => Answer::Transcript(v1::Transcript {
                text: text.clone(),
                rejected: *rejected,
                decode_ms: *decode_ms,
            }),
            ServerFrame::View { view, .. } => Answer::View(view.into()),
            ServerFrame::Loudness { level_db, peak, .. } => Answer::Loudness(v1::Loudness {
                level_db: *level_db,
                peak: *peak,
            }),
            ServerFrame::Json { json, .. } => Answer::Json(v1::JsonDocument { json: json.clone() }),
            ServerFrame::Problem { problem, .. } => {
                let Problem {
                    code,
                    message,
                    help,
                } = problem.clone();
                Answer::Problem(v1::Problem {
                    code,
                    message,
                    help,
                })
            }
            ServerFrame::Chosen { .. } => Answer::Chosen(v1::Chosen {}),
            ServerFrame::Puck { volume, muted, .. } => Answer::Puck(v1::PuckSettings {
                volume: (*volume).into(),
                muted: *muted,
            }),
            ServerFrame::Done { .. } => Answer::Done(v1::Done {}),
        };
        v1::ServerFrame {
            id: frame.id(),
            kind: Some(kind),
        }
    }
}

impl TryFrom<v1::ServerFrame> for ServerFrame {
    type Error = DecodeError;

    fn try_from(v1::ServerFrame { id, kind }: v1::ServerFrame) -> Result<Self, DecodeError> {
        Ok(
            match kind.ok_or(DecodeError::Missing("server_frame.kind"))? {
                Answer::Event(envelope) => ServerFrame::Event {
                    id,
                    envelope: envelope.try_into()?,
                },
                Answer::Speech(v1::Speech {
                    sample_rate_hz,
                    samples,
                }) => ServerFrame::Speech {
                    id,
                    format: AudioFormat { sample_rate_hz },
                    samples,
                },
                Answer::Turn(summary) => ServerFrame::Turn {
                    id,
                    summary: summary.try_into()?,
                },
                Answer::Transcript(v1::Transcript {
                    text,
                    rejected,
                    decode_ms,
                }) => ServerFrame::Transcript {
                    id,
                    text,
                    rejected,
                    decode_ms,
                },
                Answer::View(view) => ServerFrame::View {
                    id,
                    view: view.try_into()?,
                },
                Answer::Loudness(v1::Loudness { level_db, peak }) => {
                    ServerFrame::Loudness { id, level_db, peak }
                }
                Answer::Json(v1::JsonDocument { json }) => ServerFrame::Json { id, json },
                Answer::Problem(v1::Problem {
                    code,
                    message,
                    help,
                }) => ServerFrame::Problem {
                    id,
                    problem: Problem {
                        code,
                        message,
                        help,
                    },
                },
                Answer::Chosen(v1::Chosen {}) => ServerFrame::Chosen { id },
                Answer::Puck(v1::PuckSettings { volume, muted }) => ServerFrame::Puck {
                    id,
                    volume: percent("puck.volume", volume)?,
                    muted,
                },
                Answer::Done(v1::Done {}) => ServerFrame::Done { id },
            },
        )
    }
}
