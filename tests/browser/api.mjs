// A person reads how programs talk to the hub, and tries it, in a browser that has signed in.
import assert from "node:assert/strict";
import { kill, start } from "./hub.mjs";
import { browser, person } from "./page.mjs";

const hub = await start(0);
const chromium = await browser();
try {
  const page = await person(chromium, { viewport: { width: 1200, height: 1000 } });
  const asked = new Set();
  page.on("request", (request) => asked.add(new URL(request.url()).origin));
  const stranger = await page.request.get(`${hub.address}api/v1/docs`);
  assert.equal(stranger.status(), 401);
  await page.goto(hub.link);
  await page.locator(".tile").first().waitFor();

  await page.goto(`${hub.address}api/v1/docs`);
  await page.locator(".opblock").nth(15).waitFor();
  const ask = page.locator(".opblock", { hasText: "/api/v1/ask" });
  await ask.locator(".opblock-summary").click();
  await ask.getByRole("button", { name: "Try it out" }).click();
  await ask.getByRole("button", { name: "Execute" }).click();
  await ask.locator(".live-responses-table", { hasText: "home.turn_on" }).waitFor();

  assert.deepEqual([...asked], [new URL(hub.address).origin], "nothing comes from elsewhere");
  // Its logo asks for a style that the policy forbids, and does without.
  assert.deepEqual(page.complaints.filter((text) => !text.includes("inline style")), []);
} catch (error) {
  console.error(`FAILED: ${error.stack}`);
  process.exitCode = 1;
} finally {
  await chromium.close();
  await kill(hub);
}
