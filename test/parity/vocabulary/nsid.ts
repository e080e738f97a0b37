// Namespace ids: RTM_NEWNSID, DELNSID and GETNSID requests, and RTM_NEWNSID and DELNSID messages.

import type { Message } from "../../../src/netlink/message.ts";
import type { MessageWriter } from "../../../src/netlink/writer.ts";
import * as ns from "../../../src/uapi/net_namespace.ts";
import { RTGENMSG_SIZE } from "../../../src/uapi/rtnetlink.ts";
import type { AttributeWriters } from "./request.ts";
import { writeAttributes } from "./request.ts";

/** The attributes of a namespace id request. */
export interface NsidRequest {
  readonly nsid?: number;
  readonly pid?: number;
  readonly fd?: number;
  readonly targetNsid?: number;
}

const nsidWriters: AttributeWriters<NsidRequest> = {
  nsid: (writer, nsid) => writer.s32(ns.NETNSA_NSID, nsid),
  pid: (writer, pid) => writer.u32(ns.NETNSA_PID, pid),
  fd: (writer, fd) => writer.u32(ns.NETNSA_FD, fd),
  targetNsid: (writer, nsid) => writer.s32(ns.NETNSA_TARGET_NSID, nsid),
};

/** Writes struct rtgenmsg and the attributes. */
export function writeNsid(writer: MessageWriter, request: NsidRequest): void {
  writer.reserve(RTGENMSG_SIZE);
  writeAttributes<NsidRequest>(writer, nsidWriters, request);
}

/** A namespace id as RTM_NEWNSID and RTM_DELNSID show it. */
export interface Nsid {
  readonly nsid: number | undefined;
  readonly currentNsid: number | undefined;
}

/** Reads an RTM_NEWNSID or RTM_DELNSID. */
export function readNsid(message: Message): Nsid {
  return {
    nsid: message.attribute(ns.NETNSA_NSID, RTGENMSG_SIZE)?.s32(),
    currentNsid: message.attribute(ns.NETNSA_CURRENT_NSID, RTGENMSG_SIZE)?.s32(),
  };
}
