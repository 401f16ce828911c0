//! `loqa-desktop`: the dashboard in a window of its own.
//!
//! The hub runs inside, unless one runs on the same data folder already: then the window is one
//! more client of it. Closing the window hides it, where there is a tray that brings it back; else
//! it ends the program, and with it the hub inside.

mod autostart;
mod bridge;
mod desktop;
mod files;
mod follow;
mod house;
mod mood;
mod notices;
mod push_to_talk;
mod tray;
mod tray_host;
mod words;

use autostart::Autostart;
use bridge::Bridge;
use clap::{Parser, ValueEnum};
use desktop::Desktop;
use files::Files;
use follow::{News, Wish};
use house::House;
use loqa_engine::{
    cli::{Common, interrupted},
    config::Config,
    telemetry,
};
use loqa_protocol::Problem;
use mood::Mood;
use std::{env, process::ExitCode, sync::Arc, time::Duration};
use tauri::{AppHandle, Context, Manager, WindowEvent, Wry};
use tauri_plugin_window_state::StateFlags;
use tokio::{sync::mpsc, time::sleep};

/// How long until a hub that could not start is tried again: somebody may have mended its settings.
const AGAIN: Duration = Duration::from_secs(5);
/// How long models that are still inside a call are waited for.
const LAST_CALLS: Duration = Duration::from_secs(1);
/// How long a start at login waits for the tray.
const LOGIN: Duration = Duration::from_secs(20);

/// Loqa in a window: the house as it is, and what can be touched.
#[derive(Parser)]
#[command(name = "loqa-desktop", version)]
struct Cli {
    #[command(flatten)]
    common: Common,
    /// Start in the tray, without the window
    #[arg(long)]
    hidden: bool,
    /// Whether to start with the computer, in the tray, from now on; it is not started now
    #[arg(long, value_name = "WHETHER")]
    autostart: Option<Switch>,
    /// Call the one that runs already, as the key of the settings does; for desktops that let no
    /// program hear a key, and run a command for one
    #[arg(long)]
    push_to_talk: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Switch {
    On,
    Off,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    telemetry::init(cli.common.verbose, true);
    run(&cli).unwrap_or_else(|problem| {
        eprintln!("error: {problem}");
        ExitCode::FAILURE
    })
}

/// Until somebody quits, or the program is interrupted.
fn run(cli: &Cli) -> Result<ExitCode, Problem> {
    let options = cli.common.hub_options();
    let autostart = Autostart::of(&options.flags);
    if let (Some(switch), Some(autostart)) = (cli.autostart, &autostart) {
        autostart.set(switch == Switch::On)?;
        return Ok(ExitCode::SUCCESS);
    }
    if !has_display() {
        return Err(Problem {
            code: "no_display".into(),
            message: "there is no display to open a window on".into(),
            help: "`loqa hub` does without one, and `loqa dashboard` shows where to look".into(),
        });
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| cannot_open(&error))?;
    tauri::async_runtime::set(runtime.handle().clone());
    // Settings that cannot be read are told by the page.
    let settings = Config::load(&options.flags).unwrap_or_default();
    let house = Arc::new(House::new(options));
    let mut context: Context<Wry> = tauri::generate_context!();
    context.set_assets(Box::new(Files::new(&settings.dashboard.files)));
    for window in &mut context.config_mut().app.windows {
        window.visible = !cli.hidden;
    }
    let (wishes, wished) = mpsc::channel(follow::WISHES);
    let remembered = StateFlags::SIZE | StateFlags::POSITION | StateFlags::MAXIMIZED;
    let app = tauri::Builder::default()
        // First: a second program ends here, before it has begun anything.
        .plugin(tauri_plugin_single_instance::init(|app, args, _| {
            again(app, args)
        }))
        .plugin(
            tauri_plugin_window_state::Builder::new()
                .with_state_flags(remembered)
                .build(),
        )
        .manage(Bridge::new(house.clone()))
        .manage(Desktop::new(wishes, autostart))
        .on_window_event(|window, event| {
            if let WindowEvent::CloseRequested { api, .. } = event
                && desktop::hide(window)
            {
                api.prevent_close();
            }
        })
        .invoke_handler(tauri::generate_handler![bridge::connect, bridge::send])
        .build(context)
        .map_err(|error| cannot_open(&error))?;
    // Held until the end.
    let _key = push_to_talk::listen(app.handle(), &settings.desktop)
        .inspect_err(|problem| eprintln!("note: {problem}"));
    runtime.spawn(stay(house.clone(), app.handle().clone(), wished));
    let (handle, patience) = (app.handle().clone(), cli.hidden.then_some(LOGIN));
    runtime.spawn(async move {
        let tell = |shows| desktop::tray_may_show(&handle, shows);
        tray_host::watch(patience.unwrap_or_default(), tell).await;
    });
    let code = app.run_return(|_, _| {});
    runtime.block_on(house.close());
    loqa_engine::models::end();
    runtime.shutdown_timeout(LAST_CALLS);
    Ok(ExitCode::from(u8::try_from(code).unwrap_or(1)))
}

/// Has the hub begin before the page asks, and shows it in the tray; ends the program when it is
/// interrupted, and when the hub cannot go on.
async fn stay(house: Arc<House>, app: AppHandle, wished: mpsc::Receiver<Wish>) {
    let tell = |news| app.state::<Desktop>().tell(&app, news);
    let hub = async {
        while let Err(problem) = house.open().await {
            tracing::warn!(%problem, "the hub cannot start");
            tell(News::Mood(Mood::Degraded(problem.message), false));
            sleep(AGAIN).await;
        }
        tokio::select! {
            why = house.failed() => why,
            never = follow::follow(&house, wished, tell) => match never {},
        }
    };
    tokio::select! {
        // Heard before the hub begins, which takes the thread for a while.
        biased;
        () = interrupted() => app.exit(0),
        why = hub => {
            eprintln!("error: the hub cannot go on: {why}\n  help: start it again; `loqa doctor` says what is missing");
            app.exit(1);
        }
    }
}

/// Somebody has started the program once more.
fn again(app: &AppHandle, args: Vec<String>) {
    match Cli::try_parse_from(args) {
        Ok(cli) if cli.push_to_talk => app.state::<Desktop>().wish(Wish::Toggle),
        _ => desktop::show(app),
    }
}

/// Whether there is anything to open a window on.
fn has_display() -> bool {
    let is_set = |name| env::var_os(name).is_some_and(|value| !value.is_empty());
    cfg!(target_os = "macos") || is_set("DISPLAY") || is_set("WAYLAND_DISPLAY")
}

fn cannot_open(error: &dyn std::error::Error) -> Problem {
    Problem {
        code: "no_window".into(),
        message: format!("the window cannot be opened: {error}"),
        help: "`loqa hub` does without one, and `loqa dashboard` shows where to look".into(),
    }
}
