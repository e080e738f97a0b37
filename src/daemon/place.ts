// Where the daemon of this user lives: a private folder with its socket, its lock and its log.
//
//   UVETH_SOCKET               the socket, wherever it is; the rest lies beside it
//   $XDG_RUNTIME_DIR/uveth/    where a login session has a folder of its own
//   /tmp/uveth-<uid>/          everywhere else

import { lstatSync, mkdirSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { utf8Length } from "../bytes/utf8.ts";
import { DaemonError } from "./daemon-error.ts";
import { longestBeaconPath } from "./lock.ts";
import { codeOf } from "./node-error.ts";

/** The files of one daemon. */
export interface DaemonPlace {
  /** The Unix socket that clients connect to. */
  readonly socket: string;
  /** A directory; whose socket is in it is the daemon (lock.ts). */
  readonly lock: string;
  readonly log: string;
}

/** What decides where the place is. */
export interface PlaceRequest {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly uid: number;
  /** The folder for temporary files; /tmp by default, whatever TMPDIR says, so that a user has one daemon. */
  readonly temporary?: string;
}

/** sizeof(sockaddr_un.sun_path), less the NUL. libuv cuts a longer path off without a word. */
const LONGEST_SOCKET_PATH = 107;

/** The user this process acts for. */
export function ownUid(): number {
  return process.geteuid?.() ?? 0;
}

/**
 * Finds the place; makes nothing. Throws a DaemonError: EACCES for a private folder that others own or can enter,
 * ENAMETOOLONG for a path that no socket can have.
 */
export function daemonPlace(request: PlaceRequest): DaemonPlace {
  const { socket, folder, isChosen } = locate(request);
  if (!isChosen) checkPrivate(folder, request.uid);
  return placeOf(socket);
}

/** Finds the place as `daemonPlace` does, and makes its folder where it is missing. */
export function makePlace(request: PlaceRequest): DaemonPlace {
  makeFolder(locate(request).folder);
  // Looked at once more: somebody else may have been quicker.
  return daemonPlace(request);
}

/** Refuses a socket that another user has put where ours should be: root alone may follow an explicit UVETH_SOCKET there. */
export function checkSocketOwner(socket: string, uid: number): void {
  const stat = lstatSync(socket, { throwIfNoEntry: false });
  if (stat === undefined) return;
  if (!stat.isSocket()) throw new DaemonError("ENOTSOCK", `Cannot use ${socket}: it is not a socket`);
  if (stat.uid !== uid && uid !== 0) {
    throw new DaemonError("EACCES", `Cannot use ${socket}: it belongs to uid ${stat.uid}, not to uid ${uid}`);
  }
}

function locate({ env, uid, temporary = "/tmp" }: PlaceRequest) {
  const chosen = env["UVETH_SOCKET"] ?? "";
  if (chosen !== "") return { socket: resolve(chosen), folder: dirname(resolve(chosen)), isChosen: true };
  const folder = privateFolder(env["XDG_RUNTIME_DIR"] ?? "", uid, temporary);
  return { socket: join(folder, "daemon.sock"), folder, isChosen: false };
}

function placeOf(socket: string): DaemonPlace {
  const base = socket.replace(/\.sock$/, "");
  const place = { socket, lock: `${base}.lock`, log: `${base}.log` };
  const excess = utf8Length(longestBeaconPath(place.lock)) - LONGEST_SOCKET_PATH;
  if (excess <= 0) return place;
  throw new DaemonError(
    "ENAMETOOLONG",
    `Cannot use ${socket}: the path is ${excess} bytes longer than a socket's may be; set UVETH_SOCKET`,
  );
}

/** XDG_RUNTIME_DIR counts only where it is this user's: su and sudo may leave another user's behind. */
function privateFolder(runtime: string, uid: number, temporary: string): string {
  const stat = runtime.startsWith("/") ? lstatSync(runtime, { throwIfNoEntry: false }) : undefined;
  return stat?.uid === uid && stat.isDirectory() ? join(runtime, "uveth") : join(temporary, `uveth-${uid}`);
}

function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    // What stands there is looked at next.
    if (codeOf(error) !== "EEXIST") throw error;
  }
}

function checkPrivate(folder: string, uid: number): void {
  const stat = lstatSync(folder, { throwIfNoEntry: false });
  if (stat === undefined) return;
  const fault = !stat.isDirectory()
    ? "it is not a folder"
    : stat.uid !== uid
      ? `it belongs to uid ${stat.uid}, not to uid ${uid}`
      : (stat.mode & 0o077) !== 0
        ? `its mode is ${(stat.mode & 0o777).toString(8)}, not 700`
        : undefined;
  if (fault === undefined) return;
  throw new DaemonError("EACCES", `Cannot use ${folder}: ${fault}; remove it, or set UVETH_SOCKET`);
}
