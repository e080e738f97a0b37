// npm run bench, npm run fuzz: installs and builds what is missing, then runs a program of `dist/` with the arguments given.
//
//   node tools/run.mjs bench/main --json

import { spawn } from "node:child_process";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { ensureBuilt } from "./build.mjs";
import { ensureInstalled } from "./install.mjs";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const [program, ...args] = process.argv.slice(2);

await ensureInstalled(root, console.error);
await ensureBuilt(root, console.error);
const child = spawn(process.execPath, ["--expose-gc", join(root, "dist", `${program}.js`), ...args], {
  stdio: "inherit",
});
process.on("SIGINT", () => {}); // the terminal sends it to the child too, which ends first
child.on("close", (code, signal) => {
  process.exitCode = signal === null ? (code ?? 1) : 130;
});
