//! A screen: the hub's page for the wall, in a browser of this machine. What the browser asks for goes over the link as it
//! is, so nobody signs in here, and no certificate has to be trusted: this machine's key is what it is let in with.

mod browser;

use crate::{config, link::Reached};
use anyhow::Context;
use browser::Browser;
use loqa_link::wire::{LinkError, Reason};
use loqa_protocol::{Capability, link::Offer};
use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional},
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::{sleep, timeout},
};

/// Connections at a time: a browser keeps six, and one more for what changes.
const CONNECTIONS: usize = 16;
/// How long nothing is accepted after that failed, as when too many files are open.
const PAUSE: Duration = Duration::from_millis(100);
/// How long the hub may take to tell why it refuses, and the browser to take what it is told.
const TELLING: Duration = Duration::from_secs(1);
/// What is shown while there is no hub.
const AWAY: &str = "Loqa's hub is away";

/// It, before it shows anything.
pub struct Display {
    listener: TcpListener,
    browser: Browser,
}

/// What it is offered as: `display.tablet`.
pub fn offer(config: &config::Display) -> Offer {
    Offer {
        capability: Capability {
            kind: "display".into(),
            name: config.kind.clone(),
            variant: String::new(),
        },
        slots: 1,
        running: 0,
        rtf_permille: 0,
        first_ms: 0,
    }
}

impl Display {
    /// Takes the port, for this machine's own browser alone. What that browser keeps is in `folder`.
    ///
    /// # Errors
    /// Somebody else has the port.
    pub async fn open(config: &config::Display, folder: &Path) -> anyhow::Result<Display> {
        let port = config.port;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await;
        let listener = listener.with_context(|| {
            format!("port {port} of this machine cannot be used for the screen\n  help: set another `port` in [display] of node.toml, or 0 for any")
        })?;
        let address = page(listener.local_addr()?);
        let browser = Browser::new(&config.browser, &address, folder);
        if !browser.is_started() {
            eprintln!("The screen is at {address}");
        }
        Ok(Display { listener, browser })
    }

    /// Shows what the hub shows, for as long as this program runs.
    pub async fn run(self, hub: Reached) -> anyhow::Result<()> {
        let serving = async {
            let mut shown = JoinSet::new();
            loop {
                tokio::select! {
                    accepted = self.listener.accept(), if shown.len() < CONNECTIONS => match accepted {
                        Ok((browser, _)) => drop(shown.spawn(show(browser, hub.clone()))),
                        Err(_) => sleep(PAUSE).await,
                    },
                    Some(_) = shown.join_next() => {}
                }
            }
        };
        tokio::join!(serving, self.browser.run()).0
    }
}

/// Where the page is.
fn page(at: SocketAddr) -> String {
    format!("http://{at}/kiosk")
}

/// One connection of the browser, until either side ends it.
async fn show(mut browser: TcpStream, hub: Reached) {
    let _ = browser.set_nodelay(true);
    // Browsers connect before they want anything.
    if browser.readable().await.is_err() {
        return;
    }
    let link = hub.borrow().clone();
    let Some(link) = link else {
        return tell(browser, AWAY).await;
    };
    let mut page = match link.page().await {
        Ok(page) => page,
        Err(_) => return tell(browser, AWAY).await,
    };
    let mut health = link.health();
    let copied = tokio::select! {
        copied = copy_bidirectional(&mut browser, &mut page) => copied,
        // An error is that the link is gone.
        _ = health.wait_for(|it| it.silent) => Err(io::ErrorKind::TimedOut.into()),
    };
    if let Err(error) = copied {
        tracing::debug!(%error, "a connection of the screen has ended");
        // Who refuses to read has told why, which comes to whoever reads.
        if page.ended().is_none() {
            let _ = timeout(TELLING, page.read(&mut [0])).await;
        }
        if page.has_answered() {
            return;
        }
        let why = match page.ended() {
            Some(LinkError::Reset(Reason::NotForThat)) => {
                "This machine was not paired as a display: pair it again"
            }
            Some(LinkError::Reset(Reason::NoPage)) => "Loqa's hub shows no page",
            Some(LinkError::Reset(Reason::UnknownKind)) => {
                "Loqa's hub is too old for displays: update it"
            }
            // The link is gone, or the browser is, and does not read this.
            _ => AWAY,
        };
        tell(browser, why).await;
    }
}

/// Tells whoever looks at the screen, in place of the page, which is tried again by itself.
async fn tell(mut browser: TcpStream, why: &str) {
    let page = format!(
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content=\"width=device-width\">\
         <meta http-equiv=refresh content=3><title>Loqa</title><style>:root{{color-scheme:light dark}}\
         body{{margin:0;padding:1rem;font:1.5rem system-ui;display:grid;place-items:center;min-height:90vh;\
         text-align:center;background:light-dark(#f7f1e9,#15110e);color:light-dark(#67584c,#bbaa9a)}}</style>\
         <p role=status>{why}."
    );
    let length = page.len();
    let answer = format!(
        "HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {length}\r\n\
         Retry-After: 3\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n{page}"
    );
    let telling = async {
        // What was asked and never read would take the answer with it; most of it has been read.
        while browser.try_read(&mut [0; 4096]).is_ok_and(|read| read > 0) {}
        browser.write_all(answer.as_bytes()).await?;
        browser.shutdown().await
    };
    let _: Result<io::Result<()>, _> = timeout(TELLING, telling).await;
}
