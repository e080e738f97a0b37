// Requests about queueing disciplines, classes, filters and chains, and their answers: `struct tcmsg` with attributes behind it.
//
// Mirrors <linux/rtnetlink.h> (RTM_*QDISC, RTM_*TCLASS, RTM_*TFILTER, RTM_*CHAIN, TCA_*).

import { getS32, getU32, setS32, setU32 } from "../bytes/endian.ts";
import type { Attribute } from "../netlink/attribute.ts";
import type { Answer, NetlinkClient } from "../netlink/client.ts";
import type { Message } from "../netlink/message.ts";
import { NLMSG_HDRLEN } from "../netlink/message.ts";
import type { MessageWriter } from "../netlink/writer.ts";
import * as rt from "../uapi/rtnetlink.ts";

/** What a message is about. */
export interface TcHeader {
  ifindex: number;
  handle: number;
  parent: number;
  /** Filters: priority in the upper 16 bits, protocol in the lower ones, in network order. */
  info: number;
}

/** A message about a discipline, a class, a filter or a chain. */
export interface TcMessage extends Readonly<TcHeader> {
  /** RTM_* and NLM_F_* */
  readonly type: number;
  readonly flags: number;
  readonly kind: string;
  attribute(type: number): Attribute | undefined;
}

/** Reads RTM_{NEW,DEL,GET}{QDISC,TCLASS,TFILTER}. */
export function parseTc(message: Message): TcMessage {
  const { bytes } = message;
  const attribute = (type: number) => message.attribute(type, rt.TCMSG_SIZE);
  return {
    type: message.type,
    flags: message.flags,
    ifindex: getS32(bytes, NLMSG_HDRLEN + rt.TCMSG_IFINDEX),
    handle: getU32(bytes, NLMSG_HDRLEN + rt.TCMSG_HANDLE),
    parent: getU32(bytes, NLMSG_HDRLEN + rt.TCMSG_PARENT),
    info: getU32(bytes, NLMSG_HDRLEN + rt.TCMSG_INFO),
    kind: attribute(rt.TCA_KIND)?.text() ?? "",
    attribute,
  };
}

/** Sends a request that changes something; `write` adds the attributes. */
export function changeTc(
  client: NetlinkClient,
  type: number,
  flags: number,
  header: TcHeader,
  write: (writer: MessageWriter) => void,
): Promise<Answer> {
  return client.request(type, flags, (writer) => {
    writeHeader(writer, header);
    write(writer);
  });
}

/** Lists what there is of a type (RTM_GETQDISC, RTM_GETTCLASS, RTM_GETTFILTER). */
export async function dumpTc(
  client: NetlinkClient,
  type: number,
  header: TcHeader,
  write: (writer: MessageWriter) => void = () => {},
): Promise<TcMessage[]> {
  const answer = await client.dump(type, (writer) => {
    writeHeader(writer, header);
    write(writer);
  });
  return answer.messages.map(parseTc);
}

function writeHeader(writer: MessageWriter, { ifindex, handle, parent, info }: TcHeader): void {
  const at = writer.reserve(rt.TCMSG_SIZE);
  setS32(writer.bytes, at + rt.TCMSG_IFINDEX, ifindex);
  setU32(writer.bytes, at + rt.TCMSG_HANDLE, handle);
  setU32(writer.bytes, at + rt.TCMSG_PARENT, parent);
  setU32(writer.bytes, at + rt.TCMSG_INFO, info);
}
