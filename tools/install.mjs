// Installs the npm packages that package-lock.json names, when they are not there. Needs nothing but Node and npm.

import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { withLock } from "./lock.mjs";

/**
 * Tells whether `node_modules/` holds what package-lock.json names, by comparing npm's own record of what it installed.
 * Optional packages may be absent: they are for other platforms, or could not be had.
 *
 * @param {string} root The checkout.
 */
export function isInstalled(root) {
  const wanted = packagesOf(join(root, "package-lock.json"));
  const present = packagesOf(join(root, "node_modules", ".package-lock.json"));
  return Object.entries(wanted).every(
    ([path, { version, optional }]) =>
      path === "" || (present[path] === undefined ? optional : present[path].version === version),
  );
}

/**
 * Runs `npm ci` when something is missing, saying so first. Throws when npm fails.
 *
 * @param {string} root The checkout.
 * @param {(line: string) => void} say
 */
export async function ensureInstalled(root, say) {
  if (isInstalled(root)) return;
  await withLock(join(root, "install.lock"), async () => {
    if (isInstalled(root)) return;
    say("Installing npm packages (npm ci)");
    runNpm(root, ["ci", "--loglevel=error"]);
  });
}

/**
 * Runs the npm that started us, or the one on PATH; what it says goes to stderr.
 *
 * @param {string} root
 * @param {string[]} args
 */
function runNpm(root, args) {
  const npm = process.env["npm_execpath"];
  const isScript = npm?.endsWith("npm-cli.js") === true;
  const [command, prefix] = isScript ? [process.execPath, [npm]] : ["npm", []];
  const { status, signal, error } = spawnSync(command, [...prefix, ...args], {
    cwd: root,
    stdio: ["ignore", process.stderr.fd, "inherit"],
  });
  if (error) throw new Error(`npm did not start: ${error.message}`);
  if (status !== 0) throw new Error(`npm ${args[0]} ended with ${signal ?? `exit code ${status}`}`);
}

/**
 * @param {string} lockfile
 * @returns {Record<string, { version?: string, optional?: boolean }>}
 */
function packagesOf(lockfile) {
  try {
    return JSON.parse(readFileSync(lockfile, "utf8")).packages;
  } catch {
    return {};
  }
}
