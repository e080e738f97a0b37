// Any message as a line of text: the family header in hexadecimal, four bytes a word, then the attributes in their order, each by
// its name, with numbers as such and everything else in hexadecimal.

import { getU16, getU32 } from "../../../src/bytes/endian.ts";
import { toHex } from "../../../src/bytes/hex.ts";
import type { Message } from "../../../src/netlink/message.ts";
import { NLMSG_HDRLEN } from "../../../src/netlink/message.ts";

/** What attributes are called, by type: the constants of a header that begin with `prefix`, without it. */
export function attributeNames(
  constants: Readonly<Record<string, unknown>>,
  prefix: string,
): ReadonlyMap<number, string> {
  const names = new Map<number, string>();
  for (const [name, type] of Object.entries(constants)) {
    const short = name.slice(prefix.length).toLowerCase();
    if (name.startsWith(prefix) && typeof type === "number" && short !== "max" && !names.has(type))
      names.set(type, short);
  }
  return names;
}

/** The message, whose header behind the netlink header has `headerSize` bytes. */
export function messageText(
  message: Message,
  headerSize: number,
  names: ReadonlyMap<number, string>,
): string {
  const header: string[] = [];
  for (let at = 0; at < headerSize; at += 4) {
    header.push(toHex(message.bytes, NLMSG_HDRLEN + at, NLMSG_HDRLEN + Math.min(at + 4, headerSize)));
  }
  const attributes = message.attributes(headerSize).map((attribute) => {
    const { bytes, length, start, type } = attribute;
    const name = names.get(type) ?? `#${type}`;
    if (length === 0) return name;
    if (length === 1) return `${name} ${attribute.u8()}`;
    if (length === 2) return `${name} ${getU16(bytes, start)}`;
    return `${name} ${length === 4 ? getU32(bytes, start) : toHex(attribute.copy())}`;
  });
  return [header.join(" "), ...attributes].join(" | ");
}
