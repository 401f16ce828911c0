// Keeps the dashboard itself, so that a tablet shows it, and "reconnecting", while the hub is away.
// What the house is and does is never kept.
const KEPT = "loqa";
const FILES = ["/", "/boot.js", "/icon.svg", "/loqa-ui.js", "/loqa-ui_bg.wasm", "/style.css"];

addEventListener("install", (event) => {
  event.waitUntil(caches.open(KEPT).then((kept) => kept.addAll(FILES)).then(() => skipWaiting()));
});

addEventListener("activate", (event) => event.waitUntil(clients.claim()));

addEventListener("fetch", (event) => {
  const { pathname } = new URL(event.request.url);
  if (event.request.method !== "GET" || pathname.startsWith("/api/")) return;
  const name = event.request.mode === "navigate" ? "/" : pathname;
  // The hub's own files are the newest; what is kept is for when it is away.
  const newest = fetch(event.request).then(async (answer) => {
    if (answer.ok && FILES.includes(name)) await (await caches.open(KEPT)).put(name, answer.clone());
    return answer;
  });
  event.respondWith(newest.catch(() => caches.match(name).then((kept) => kept ?? Response.error())));
});
