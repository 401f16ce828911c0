// Machines that work for a hub, and how they are paired in front of the page Nodes.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { loqa } from "./hub.mjs";

const { LOQA_BIN, LOQA_DATA } = process.env;

/** A machine with `loqa-node` on it. */
export async function machine(name, folder, roles = ["puck", "inference"], more = "") {
  const data = join(LOQA_DATA, "..", folder);
  await mkdir(data, { recursive: true });
  const config = join(data, "node.toml");
  await writeFile(config, `name = ${JSON.stringify(name)}\nroles = ${JSON.stringify(roles)}\n${more}`);
  return { config, data };
}

/** `loqa-node ARGS…` there, as its person watches it. */
export function node({ config, data }, ...args) {
  const program = join(dirname(LOQA_BIN), "loqa-node");
  const child = spawn(program, [...args, "--config", config, "--data", data]);
  let said = "";
  let look = () => {};
  const hear = (text) => {
    said += text;
    look();
  };
  child.stdout.on("data", hear);
  child.stderr.on("data", hear);
  // A story that fails leaves nobody behind.
  const leave = () => child.kill("SIGKILL");
  process.once("exit", leave);
  const ended = new Promise((end) =>
    child.on("exit", (code) => {
      process.off("exit", leave);
      hear("\n");
      end(code);
    }),
  );
  return {
    ended,
    stop: () => child.kill("SIGINT"),
    said: () => said,
    /** What it says that looks so, once it does. */
    says: (pattern) =>
      new Promise((found, gone) => {
        look = () => {
          const match = said.match(pattern);
          if (match) found(match);
          else if (child.exitCode !== null) gone(new Error(`it ended, and said: ${said}`));
        };
        look();
      }),
  };
}

/** The three words of a machine. */
export const words_of = async (pairing) => (await pairing.says(/\n {4}([a-z]+) {3}([a-z]+) {3}([a-z]+)\n/)).slice(1, 4);
export const words_on = (page) => page.locator("ol.words li").allTextContents();
export const row = (page, name) => page.locator(`[data-node="${name}"]`);
export const listed = async () => JSON.parse(await loqa("node", "list", "--json"));
export const stage = (page, stage) => page.locator(`[data-stage="${stage}"]`).waitFor();

/** Has the page show a code; the digits, and where the hub is. */
export async function show_code(page) {
  await page.getByRole("button", { name: "Show a code" }).press("Enter");
  await stage(page, "shows");
  const digits = await page.locator(".digits").textContent();
  assert.match(digits, /^\d{4} \d{4}$/);
  const [, port] = (await page.getByText("--hub").first().textContent()).match(/:(\d+)/);
  return { digits, at: ["--hub", `127.0.0.1:${port}`] };
}
