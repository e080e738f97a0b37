// Raw bytes side by side: the messages that a target sends, one line per attribute, nests taken apart, so that two
// targets can be compared without either being taken at its word.

import { getS32, getU32 } from "../../src/bytes/endian.ts";
import { toHex } from "../../src/bytes/hex.ts";
import type { Attribute } from "../../src/netlink/attribute.ts";
import { attributes } from "../../src/netlink/attribute.ts";
import type { Message } from "../../src/netlink/message.ts";
import { NLMSG_HDRLEN } from "../../src/netlink/message.ts";
import * as il from "../../src/uapi/if_link.ts";
import * as nl from "../../src/uapi/netlink.ts";
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

/** Payload bytes that no two runs have in common, and why; `to` is the end of the payload when absent. */
export interface Exception {
  readonly from: number;
  readonly to?: number;
  /** The exception holds for payloads that do not start with these bytes. */
  readonly unless?: string;
  readonly why: string;
}

/** Exceptions by the path of the attribute. */
export type Exceptions = Readonly<Record<string, Exception>>;

/** What two targets never have in common about a link that is down. */
export const linkExceptions: Exceptions = {
  [il.IFLA_ADDRESS]: {
    from: 0,
    unless: "0200000000",
    why: "an address that nobody asked for is drawn at random",
  },
  [`${il.IFLA_AF_SPEC}/${AF_INET6}/${il.IFLA_INET6_CACHEINFO}`]: {
    from: 4,
    to: 12,
    why: "the time of the last change, and a reachable time that is drawn at random",
  },
};

/** A link message as lines: the header, then `path flags length payload` for each attribute. */
export function linkLines(message: Message, exceptions: Exceptions): string[] {
  const { bytes, type, flags } = message;
  const header = toHex(bytes.subarray(NLMSG_HDRLEN, NLMSG_HDRLEN + IFINFOMSG_SIZE));
  const lines = [`type ${type} flags ${flags} length ${bytes.length} ifinfomsg ${header}`];
  for (const attribute of message.attributes(IFINFOMSG_SIZE)) describe(attribute, "", exceptions, lines);
  return lines;
}

/** As linkLines, for acknowledgements too; `portId` is the asker's, whose number is the target's business. */
export function answerLines(message: Message, portId: number, exceptions: Exceptions): string[] {
  const { bytes, type, flags, seq, pid } = message;
  const sender = pid === portId ? "asker" : pid === 0 ? "kernel" : "other";
  const envelope = `seq ${seq} from ${sender}`;
  if (type !== nl.NLMSG_ERROR && type !== nl.NLMSG_DONE) return [envelope, ...linkLines(message, exceptions)];
  const lines = [envelope, `type ${type} flags ${flags} errno ${getS32(bytes, NLMSG_HDRLEN)}`];
  if ((flags & nl.NLM_F_ACK_TLVS) === 0) return lines;
  for (const attribute of attributes(bytes, detailStart(message), bytes.length)) {
    const { type: detail } = attribute;
    lines.push(`${detail} ${detail === nl.NLMSGERR_ATTR_MSG ? attribute.text() : toHex(attribute.copy())}`);
  }
  return lines;
}

/** Where the attributes of an acknowledgement start: behind the errno and what it repeats of the request. */
function detailStart({ bytes, type, flags }: Message): number {
  const behindErrno = NLMSG_HDRLEN + 4;
  if (type === nl.NLMSG_DONE) return behindErrno;
  if ((flags & nl.NLM_F_CAPPED) !== 0) return behindErrno + NLMSG_HDRLEN;
  return behindErrno + ((getU32(bytes, behindErrno) + 3) & ~3);
}

function describe(attribute: Attribute, parent: string, exceptions: Exceptions, lines: string[]): void {
  const path = `${parent}${attribute.type}`;
  const nested = attribute.isNested ? " nested" : "";
  if (nests.has(path)) {
    lines.push(`${path}${nested} length ${attribute.length}`);
    for (const child of attribute.children()) describe(child, `${path}/`, exceptions, lines);
    return;
  }
  const payload = attribute.copy();
  const exception = exceptions[path];
  if (exception !== undefined && !toHex(payload).startsWith(exception.unless ?? "?")) {
    payload.fill(0xee, exception.from, exception.to);
  }
  lines.push(`${path}${nested} length ${attribute.length} ${toHex(payload)}`);
}
