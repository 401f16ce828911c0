// Rooms, devices, skills and sentences of somebody of ill will: all of it is text, wherever it is
// shown, and the hub answers whoever comes next.
import assert from "node:assert/strict";
import { describe_home, describe_skill, kill, loqa, start } from "./hub.mjs";
import { browser, inert, person } from "./page.mjs";

const PAGES = ["/", "/sessions", "/home", "/skills", "/system"];
const TAGS = [
  `<img src=x onerror=window.hacked=1>`,
  `"><script>window.hacked=1</script>`,
  `<svg onload=window.hacked=1>`,
  `javascript:window.hacked=1`,
  `{{7*7}}\${7*7}`,
  "\u202e\u2066evil\u2069",
  "Z\u0351\u036b\u0343a\u0363\u0366l\u034c\u0360go",
  "\ud83d\ude08\ufdfa\u0000\u0007\u001b[31m",
  "'; DROP TABLE timers; --",
  "../../../etc/passwd",
];

const text = JSON.stringify;

/** A skill whose every word was chosen to do harm. */
const SKILL = [
  "name: odd",
  `description: ${text(TAGS.filter((tag) => !tag.includes("\u0000")).join(" "))}`,
  "intents:",
  "  odd:",
  `    sentences: [${text("show me odd (things|words)")}]`,
  `    reply: ${text(TAGS[0] + TAGS[5])}`,
  "    examples:",
  `      - say: ${text("show me odd things")}`,
];

/** A thousand sentences, made of the same few in all ways that the hub might take apart. */
function* sentences() {
  const ways = [
    (tag) => tag,
    (tag) => `add ${tag} to the shopping list`,
    (tag) => `set a ${tag} timer for one hour`,
    (tag) => `turn on the ${tag}`,
    (tag) => `${tag} and ${tag}`,
  ];
  for (let round = 0; round < 20; round += 1) {
    for (const tag of TAGS) for (const way of ways) yield way(tag.repeat(1 + round)).slice(0, 1000);
  }
}

/** Asks as a program does; the status. */
async function post({ address }, token, name, text) {
  const answer = await fetch(`${address}api/v1/${name}`, {
    method: "POST",
    headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" },
    body: JSON.stringify({ text }),
  });
  await answer.text();
  return answer.status;
}

await describe_home(TAGS.slice(0, 7).map((tag) => `${tag} lamp`));
await describe_skill("odd", SKILL);
const hub = await start(0);
const chromium = await browser();
try {
  const { token } = JSON.parse(await loqa("dashboard", "token", "--json"));
  const page = await person(chromium);
  await page.goto(hub.link);
  await page.locator(".tile").first().waitFor();

  const statuses = new Set();
  for (const sentence of sentences()) statuses.add(await post(hub, token, "ask", sentence));
  for (const tag of TAGS) statuses.add(await post(hub, token, "intent", tag));
  assert.deepEqual([...statuses], [200]);
  const long = "a".repeat(1024 * 1024);
  assert.equal(await post(hub, token, "ask", long), 413);
  await assert.rejects(loqa("ask", long.slice(0, 100_000)), /1000/);
  assert.equal(await post(hub, token, "ask", "show me odd things"), 200);

  for (const path of PAGES) {
    await page.click(`nav a[href="${path}"]`);
    await page.locator(`nav a[href="${path}"][aria-current=page]`).waitFor();
    await page.evaluate(() => document.querySelectorAll("details").forEach((it) => (it.open = true)));
    if (path !== "/system") await page.locator("main", { hasText: TAGS[0] }).waitFor();
    await inert(page);
    const drawn = await page.evaluate(() => document.querySelectorAll("body *").length);
    assert.ok(drawn < 5000, `${drawn} elements on ${path}`);
  }
  await page.click('nav a[href="/"]');
  await page.fill(".stage .say input", "turn on the desk lamp");
  await page.keyboard.press("Enter");
  await page.locator('[data-id="desk_lamp"].on').waitFor();
  assert.deepEqual(page.complaints, []);
} catch (error) {
  console.error(`FAILED: ${error.stack}`);
  process.exitCode = 1;
} finally {
  await chromium.close();
  await kill(hub);
}
