// What goes back for a request: ACK, error and their extended acknowledgement.
//
// Mirrors net/netlink/af_netlink.c (netlink_ack, netlink_ack_tlv_fill, netlink_dump_done).

import { setS32 } from "../bytes/endian.ts";
import { NetlinkError } from "../netlink/error.ts";
import type { Message } from "../netlink/message.ts";
import { NLMSG_HDRLEN } from "../netlink/message.ts";
import { writePolicy } from "../netlink/policy-dump.ts";
import type { MessageWriter } from "../netlink/writer.ts";
import * as nl from "../uapi/netlink.ts";
import type { NetlinkSocket } from "./socket.ts";

/** Queues the ACK (`error` undefined) or the error for `request`, with `warning` as its text unless the error has one. */
export function acknowledge(
  socket: NetlinkSocket,
  request: Message,
  error?: NetlinkError,
  warning = "",
): void {
  const hasAttributes = socket.hasExtendedAck && hasDetail(error, warning);
  const isCapped = error === undefined || socket.hasCappedAck;
  let flags = hasAttributes ? nl.NLM_F_ACK_TLVS : 0;
  if (isCapped) flags |= nl.NLM_F_CAPPED;
  const bytes = socket.table.compose((writer) => {
    writer.begin(nl.NLMSG_ERROR, flags, request.seq, socket.portId);
    const at = writer.reserve(4);
    setS32(writer.bytes, at, error?.errno ?? 0);
    writer.raw(isCapped ? request.bytes.subarray(0, NLMSG_HDRLEN) : request.bytes);
    if (hasAttributes) writeDetail(writer, request, error, warning);
    writer.end();
  });
  socket.queue(bytes);
}

/** Writes NLMSG_DONE, with the error that ended the dump if one did. */
export function writeDone(
  writer: MessageWriter,
  socket: NetlinkSocket,
  request: Message,
  flags: number,
  error?: NetlinkError,
  warning = "",
): void {
  const hasAttributes = socket.hasExtendedAck && hasDetail(error, warning);
  const tlvs = hasAttributes ? nl.NLM_F_ACK_TLVS : 0;
  writer.begin(nl.NLMSG_DONE, nl.NLM_F_MULTI | flags | tlvs, request.seq, socket.portId);
  const at = writer.reserve(4);
  setS32(writer.bytes, at, error?.errno ?? 0);
  if (hasAttributes) writeDetail(writer, request, error, warning);
  writer.end();
}

function hasDetail(error: NetlinkError | undefined, warning: string): boolean {
  if (warning !== "") return true;
  if (error === undefined) return false;
  return error.message !== "" || error.offset !== undefined || error.missing !== undefined;
}

function writeDetail(
  writer: MessageWriter,
  request: Message,
  error: NetlinkError | undefined,
  warning: string,
): void {
  const text = error === undefined || error.message === "" ? warning : error.message;
  if (text !== "") writer.string(nl.NLMSGERR_ATTR_MSG, text);
  if (error === undefined) return;
  if (error.offset !== undefined && error.offset < request.bytes.length) {
    writer.u32(nl.NLMSGERR_ATTR_OFFS, error.offset);
  }
  if (error.policy !== undefined) writePolicy(writer, nl.NLMSGERR_ATTR_POLICY, error.policy);
  if (error.missing !== undefined) {
    writer.u32(nl.NLMSGERR_ATTR_MISS_TYPE, error.missing.type);
    if (error.missing.nest !== undefined) writer.u32(nl.NLMSGERR_ATTR_MISS_NEST, error.missing.nest);
  }
}

/** Takes what a handler threw for the NetlinkError it is; anything else is a bug and goes on. */
export function asNetlinkError(error: unknown): NetlinkError {
  if (error instanceof NetlinkError) return error;
  throw error;
}
