//! Touching is saying: a touch becomes the sentence a person would say. So it needs no way of its
//! own into the house, a door asks before it opens, "undo that" works, and the sentence can be learnt.

use loqa_protocol::view::{Alarm, Area, Device, DeviceState, House, Timer};

/// Takes the last deed back.
pub const UNDO: &str = "undo that";
/// Why the last deed was done.
pub const WHY: &str = "why did you do that";
/// What ends whatever rings.
pub const STOP: &str = "stop";
/// What has an alarm ring again later.
pub const SNOOZE: &str = "snooze";

/// The name by which a device is known in the whole house.
pub fn name(house: &House, device: &Device) -> String {
    let same = |other: &&Device| other.name == device.name;
    let area = area(house, device).filter(|_| house.devices.iter().filter(same).count() > 1);
    match area {
        Some(area) => format!("{} in the {}", device.name, area.name),
        None => device.name.clone(),
    }
}

/// The room of a device.
pub fn area<'a>(house: &'a House, device: &Device) -> Option<&'a Area> {
    let id = device.area.as_ref()?;
    house.areas.iter().find(|area| area.id == *id)
}

/// Whether a device does what one wants of it: shines, plays, stands open; `None` if that is not
/// known, or not a question for its kind.
pub fn is_on(device: &Device, state: &DeviceState) -> Option<bool> {
    match device.kind.as_str() {
        "light" | "switch" | "fan" | "media" => state.power,
        "cover" => state.position.map(|percent| percent > 0),
        "lock" => state.locked.map(|locked| !locked),
        _ => None,
    }
}

/// What touching a device says; `None` if it can only be looked at.
pub fn touch(house: &House, device: &Device, state: &DeviceState) -> Option<String> {
    let name = name(house, device);
    let on = is_on(device, state).unwrap_or(false);
    let verb = match (device.kind.as_str(), on) {
        ("light" | "switch" | "fan" | "media", false) => "turn on the",
        ("light" | "switch" | "fan" | "media", true) => "turn off the",
        ("cover", false) => "open the",
        ("cover", true) => "close the",
        ("lock", false) => "unlock the",
        ("lock", true) => "lock the",
        ("scene" | "script", _) => "activate",
        _ => return None,
    };
    Some(format!("{verb} {name}"))
}

/// What a step up or down says; `None` if the device has no steps.
pub fn step(house: &House, device: &Device, up: bool) -> Option<String> {
    let name = name(house, device);
    let has = |feature: &str| {
        device.features.is_empty() || device.features.iter().any(|has| has == feature)
    };
    let verb = match (device.kind.as_str(), up) {
        ("light", true) if has("brightness") => "brighten the",
        ("light", false) if has("brightness") => "dim the",
        ("climate", true) => "turn up the",
        ("climate", false) => "turn down the",
        ("media", true) if has("volume") => "turn up the",
        ("media", false) if has("volume") => "turn down the",
        _ => return None,
    };
    Some(format!("{verb} {name}"))
}

/// What ends a timer before its time: it is called by its name, or by its length.
pub fn cancel(timer: &Timer) -> String {
    if let Some(name) = &timer.name {
        return format!("cancel the {name} timer");
    }
    let (hours, minutes, seconds) = (
        timer.total_s / 3600,
        timer.total_s / 60 % 60,
        timer.total_s % 60,
    );
    let units = [(hours, "hour"), (minutes, "minute"), (seconds, "second")];
    let length: Vec<String> = units
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, unit)| format!("{count} {unit}"))
        .collect();
    format!("cancel the {} timer", length.join(" "))
}

/// What takes an alarm, a reminder or what is scheduled away: it is called by its time, or by what it
/// reminds of.
pub fn cancel_alarm(alarm: &Alarm) -> String {
    if let Some(text) = &alarm.text {
        return format!("cancel the {text} reminder");
    }
    let (hour, minute) = alarm.time.split_once(':').unwrap_or_default();
    let hour: u8 = hour.parse().unwrap_or_default();
    let half = if hour < 12 { "am" } else { "pm" };
    let kind = alarm.does.as_ref().map_or("alarm", |_| "routine");
    format!("cancel the {}:{minute} {half} {kind}", (hour + 11) % 12 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_two_rooms_share_is_told_with_its_room() {
        let device = |id: &str, name: &str, area: &str| Device {
            id: id.into(),
            name: name.into(),
            area: Some(area.into()),
            kind: "light".into(),
            ..Device::default()
        };
        let area = |id: &str| Area {
            id: id.into(),
            name: id.into(),
            ..Area::default()
        };
        let house = House {
            areas: vec![area("kitchen"), area("attic")],
            devices: vec![
                device("a", "lamp", "kitchen"),
                device("b", "lamp", "attic"),
                device("c", "sconce", "attic"),
            ],
            ..House::default()
        };
        let touched = |index: usize, power| {
            let state = DeviceState {
                power,
                ..DeviceState::default()
            };
            touch(&house, &house.devices[index], &state)
        };
        assert_eq!(
            touched(0, None).as_deref(),
            Some("turn on the lamp in the kitchen")
        );
        assert_eq!(
            touched(1, Some(true)).as_deref(),
            Some("turn off the lamp in the attic")
        );
        assert_eq!(
            touched(2, Some(false)).as_deref(),
            Some("turn on the sconce")
        );
    }

    #[test]
    fn an_alarm_is_called_by_its_time_and_a_reminder_by_what_it_is_about() {
        let alarm = |time: &str, text: Option<&str>| {
            cancel_alarm(&Alarm {
                time: time.into(),
                text: text.map(str::to_owned),
                ..Alarm::default()
            })
        };
        assert_eq!(alarm("00:05", None), "cancel the 12:05 am alarm");
        assert_eq!(alarm("12:00", None), "cancel the 12:00 pm alarm");
        assert_eq!(alarm("19:30", None), "cancel the 7:30 pm alarm");
        let schedule = Alarm {
            time: "08:00".into(),
            does: Some("turn on the radio".into()),
            ..Alarm::default()
        };
        assert_eq!(cancel_alarm(&schedule), "cancel the 8:00 am routine");
        assert_eq!(
            alarm("19:30", Some("call mom")),
            "cancel the call mom reminder"
        );
    }
}
