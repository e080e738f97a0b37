// What a TAP says of itself; it cannot be made by `ip link add`.
//
// Facts: iproute2 6.1, shown by the live kernel.

import type { Attribute } from "../../netlink/attribute.ts";
import * as link from "../../uapi/if_link.ts";
import type { Output } from "../output.ts";
import type { CommandKind } from "./kind.ts";

/** TYPE of <linux/if_tun.h>, by number. */
const TYPE_NAMES: ReadonlyMap<number, string> = new Map([
  [1, "tun"],
  [2, "tap"],
]);

/** A device whose wire a program holds. */
export const tun: CommandKind = { kind: "tun", help: "", print };

function print(out: Output, data: Attribute): void {
  const type = data.child(link.IFLA_TUN_TYPE)?.u8();
  if (type === undefined) return;
  const name = TYPE_NAMES.get(type) ?? "UNKNOWN";
  out.field("type", name, `type ${name} `);
  onOff(out, data.child(link.IFLA_TUN_PI), "pi", "pi");
  onOff(out, data.child(link.IFLA_TUN_VNET_HDR), "vnet_hdr", "vnet_hdr");
  const queues = data.child(link.IFLA_TUN_MULTI_QUEUE)?.u8();
  if (queues !== undefined) out.field("multi_queue", queues !== 0, queues === 0 ? "" : "multi_queue ");
  onOff(out, data.child(link.IFLA_TUN_PERSIST), "persist", "persist");
}

function onOff(out: Output, value: Attribute | undefined, key: string, words: string): void {
  if (value === undefined) return;
  const isOn = value.u8() !== 0;
  out.field(key, isOn, `${words} ${isOn ? "on" : "off"} `);
}
