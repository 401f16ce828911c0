// Loads the dashboard. A file of its own, because the page allows no script within it.
import init from "/loqa-ui.js";

init({ module_or_path: "/loqa-ui_bg.wasm" });
