// The ids that a user may hand out in namespaces of his own.
//
// Facts: subuid(5), subgid(5).

import { readFileSync } from "node:fs";
import { userInfo } from "node:os";
import { NetlinkError } from "../../../netlink/error.ts";

/** Ids from `start` on. */
interface IdRange {
  readonly start: number;
  readonly count: number;
}

/** The first range that `file` gives to `uid`; NetlinkError (ENOENT) with the cure when there is none. */
export function rangeOf(file: string, uid: number): IdRange {
  const name = nameOf(uid);
  for (const line of linesOf(file)) {
    const [owner, start, count] = line.split(":");
    if (owner !== name && owner !== String(uid)) continue;
    if (Number(count) > 0) return { start: Number(start), count: Number(count) };
  }
  throw new NetlinkError(
    "ENOENT",
    `Cannot use a range of subordinate ids: ${file} has none for ${name}. Type: sudo usermod --add-subuids 100000-165535 --add-subgids 100000-165535 ${name}`,
  );
}

/** The name of this process's user, or the number where it has none. */
function nameOf(uid: number): string {
  try {
    return userInfo().username;
  } catch {
    return String(uid);
  }
}

function linesOf(file: string): readonly string[] {
  try {
    return readFileSync(file, "utf8").split("\n");
  } catch {
    return [];
  }
}
