// `type nlmon`: no words and no attributes of its own.

import type { CommandKind } from "./kind.ts";

/** A device that shows the netlink datagrams of its namespace. */
export const nlmon: CommandKind = { kind: "nlmon", help: "Usage: ... nlmon\n" };
