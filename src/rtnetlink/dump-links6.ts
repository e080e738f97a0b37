// RTM_GETLINK with NLM_F_DUMP for AF_INET6: the links that have IPv6, with what it says of them in IFLA_PROTINFO.
//
// Mirrors net/ipv6/addrconf.c (inet6_valid_dump_ifinfo, inet6_dump_ifinfo, inet6_fill_ifinfo) with their texts.

import type { Dump, DumpControl, Request } from "../af_netlink/handler.ts";
import { getU32, setS32, setU16, setU32 } from "../bytes/endian.ts";
import { writeMac } from "../bytes/mac.ts";
import { inet6AfOps } from "../inet/af-spec.ts";
import { devicesByIndex, getIflink } from "../net/device.ts";
import { devGetFlags } from "../net/flags.ts";
import type { Device } from "../net/netdevice.ts";
import { invalid } from "../netlink/error.ts";
import type { Message } from "../netlink/message.ts";
import { NLMSG_HDRLEN } from "../netlink/message.ts";
import type { MessageWriter } from "../netlink/writer.ts";
import { IF_OPER_DOWN, IFF_UP } from "../uapi/if.ts";
import * as link from "../uapi/if_link.ts";
import { NLM_F_MULTI } from "../uapi/netlink.ts";
import * as rt from "../uapi/rtnetlink.ts";
import { AF_INET6 } from "../uapi/socket.ts";

/** Dumps the links of the namespace that IPv6 knows. */
export function* dumpLinks6({ message, netns, origin, sender }: Request, control: DumpControl): Dump {
  if (sender.isStrict) check(message);
  control.generation = () => netns.generation;
  const { writer } = control;
  for (const dev of devicesByIndex(netns)) {
    const before = writer.length;
    writer.begin(rt.RTM_NEWLINK, NLM_F_MULTI, origin.seq, origin.portId);
    putHeader(writer, dev);
    const nest = writer.nest(link.IFLA_PROTINFO);
    if (inet6AfOps.fill?.(dev, writer, 0) !== true) {
      writer.trim(before);
      continue;
    }
    writer.endNest(nest).end();
    yield;
  }
}

function check(message: Message): void {
  if (message.payloadLength < rt.IFINFOMSG_SIZE) throw invalid("ipv6: Invalid header for link dump request");
  if (message.payloadLength > rt.IFINFOMSG_SIZE) throw invalid("ipv6: Invalid data after header");
  const values = [0, 4, 8, 12].map((offset) => getU32(message.bytes, NLMSG_HDRLEN + offset));
  // The first byte is the family, all others must be zero.
  if ((values[0] ?? 0) > 0xff || values.slice(1).some((value) => value !== 0)) {
    throw invalid("ipv6: Invalid values in header for dump request");
  }
}

function putHeader(writer: MessageWriter, dev: Device): void {
  const at = writer.reserve(rt.IFINFOMSG_SIZE);
  writer.bytes[at + rt.IFINFOMSG_FAMILY] = AF_INET6;
  setU16(writer.bytes, at + rt.IFINFOMSG_TYPE, dev.type);
  setS32(writer.bytes, at + rt.IFINFOMSG_INDEX, dev.ifindex);
  setU32(writer.bytes, at + rt.IFINFOMSG_FLAGS, devGetFlags(dev));
  writer.string(link.IFLA_IFNAME, dev.name);
  if (dev.addressLength === 6) {
    const address = writer.attribute(link.IFLA_ADDRESS, dev.addressLength);
    writeMac(writer.bytes, address, dev.address);
  }
  writer.u32(link.IFLA_MTU, dev.mtu);
  const iflink = getIflink(dev);
  if (iflink !== dev.ifindex) writer.u32(link.IFLA_LINK, iflink);
  writer.u8(link.IFLA_OPERSTATE, (dev.flags & IFF_UP) === 0 ? IF_OPER_DOWN : dev.operstate);
}
