// Sockets in the file system that outlive whoever made them.

import { lstatSync, unlinkSync } from "node:fs";

/** Takes a socket away; what is there and is none, stays. */
export function removeSocket(path: string): void {
  try {
    if (lstatSync(path).isSocket()) unlinkSync(path);
  } catch {
    // It is gone, or somebody else's: whoever wants the path learns it from bind(2).
  }
}
