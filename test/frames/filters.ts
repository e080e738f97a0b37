// Filters that lead frames elsewhere: clsact, u32 with one key, mirred.

import { setBe16, setBe32, setS32, setU32 } from "../../src/bytes/endian.ts";
import type { NetlinkClient } from "../../src/netlink/client.ts";
import type { MessageWriter } from "../../src/netlink/writer.ts";
import { NLM_F_CREATE, NLM_F_EXCL } from "../../src/uapi/netlink.ts";
import * as cls from "../../src/uapi/pkt_cls.ts";
import { TC_H_CLSACT, TC_H_MAJ_MASK, TC_H_MIN_EGRESS, TC_H_MIN_INGRESS } from "../../src/uapi/pkt_sched.ts";
import * as rt from "../../src/uapi/rtnetlink.ts";
import * as mirred from "../../src/uapi/tc_mirred.ts";

/** A filter on p0: what it takes, and what it does with it. */
export interface FilterSpec {
  readonly hook: "ingress" | "egress";
  /** An EtherType; ETH_P_ALL. */
  readonly protocol: number;
  /** The word behind the link header that frames must have, as far as the mask says. */
  readonly mask: number;
  readonly value: number;
  /** TCA_EGRESS_REDIR and so on, and the device it leads to. */
  readonly action: number;
  readonly target: string;
}

/** Adds clsact to `p0`, and the filters in their order. */
export async function addFilters(
  client: NetlinkClient,
  indexes: ReadonlyMap<string, number>,
  filters: readonly FilterSpec[],
): Promise<void> {
  const ifindex = indexes.get("p0") ?? 0;
  const flags = NLM_F_CREATE | NLM_F_EXCL;
  await client.request(rt.RTM_NEWQDISC, flags, (writer) => {
    writeHeader(writer, ifindex, TC_H_CLSACT, 0, TC_H_MAJ_MASK);
    writer.bareString(rt.TCA_KIND, "clsact");
  });
  for (const [index, filter] of filters.entries()) {
    const hook = filter.hook === "ingress" ? TC_H_MIN_INGRESS : TC_H_MIN_EGRESS;
    const info = (((index + 1) << 16) | swapped(filter.protocol)) >>> 0;
    await client.request(rt.RTM_NEWTFILTER, flags, (writer) => {
      writeHeader(writer, ifindex, (TC_H_MAJ_MASK | hook) >>> 0, info);
      writer.bareString(rt.TCA_KIND, "u32");
      const options = writer.nest(rt.TCA_OPTIONS);
      writeSelector(writer, filter);
      writeMirred(writer, filter.action, indexes.get(filter.target) ?? 0);
      writer.endNest(options);
    });
  }
}

function writeHeader(writer: MessageWriter, ifindex: number, parent: number, info: number, handle = 0): void {
  const at = writer.reserve(rt.TCMSG_SIZE);
  setU32(writer.bytes, at + rt.TCMSG_HANDLE, handle);
  setS32(writer.bytes, at + rt.TCMSG_IFINDEX, ifindex);
  setU32(writer.bytes, at + rt.TCMSG_PARENT, parent);
  setU32(writer.bytes, at + rt.TCMSG_INFO, info);
}

/** Host order's view of a number in network order. */
function swapped(protocol: number): number {
  const bytes = new Uint8Array(2);
  setBe16(bytes, 0, protocol);
  return (bytes[0] ?? 0) | ((bytes[1] ?? 0) << 8);
}

function writeSelector(writer: MessageWriter, { mask, value }: FilterSpec): void {
  const size = cls.TC_U32_SEL_SIZE + cls.TC_U32_KEY_SIZE;
  const at = writer.attribute(cls.TCA_U32_SEL, size);
  writer.bytes[at + cls.TC_U32_SEL_FLAGS] = cls.TC_U32_TERMINAL;
  writer.bytes[at + cls.TC_U32_SEL_NKEYS] = 1;
  setBe32(writer.bytes, at + cls.TC_U32_SEL_SIZE + cls.TC_U32_KEY_MASK, mask);
  setBe32(writer.bytes, at + cls.TC_U32_SEL_SIZE + cls.TC_U32_KEY_VAL, value);
}

function writeMirred(writer: MessageWriter, action: number, ifindex: number): void {
  const isRedirect = action === mirred.TCA_EGRESS_REDIR || action === mirred.TCA_INGRESS_REDIR;
  const list = writer.nest(cls.TCA_U32_ACT);
  const first = writer.nest(1);
  writer.bareString(cls.TCA_ACT_KIND, "mirred");
  const options = writer.nest(cls.TCA_ACT_OPTIONS);
  const at = writer.attribute(mirred.TCA_MIRRED_PARMS, mirred.TC_MIRRED_SIZE);
  setS32(writer.bytes, at + mirred.TC_MIRRED_ACTION, isRedirect ? cls.TC_ACT_STOLEN : cls.TC_ACT_PIPE);
  setS32(writer.bytes, at + mirred.TC_MIRRED_EACTION, action);
  setU32(writer.bytes, at + mirred.TC_MIRRED_IFINDEX, ifindex);
  writer.endNest(options).endNest(first).endNest(list);
}
