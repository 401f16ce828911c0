//! Line drawings, 24 by 24, in the colour of the text beside them.

use super::Page;
use leptos::prelude::*;

fn icon(path: &'static str) -> impl IntoView {
    view! {
        <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
            <path d=path></path>
        </svg>
    }
}

/// Of a kind of device.
pub fn kind(kind: &str) -> impl IntoView + use<> {
    icon(match kind {
        "light" => {
            "M9 18h6M10 21h4M12 3a6 6 0 0 0-3.6 10.8c.6.5 1 1.200 1 2V16h5.200v-.2c0-.8.4-1.500 1-2A6 6 0 0 0 12 3z"
        }
        "switch" => "M9 3v5M15 3v5M6 8h12v4a6 6 0 0 1-12 0zM12 18v3",
        "cover" => "M4 4h16M5 4v12M19 4v12M5 8h14M5 12h14M5 16h14M12 16v4",
        "lock" => "M6 11h12v9H6zM8.500 11V8a3.500 3.500 0 0 1 7 0v3M12 15v2",
        "climate" => "M10 14V5a2 2 0 0 1 4 0v9a4 4 0 1 1-4 0zM12 10v7",
        "fan" => {
            "M12 12c0-4 1-8 4-8s2 6-4 8zm0 0c4 0 8 1 8 4s-6 2-8-4zm0 0c0 4-1 8-4 8s-2-6 4-8zm0 0c-4 0-8-1-8-4s6-2 8 4z"
        }
        "sensor" => "M12 20v-6M8.500 10.500a5 5 0 0 1 7 0M5.500 7.500a9 9 0 0 1 13 0M12 14h.01",
        "media" => "M5 9v6h4l5 4V5L9 9zM17 9a4 4 0 0 1 0 6",
        "scene" | "script" => {
            "M12 3l2.200 5.800L20 11l-5.800 2.200L12 19l-2.200-5.800L4 11l5.800-2.200zM19 17v4M17 19h4"
        }
        _ => "M8 6h12M8 12h12M8 18h12M4 6h.01M4 12h.01M4 18h.01",
    })
}

/// Of a page.
pub fn page(page: Page) -> impl IntoView + use<> {
    icon(match page {
        Page::Now => {
            "M12 4a3 3 0 0 1 3 3v4a3 3 0 0 1-6 0V7a3 3 0 0 1 3-3zM6 11a6 6 0 0 0 12 0M12 17v4"
        }
        Page::Sessions => "M4 5h16v11H9l-5 4z",
        Page::Home => "M4 11l8-7 8 7v9h-5v-6H9v6H4z",
        Page::Skills => "M12 3l2.500 6.500L21 12l-6.500 2.500L12 21l-2.500-6.500L3 12l6.500-2.500z",
        Page::Models => {
            "M12 3l8 4.500-8 4.500-8-4.500zM4 12l8 4.500 8-4.500M4 16.500l8 4.500 8-4.500"
        }
        Page::Privacy => "M12 3l7 3v5c0 5-3 8-7 10-4-2-7-5-7-10V6zM9 12l2 2 4-4",
        Page::People => {
            "M9 11a3.500 3.500 0 1 0 0-7 3.500 3.500 0 0 0 0 7zM3 20a6 6 0 0 1 12 0M16 4.500a3.500 3.500 0 0 1 0 6M17.500 14.500A6 6 0 0 1 21 20"
        }
        Page::Nodes => "M12 4v5M12 9l-6 6M12 9l6 6M9.500 4h5M3.500 15h5v5h-5zM15.500 15h5v5h-5z",
        Page::System | Page::Kiosk => "M4 7h10M18 7h2M4 17h2M10 17h10M14 4.500v5M6 14.500v5",
    })
}

/// To change something.
pub fn pencil() -> impl IntoView {
    icon("M4 20h4L19 9l-4-4L4 16zM13 7l4 4")
}

/// A microphone, or none.
pub fn microphone(muted: bool) -> impl IntoView {
    icon(if muted {
        "M9 9V7a3 3 0 0 1 6 0v4M6 11a6 6 0 0 0 10 4.500M12 17v4M4 4l16 16"
    } else {
        "M12 4a3 3 0 0 1 3 3v4a3 3 0 0 1-6 0V7a3 3 0 0 1 3-3zM6 11a6 6 0 0 0 12 0M12 17v4"
    })
}
