// Starts the daemon: a process of its own, detached, that outlives the command which needed it.

import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { closeSync, fstatSync, openSync, readFileSync, renameSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { DaemonError } from "./daemon-error.ts";
import { codeOf } from "./node-error.ts";
import type { DaemonPlace } from "./place.ts";
import { EXIT_LOST } from "./run.ts";

/** How a start went: the daemon is "ready", or another one is there already. */
export type StartResult = "ready" | "lost";

const START_TIMEOUT_MS = 30_000;
/** A log that has grown beyond this is set aside when the daemon starts; the one before it goes. */
const LARGEST_LOG = 1024 * 1024;

/** Starts the daemon of `place` and waits until it is ready. Throws a DaemonError with what it left in its log. */
export async function startDaemon(
  place: DaemonPlace,
  env: Readonly<Record<string, string | undefined>>,
): Promise<StartResult> {
  rotate(place.log);
  const log = openSync(place.log, "a", 0o600);
  const logStart = fstatSync(log).size;
  const entry = fileURLToPath(new URL("./daemon.worker.js", import.meta.url));
  const child = spawn(process.execPath, [entry], {
    cwd: "/",
    detached: true,
    env: { ...env, UVETH_SOCKET: place.socket },
    stdio: ["ignore", log, log, "pipe"],
  });
  closeSync(log);
  try {
    if (await becomesReady(child)) return "ready";
  } finally {
    child.unref();
  }
  if (child.exitCode === EXIT_LOST) return "lost";
  const said = readFileSync(place.log).subarray(logStart).toString().trim();
  throw new DaemonError("ECONNREFUSED", `Cannot start the uveth daemon, see ${place.log}:\n${said}`);
}

/** Waits for the byte that says it is ready, or for the end. */
function becomesReady(child: ChildProcess): Promise<boolean> {
  const pipe = child.stdio[3];
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(
        new DaemonError(
          "ETIMEDOUT",
          `The uveth daemon (pid ${child.pid}) is not ready after ${START_TIMEOUT_MS} ms`,
        ),
      );
    }, START_TIMEOUT_MS);
    const settle = (isReady: boolean): void => {
      clearTimeout(timer);
      pipe?.destroy();
      resolve(isReady);
    };
    pipe?.once("data", () => settle(true));
    child.once("exit", () => settle(false));
    child.once("error", (error) => {
      clearTimeout(timer);
      reject(new DaemonError("ECONNREFUSED", `Cannot start the uveth daemon: ${error.message}`));
    });
  });
}

function rotate(log: string): void {
  const stat = statSync(log, { throwIfNoEntry: false });
  if (stat === undefined || stat.size <= LARGEST_LOG) return;
  try {
    renameSync(log, `${log}.old`);
  } catch (error) {
    // Somebody else who starts a daemon was quicker.
    if (codeOf(error) !== "ENOENT") throw error;
  }
}
