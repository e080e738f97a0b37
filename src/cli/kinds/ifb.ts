// `type ifb`: no words and no attributes of its own.

import type { CommandKind } from "./kind.ts";

/** A device that frames are redirected to. */
export const ifb: CommandKind = { kind: "ifb", help: "Usage: ... ifb\n" };
