// etun, the driver that veth replaced in 2007: pairs made and removed by writing to two parameters of a module.
//
//   echo a,b > /sys/module/etun/parameters/newif
//   echo a   > /sys/module/etun/parameters/delif      removes both
//
// Mirrors drivers/net/etun.c as its users knew it. There is no more to it than names; what comes of them is veth.

import { writeVethPeer } from "../client/kinds/veth.ts";
import { addLink, deleteLink, getLink } from "../client/link.ts";
import type { NetlinkClient } from "../netlink/client.ts";
import { NetlinkError } from "../netlink/error.ts";

const KIND = "veth";
const NEWIF = "/sys/module/etun/parameters/newif";
const DELIF = "/sys/module/etun/parameters/delif";

/** Does what was written to a parameter; NetlinkError is the errno of the write. */
export async function writeEtun(client: NetlinkClient, path: string, text: string): Promise<void> {
  const isNew = path === NEWIF;
  if (!isNew && path !== DELIF) throw new NetlinkError("ENOENT");
  const names = text.trim().split(",");
  if (names.length !== (isNew ? 2 : 1) || names.includes("")) throw new NetlinkError("EINVAL");
  const [ifname = "", peer = ""] = names;
  if (isNew) {
    const data = (writer: Parameters<typeof writeVethPeer>[0]): void =>
      writeVethPeer(writer, { ifname: peer });
    await addLink(client, { ifname, linkinfo: { kind: KIND, data } });
  } else {
    const link = await getLink(client, ifname);
    if (link.linkinfo?.kind !== KIND) throw new NetlinkError("EINVAL");
    await deleteLink(client, link.ifindex);
  }
}
