// Where labs that run can be reached: a Unix socket for each by its name, in the private folder that the daemon has too.
//
//   $XDG_RUNTIME_DIR/uveth/labs/NAME.sock, and NAME.log of one that was brought up with --detach

import { existsSync, mkdirSync, readdirSync, rmdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { makePlace, ownUid } from "../daemon/place.ts";
import { LabError } from "./lab-error.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** sizeof(sockaddr_un.sun_path), less the NUL. */
const longestPath = 107;

/** The files of a lab. */
export interface LabPlace {
  readonly name: string;
  readonly socket: string;
  readonly log: string;
}

/** The place of the lab `name`; LabError for a name that no file could have. */
export function labPlace(name: string, env: Environment): LabPlace {
  const folder = labsFolder(env);
  if (!/^[A-Za-z0-9_][A-Za-z0-9._,-]*$/.test(name))
    throw new LabError(`Cannot name a lab "${name}": letters, digits, ".", ",", "_" and "-"`);
  const socket = join(folder, `${name}.sock`);
  if (Buffer.byteLength(socket) > longestPath)
    throw new LabError(`Cannot name a lab "${name}": ${socket} is longer than a socket's path may be`);
  return { name, socket, log: join(folder, `${name}.log`) };
}

/** Makes the folder of a lab that is to run. */
export function makeLabPlace({ socket }: LabPlace): void {
  mkdirSync(dirname(socket), { recursive: true, mode: 0o700 });
}

/** Takes away what is left of a lab that has ended, and the folder with the last one. */
export function clearPlace({ log }: LabPlace): void {
  rmSync(log, { force: true });
  try {
    rmdirSync(dirname(log));
  } catch {
    // Others are there.
  }
}

/** The names of the labs that have a socket; its lab may have been killed. */
export function labNames(env: Environment): string[] {
  const folder = labsFolder(env);
  return (existsSync(folder) ? readdirSync(folder) : [])
    .filter((file) => file.endsWith(".sock"))
    .map((file) => file.replace(/\.sock$/, ""))
    .sort();
}

function labsFolder(env: Environment): string {
  return join(dirname(makePlace({ env, uid: ownUid() }).socket), "labs");
}
