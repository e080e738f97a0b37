// Small steps that every family's replies share.

import { assert } from "../bytes/assert.ts";
import { toHex } from "../bytes/hex.ts";
import type { Attribute } from "../netlink/attribute.ts";
import type { Answer } from "../netlink/client.ts";
import type { Message } from "../netlink/message.ts";
import type { AttrPolicy } from "../netlink/policy.ts";

/** The one message that answers a get. */
export function onlyMessage(answer: Answer): Message {
  const message = answer.messages[0];
  assert(message !== undefined, "a get is answered by one message before its ACK");
  return message;
}

/** A rule for what the kernel sends: any payload, read by `decode`. */
export function reads<const Name extends string, Value>(
  name: Name,
  decode: (attribute: Attribute) => Value,
): AttrPolicy<Name, Value> {
  return { name, type: "min", length: 0, decode };
}

/** A link-layer address as text: two digits a byte, colons between. */
export function linkAddressText(attribute: Attribute): string {
  return toHex(attribute.bytes, attribute.start, attribute.end, ":");
}
