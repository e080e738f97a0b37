// Requests about bridges, as brctl(8) makes them.
//
// Mirrors net/bridge/br_ioctl.c (br_ioctl_stub, br_dev_siocdevprivate's successors). Omitted: SIOCDEVPRIVATE, whose questions
// are answered by rtnetlink and sysfs.

import { getS32 } from "../bytes/endian.ts";
import type { Link } from "../client/link.ts";
import { addLink, deleteLink, getLink, setLink } from "../client/link.ts";
import { NetlinkError } from "../netlink/error.ts";
import { IFF_UP } from "../uapi/if.ts";
import * as ioctl from "../uapi/sockios.ts";
import type { IoctlCall } from "./ioctl-ifreq.ts";
import { DATA, linkOf, nameOf } from "./ioctl-ifreq.ts";

const KIND = "bridge";

/** Does a request about bridges; false when it is about something else. */
export async function bridgeIoctl(call: IoctlCall): Promise<boolean> {
  const { client, request, bytes } = call;
  switch (request) {
    case ioctl.SIOCBRADDBR: {
      if (!call.isAdmin) throw new NetlinkError("EPERM");
      const ifname = nameOf(bytes);
      if (ifname === "") throw new NetlinkError("EINVAL");
      await addLink(client, { ifname, linkinfo: { kind: KIND } });
      return true;
    }
    case ioctl.SIOCBRDELBR:
      if (!call.isAdmin) throw new NetlinkError("EPERM");
      await deleteBridge(call);
      return true;
    case ioctl.SIOCBRADDIF:
    case ioctl.SIOCBRDELIF:
      if (!call.isAdmin) throw new NetlinkError("EPERM");
      await changePort(call);
      return true;
    default:
      return false;
  }
}

async function deleteBridge({ client, bytes }: IoctlCall): Promise<void> {
  const bridge = await getLink(client, nameOf(bytes)).catch((error: unknown) => {
    throw error instanceof NetlinkError && error.code === "ENODEV" ? new NetlinkError("ENXIO") : error;
  });
  if (!isBridge(bridge)) throw new NetlinkError("EPERM");
  if ((bridge.flags & IFF_UP) !== 0) throw new NetlinkError("EBUSY");
  await deleteLink(client, bridge.ifindex);
}

async function changePort(call: IoctlCall): Promise<void> {
  const { client, request, bytes } = call;
  const bridge = await linkOf(call);
  if (!isBridge(bridge)) throw new NetlinkError("EOPNOTSUPP");
  const ifindex = getS32(bytes, DATA);
  const port = await getLink(client, ifindex).catch((error: unknown) => {
    throw error instanceof NetlinkError && error.code === "ENODEV" ? new NetlinkError("EINVAL") : error;
  });
  if (request === ioctl.SIOCBRADDIF) {
    if (port.master !== undefined) throw new NetlinkError("EBUSY");
    await setLink(client, { ifindex, master: bridge.ifindex });
  } else {
    if (port.master !== bridge.ifindex) throw new NetlinkError("EINVAL");
    await setLink(client, { ifindex, master: 0 });
  }
}

function isBridge({ linkinfo }: Link): boolean {
  return linkinfo?.kind === KIND;
}
