// The daemon cannot be had: its place is not ours, it does not start, it speaks another protocol. Not a NetlinkError, which
// is the answer of a machine that was reached.

import type { ErrnoName } from "../uapi/errno.ts";

/** Why there is no connection to the daemon; the message is a sentence for the user, with the cure where there is one. */
export class DaemonError extends Error {
  override readonly name = "DaemonError";
  /** The symbolic errno, the field Node users already match on. */
  readonly code: ErrnoName;

  constructor(code: ErrnoName, message: string) {
    super(message);
    this.code = code;
  }
}
