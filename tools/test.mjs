// npm test: installs what is missing, builds `dist/` when it is stale, runs every test. Arguments go to Vitest, but for
// `--no-install`, which forbids installing anything. The last line is `N passed, N failed`, or `…, N skipped`; the exit code
// is 0 only if something ran and nothing failed.

import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { ensureBuilt } from "./build.mjs";
import { ensureDebianPackages } from "./debian.mjs";
import { ensureInstalled, isInstalled } from "./install.mjs";

/**
 * @import { Count } from "./count-reporter.mjs"
 * @typedef {{ passed: number, failed: number, skipped: number, complaint?: string }} Tally
 */

/** The exit code of a run that a signal ended. */
const INTERRUPTED = 130;

/**
 * Judges a run. A file that failed outside its tests counts as one failure, and so does a Vitest that failed by itself.
 *
 * @param {Count | undefined} count None when Vitest did not come to write one.
 * @param {number} exitCode Vitest's.
 * @returns {Tally}
 */
export function tally(count, exitCode) {
  if (count === undefined) {
    return nothing(exitCode === INTERRUPTED ? "Interrupted" : `Vitest ended with ${exitCode}, uncounted`);
  }
  const { passed, skipped } = count;
  const failed = count.failed + count.broken;
  if (passed + failed + skipped === 0) return { passed, failed, skipped, complaint: "No tests were found" };
  if (failed > 0 || exitCode === 0) return { passed, failed, skipped };
  const complaint = count.errors > 0 ? "An error outside the tests" : `Vitest ended with ${exitCode}`;
  return { passed, failed: 1, skipped, complaint };
}

/**
 * The tally of a run that did not come about, which is a failure.
 *
 * @param {string} complaint
 * @returns {Tally}
 */
function nothing(complaint) {
  return { passed: 0, failed: 1, skipped: 0, complaint };
}

/**
 * Writes the last line.
 *
 * @param {Tally} tally
 */
export function lastLine({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
}

/**
 * Runs Vitest in front of the user, says why tests skipped themselves, and judges the run.
 *
 * @param {string} root
 * @param {string[]} args
 * @returns {Promise<Tally>}
 */
async function runVitest(root, args) {
  const folder = mkdtempSync(join(tmpdir(), "uveth-test-"));
  const path = join(folder, "count.json");
  const vitest = join(root, "node_modules", "vitest", "vitest.mjs");
  const reporters = ["--reporter=default", `--reporter=${join(root, "tools", "count-reporter.mjs")}`];
  try {
    const env = { ...process.env, UVETH_TEST_COUNT: path };
    const exitCode = await run(process.execPath, [vitest, "run", ...reporters, ...args], { cwd: root, env });
    const count = readCount(path);
    for (const [note, times] of Object.entries(count?.notes ?? {})) console.log(`${times} skipped: ${note}`);
    return tally(count, exitCode);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @param {string} path @returns {Count | undefined} */
function readCount(path) {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return undefined;
  }
}

/**
 * Runs a program to its end. Ctrl-C reaches it from the terminal, SIGTERM is handed on; we leave after it.
 *
 * @param {string} program
 * @param {string[]} args
 * @param {{ cwd: string, env: NodeJS.ProcessEnv }} options
 * @returns {Promise<number>}
 */
function run(program, args, options) {
  return new Promise((done, fail) => {
    const child = spawn(program, args, { ...options, stdio: ["ignore", "inherit", "inherit"] });
    let isInterrupted = false;
    process.on("SIGINT", () => {
      isInterrupted = true;
    });
    process.on("SIGTERM", () => {
      isInterrupted = true;
      child.kill("SIGTERM");
    });
    child.on("error", fail);
    child.on("close", (code) => done(isInterrupted ? INTERRUPTED : (code ?? 1)));
  });
}

/**
 * Makes everything ready, then runs the tests.
 *
 * @param {string} root
 * @param {string[]} args
 */
async function test(root, args) {
  const mayInstall = !args.includes("--no-install");
  if (!mayInstall && !isInstalled(root)) return nothing("npm packages are missing; type: npm ci");
  await ensureInstalled(root, console.error);
  ensureDebianPackages(console.error, { mayInstall });
  await ensureBuilt(root, console.error);
  return await runVitest(
    root,
    args.filter((argument) => argument !== "--no-install"),
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
  const counted = await test(root, process.argv.slice(2)).catch((error) => nothing(error.message));
  if (counted.complaint) console.error(counted.complaint);
  console.log(lastLine(counted));
  process.exitCode = counted.failed > 0 || counted.complaint ? 1 : 0;
}
