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
 * What Vitest's json reporter writes, as far as it is read here.
 *
 * @typedef {{ numPassedTests: number, numFailedTests: number, numPendingTests: number, numTodoTests: number,
 *   testResults: { status: string, assertionResults: { status: string }[] }[] }} VitestReport
 * @typedef {{ passed: number, failed: number, skipped: number, complaint?: string }} Tally
 */

/**
 * Counts a run. A file that failed outside its tests counts as one failure, and so does a Vitest that failed by itself.
 *
 * @param {VitestReport | undefined} report None when Vitest did not come to write one.
 * @param {number} exitCode Vitest's.
 * @returns {Tally}
 */
export function tally(report, exitCode) {
  if (report === undefined) {
    return { passed: 0, failed: 1, skipped: 0, complaint: `Vitest ended with ${exitCode} and no count` };
  }
  const brokenFiles = report.testResults.filter(
    ({ status, assertionResults }) =>
      status === "failed" && !assertionResults.some((result) => result.status === "failed"),
  ).length;
  const passed = report.numPassedTests;
  const failed = report.numFailedTests + brokenFiles;
  const skipped = report.numPendingTests + report.numTodoTests;
  if (passed + failed + skipped === 0) return { passed, failed, skipped, complaint: "No tests were found" };
  if (failed > 0 || exitCode === 0) return { passed, failed, skipped };
  return {
    passed,
    failed: 1,
    skipped,
    complaint: `Vitest ended with ${exitCode}: an error outside the tests`,
  };
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
 * Runs Vitest in front of the user and counts what it did.
 *
 * @param {string} root
 * @param {string[]} args
 * @returns {Promise<Tally>}
 */
async function runVitest(root, args) {
  const folder = mkdtempSync(join(tmpdir(), "uveth-test-"));
  const report = join(folder, "report.json");
  const vitest = join(root, "node_modules", "vitest", "vitest.mjs");
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
  try {
    const exitCode = await run(process.execPath, [vitest, "run", ...reporters, ...args], root);
    return tally(readReport(report), exitCode);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @param {string} path @returns {VitestReport | undefined} */
function readReport(path) {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return undefined;
  }
}

/**
 * Runs a program to its end. Ctrl-C reaches it from the terminal, other signals are handed on; we leave after it.
 *
 * @param {string} program
 * @param {string[]} args
 * @param {string} cwd
 * @returns {Promise<number>}
 */
function run(program, args, cwd) {
  return new Promise((done, fail) => {
    const child = spawn(program, args, { cwd, stdio: ["ignore", "inherit", "inherit"] });
    process.on("SIGINT", () => {});
    for (const signal of /** @type {const} */ (["SIGTERM", "SIGHUP"]))
      process.on(signal, () => child.kill(signal));
    child.on("error", fail);
    child.on("close", (code) => done(code ?? 130));
  });
}

/** @param {string} root @param {string[]} args */
async function test(root, args) {
  const mayInstall = !args.includes("--no-install");
  if (!mayInstall && !isInstalled(root)) {
    return { passed: 0, failed: 1, skipped: 0, complaint: "npm packages are missing; type: npm ci" };
  }
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
  const counted = await test(root, process.argv.slice(2)).catch((error) => ({
    passed: 0,
    failed: 1,
    skipped: 0,
    complaint: error.message,
  }));
  if (counted.complaint) console.error(counted.complaint);
  console.log(lastLine(counted));
  process.exitCode = counted.failed > 0 || counted.complaint ? 1 : 0;
}
