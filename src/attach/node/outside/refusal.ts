// Node's errors of sockets as the machine's clients are told of them.

import { NetlinkError } from "../../../netlink/error.ts";
import { errnoName, errnoText } from "../../../uapi/errno.ts";

/** A NetlinkError with the errno of Node's error, EIO where it has none of the system's, and a sentence that begins with `what`. */
export function refusal(error: unknown, what: string): NetlinkError {
  const errno =
    error instanceof Error && "errno" in error && typeof error.errno === "number" ? -error.errno : 0;
  const code = errnoName(errno);
  const why = code === undefined && error instanceof Error ? error.message : errnoText(errno);
  return new NetlinkError(code ?? "EIO", `${what}: ${why}`);
}
