// Loads the dashboard. A file of its own, because the page allows no script within it.
import init from "/loqa-ui.js";

init({ module_or_path: "/loqa-ui_bg.wasm" });

// Browsers keep the page for when the hub is away, where they can.
navigator.serviceWorker?.register("/sw.js").catch(() => {});
