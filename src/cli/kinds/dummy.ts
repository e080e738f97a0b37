// `type dummy`: no words and no attributes of its own.

import type { CommandKind } from "./kind.ts";

/** A device that takes every frame and drops it. */
export const dummy: CommandKind = { kind: "dummy", help: "Usage: ... dummy\n" };
