// Requests about veth pairs in the bytes that any netlink peer takes: the same for uveth, its daemon and the kernel.

import { setS32, setU32 } from "../src/bytes/endian.ts";
import type { NetlinkClient } from "../src/netlink/client.ts";
import type { MessageWriter } from "../src/netlink/writer.ts";
import { IFF_UP } from "../src/uapi/if.ts";
import {
  IFLA_GROUP,
  IFLA_IFNAME,
  IFLA_INFO_DATA,
  IFLA_INFO_KIND,
  IFLA_LINKINFO,
} from "../src/uapi/if_link.ts";
import { NLM_F_CREATE, NLM_F_EXCL } from "../src/uapi/netlink.ts";
import { IFINFOMSG_SIZE, RTM_DELLINK, RTM_NEWLINK } from "../src/uapi/rtnetlink.ts";
import { VETH_INFO_PEER } from "../src/uapi/veth.ts";

/** Writes the body of RTM_NEWLINK for a pair; both ends join `group`. */
export function writePair(writer: MessageWriter, name: string, peer: string, group = 0): void {
  writer.reserve(IFINFOMSG_SIZE);
  writer.string(IFLA_IFNAME, name);
  writer.u32(IFLA_GROUP, group);
  const info = writer.nest(IFLA_LINKINFO);
  writer.string(IFLA_INFO_KIND, "veth");
  const data = writer.nest(IFLA_INFO_DATA);
  const blob = writer.nest(VETH_INFO_PEER);
  writer.reserve(IFINFOMSG_SIZE);
  writer.string(IFLA_IFNAME, peer);
  writer.u32(IFLA_GROUP, group);
  writer.endNest(blob).endNest(data).endNest(info);
}

/** Makes one pair. */
export async function addPair(client: NetlinkClient, name: string, peer: string): Promise<void> {
  await client.request(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, (writer) => writePair(writer, name, peer));
}

/** Sets devices up. */
export async function setUp(client: NetlinkClient, names: readonly string[]): Promise<void> {
  for (const name of names) {
    await client.request(RTM_NEWLINK, 0, (writer) => {
      const header = writer.reserve(IFINFOMSG_SIZE);
      setU32(writer.bytes, header + 8, IFF_UP);
      setU32(writer.bytes, header + 12, IFF_UP);
      writer.string(IFLA_IFNAME, name);
    });
  }
}

/** Writes the body of RTM_DELLINK for a device by name. */
export function writeDelete(writer: MessageWriter, name: string): void {
  writer.reserve(IFINFOMSG_SIZE);
  writer.string(IFLA_IFNAME, name);
}

/** Deletes all devices of a group. */
export async function deleteGroup(client: NetlinkClient, group: number): Promise<void> {
  await client.request(RTM_DELLINK, 0, (writer) => {
    setS32(writer.bytes, writer.reserve(IFINFOMSG_SIZE) + 4, 0);
    writer.u32(IFLA_GROUP, group);
  });
}
