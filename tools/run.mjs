// npm run demo, bench, fuzz, sim, soak: installs and builds what is missing, then runs a program of `dist/` with the arguments given.
//
//   node tools/run.mjs bench/main veth-xmit --json

import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { prepare } from "./prepare.mjs";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const [program, ...args] = process.argv.slice(2);

await prepare(root);

const path = join(root, "dist", `${program}.js`);
if (existsSync(path)) {
  const child = spawn(process.execPath, ["--expose-gc", path, ...args], { stdio: "inherit" });
  process.on("SIGINT", () => {}); // the terminal sends it to the child too, which ends first
  process.on("SIGTERM", () => child.kill("SIGTERM"));
  child.on("close", (code) => {
    process.exitCode = code ?? 1;
  });
} else {
  console.error(`There is no program ${program}`);
  process.exitCode = 1;
}
