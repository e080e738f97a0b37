// Raw bytes side by side: the messages that a target sends, one line per attribute, nests taken apart, so that two
// targets can be compared without either being taken at its word.

import { toHex } from "../../src/bytes/hex.ts";
import type { Attribute } from "../../src/netlink/attribute.ts";
import type { Message } from "../../src/netlink/message.ts";
import { NLMSG_HDRLEN } from "../../src/netlink/message.ts";
import * as il from "../../src/uapi/if_link.ts";
import { IFINFOMSG_SIZE } from "../../src/uapi/rtnetlink.ts";
import { AF_INET, AF_INET6 } from "../../src/uapi/socket.ts";

/** Attributes of a link that hold attributes, by their path. */
const nests = new Set([
  `${il.IFLA_XDP}`,
  `${il.IFLA_LINKINFO}`,
  `${il.IFLA_AF_SPEC}`,
  `${il.IFLA_AF_SPEC}/${AF_INET}`,
  `${il.IFLA_AF_SPEC}/${AF_INET6}`,
  `${il.IFLA_PROP_LIST}`,
  `${il.IFLA_PROTO_DOWN_REASON}`,
  `${il.IFLA_DEVLINK_PORT}`,
  `${il.IFLA_DPLL_PIN}`,
]);

/** Payload bytes that no two runs have in common, by path: from, to, and why. */
export interface Exception {
  readonly from: number;
  readonly to?: number;
  readonly why: string;
}

/** A link message as lines: the header, then `path flags length payload` for each attribute. */
export function linkLines(message: Message, exceptions: Readonly<Record<string, Exception>>): string[] {
  const { bytes, type, flags } = message;
  const header = toHex(bytes.subarray(NLMSG_HDRLEN, NLMSG_HDRLEN + IFINFOMSG_SIZE));
  const lines = [`type ${type} flags ${flags} length ${bytes.length} ifinfomsg ${header}`];
  for (const attribute of message.attributes(IFINFOMSG_SIZE)) describe(attribute, "", exceptions, lines);
  return lines;
}

function describe(
  attribute: Attribute,
  parent: string,
  exceptions: Readonly<Record<string, Exception>>,
  lines: string[],
): void {
  const path = `${parent}${attribute.type}`;
  const nested = attribute.isNested ? " nested" : "";
  if (nests.has(path)) {
    lines.push(`${path}${nested} length ${attribute.length}`);
    for (const child of attribute.children()) describe(child, `${path}/`, exceptions, lines);
    return;
  }
  const payload = attribute.copy();
  const exception = exceptions[path];
  if (exception !== undefined) payload.fill(0xee, exception.from, exception.to);
  lines.push(`${path}${nested} length ${attribute.length} ${toHex(payload)}`);
}
