// Where the wire of an outside node leads.

import type { FrameChannel } from "../attach/index.ts";
import { attachChannel } from "../attach/index.ts";
import type { Tap } from "../index.ts";
import { NetlinkError } from "../index.ts";
import { LabError } from "./lab-error.ts";

/** Joins a TAP to an endpoint or a channel until the TAP is gone. */
export type Attach = (tap: Tap, endpoint: string | FrameChannel, name: string) => Promise<unknown>;

/** Does so; LabError says what cannot be, and of which node. */
export const attachOutside: Attach = async (tap, endpoint, name) => {
  if (typeof endpoint !== "string") return attachChannel(tap, endpoint);
  const { attachEndpoint } = await import("../attach/node/index.ts");
  try {
    return await attachEndpoint(tap, endpoint);
  } catch (error) {
    if (!(error instanceof NetlinkError)) throw error;
    throw new LabError(`Cannot join "${name}": ${error.message || error.code}`);
  }
};
