// Labels of IPv6 prefixes: RTM_NEWADDRLABEL, RTM_DELADDRLABEL, RTM_GETADDRLABEL for one address and for all. Nobody is told of
// changes.
//
// Mirrors net/ipv6/addrlabel.c (ip6addrlbl_newdel, ip6addrlbl_get, ip6addrlbl_dump) with its order, errno and texts.

import type { Dump, DumpControl, Request } from "../af_netlink/handler.ts";
import { getU32, setU32 } from "../bytes/endian.ts";
import type { AddressLabel, AddressLabels } from "../inet/ipv6/address-label.ts";
import { noLabel } from "../inet/ipv6/address-label.ts";
import { ipNetns } from "../inet/slots.ts";
import { invalid, NetlinkError } from "../netlink/error.ts";
import { NLMSG_HDRLEN } from "../netlink/message.ts";
import { parseMessage } from "../netlink/parse.ts";
import { policy, unspec } from "../netlink/policy.ts";
import type { MessageWriter } from "../netlink/writer.ts";
import * as uapi from "../uapi/if_addrlabel.ts";
import { NLM_F_MULTI, NLM_F_REPLACE } from "../uapi/netlink.ts";
import { RTM_NEWADDRLABEL } from "../uapi/rtnetlink.ts";
import { AF_INET6 } from "../uapi/socket.ts";

const labelPolicy = policy(uapi.IFAL_MAX, {
  [uapi.IFAL_ADDRESS]: unspec("address", 16),
  [uapi.IFAL_LABEL]: unspec("label", 4),
});

function headerOf({ message: { bytes } }: Request): {
  readonly prefixLength: number;
  readonly ifindex: number;
} {
  return {
    prefixLength: bytes[NLMSG_HDRLEN + uapi.IFADDRLBLMSG_PREFIXLEN] ?? 0,
    ifindex: getU32(bytes, NLMSG_HDRLEN + uapi.IFADDRLBLMSG_INDEX),
  };
}

function readEntry(request: Request): AddressLabel {
  const attrs = parseMessage(request.message, uapi.IFADDRLBLMSG_SIZE, labelPolicy);
  const { prefixLength, ifindex } = headerOf(request);
  if (prefixLength > 128 || attrs.address === undefined || attrs.label === undefined) throw invalid();
  const label = attrs.label.u32();
  if (label === noLabel) throw invalid();
  return { prefix: attrs.address.copy().slice(0, 16), prefixLength, ifindex, label };
}

/** Answers RTM_NEWADDRLABEL. */
export function newAddressLabel(request: Request): void {
  const entry = readEntry(request);
  const { netns, message } = request;
  if (entry.ifindex !== 0 && !netns.devices.has(entry.ifindex)) throw invalid();
  ipNetns(netns).labels6.add(entry, (message.flags & NLM_F_REPLACE) !== 0);
}

/** Answers RTM_DELADDRLABEL. */
export function delAddressLabel(request: Request): void {
  const { prefix, prefixLength, ifindex } = readEntry(request);
  ipNetns(request.netns).labels6.delete(prefix, prefixLength, ifindex);
}

/** Answers RTM_GETADDRLABEL for an address. */
export function getAddressLabel(request: Request): void {
  const { message, netns, origin, sender } = request;
  if (message.payloadLength < uapi.IFADDRLBLMSG_SIZE) {
    if (sender.isStrict) throw invalid("ipv6: Invalid header for addrlabel get request");
    throw invalid("Invalid header length");
  }
  if (sender.isStrict) checkGet(request);
  const strictness = sender.isStrict ? "no-unknown" : "liberal";
  const { address, label } = parseMessage(message, uapi.IFADDRLBLMSG_SIZE, labelPolicy, strictness);
  if (sender.isStrict && label !== undefined)
    throw invalid("ipv6: Unsupported attribute in addrlabel get request");
  const { prefixLength, ifindex } = headerOf(request);
  if (prefixLength !== 128 || (ifindex !== 0 && !netns.devices.has(ifindex)) || address === undefined)
    throw invalid();
  const { labels6 } = ipNetns(netns);
  const entry = labels6.find(address.copy().slice(0, 16), ifindex);
  if (entry === undefined) throw new NetlinkError("ESRCH");
  request.reply((writer) => {
    writer.begin(RTM_NEWADDRLABEL, 0, origin.seq, origin.portId);
    fillEntry(writer, labels6, entry);
    writer.end();
  });
}

/** What a strict get may not say: flags and a sequence number (ip6addrlbl_valid_get_req). */
function checkGet({ message: { bytes } }: Request): void {
  const at = (offset: number): number => bytes[NLMSG_HDRLEN + offset] ?? 0;
  const sequence = getU32(bytes, NLMSG_HDRLEN + uapi.IFADDRLBLMSG_SEQ);
  if (at(1) !== 0 || at(uapi.IFADDRLBLMSG_FLAGS) !== 0 || sequence !== 0)
    throw invalid("ipv6: Invalid values in header for addrlabel get request");
}

/** Dumps all of them, in the order they are tried. */
export function* dumpAddressLabels(request: Request, { writer }: DumpControl): Dump {
  const { message, netns, origin, sender } = request;
  if (sender.isStrict) checkDump(message.bytes);
  const { labels6 } = ipNetns(netns);
  for (const entry of [...labels6.entries]) {
    writer.begin(RTM_NEWADDRLABEL, NLM_F_MULTI, origin.seq, origin.portId);
    fillEntry(writer, labels6, entry);
    writer.end();
    yield;
  }
}

/** What a strict dump may say: its family alone (ip6addrlbl_valid_dump_req). */
function checkDump(bytes: Uint8Array): void {
  const size = bytes.length - NLMSG_HDRLEN;
  if (size < uapi.IFADDRLBLMSG_SIZE) throw invalid("ipv6: Invalid header for address label dump request");
  const isZero = bytes
    .subarray(NLMSG_HDRLEN + 1, NLMSG_HDRLEN + uapi.IFADDRLBLMSG_SIZE)
    .every((byte) => byte === 0);
  if (!isZero) throw invalid("ipv6: Invalid values in header for address label dump request");
  if (size > uapi.IFADDRLBLMSG_SIZE)
    throw invalid("ipv6: Invalid data after header for address label dump request");
}

/** Writes header and attributes of an entry (ip6addrlbl_fill). */
function fillEntry(writer: MessageWriter, { sequence }: AddressLabels, entry: AddressLabel): void {
  const at = writer.reserve(uapi.IFADDRLBLMSG_SIZE);
  writer.bytes[at + uapi.IFADDRLBLMSG_FAMILY] = AF_INET6;
  writer.bytes[at + uapi.IFADDRLBLMSG_PREFIXLEN] = entry.prefixLength;
  setU32(writer.bytes, at + uapi.IFADDRLBLMSG_INDEX, entry.ifindex);
  setU32(writer.bytes, at + uapi.IFADDRLBLMSG_SEQ, sequence);
  writer.binary(uapi.IFAL_ADDRESS, entry.prefix);
  writer.u32(uapi.IFAL_LABEL, entry.label);
}
