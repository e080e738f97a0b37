// Requests about bonds, as ifenslave(8) and libraries of its age make them.
//
// Mirrors drivers/net/bonding/bond_main.c (bond_do_ioctl). Omitted: SIOCBONDINFOQUERY and SIOCBONDSLAVEINFOQUERY, whose argument
// points further, and their older private numbers; they are refused as by a device that is no bond.

import { macFromText, macToBytes } from "../bytes/mac.ts";
import type { Link } from "../client/link.ts";
import { getLink, setLink } from "../client/link.ts";
import { NetlinkError } from "../netlink/error.ts";
import type { MessageWriter } from "../netlink/writer.ts";
import { IFLA_BOND_ACTIVE_SLAVE } from "../uapi/if_link.ts";
import * as ioctl from "../uapi/sockios.ts";
import type { IoctlCall } from "./ioctl-ifreq.ts";
import { DATA, linkOf, nameOf } from "./ioctl-ifreq.ts";

const KIND = "bond";

/** Does a request about a bond and one slave, named in the ifreq; false when it is about something else. */
export async function bondIoctl(call: IoctlCall): Promise<boolean> {
  const { client, request, bytes } = call;
  const act = acts.get(request);
  if (act === undefined) return false;
  if (!call.isAdmin) throw new NetlinkError("EPERM");
  const bond = await linkOf(call);
  if (bond.linkinfo?.kind !== KIND) throw new NetlinkError("EOPNOTSUPP");
  await act(call, bond, await getLink(client, nameOf(bytes, DATA)));
  return true;
}

type Act = (call: IoctlCall, bond: Link, slave: Link) => Promise<unknown>;

const acts: ReadonlyMap<number, Act> = new Map<number, Act>([
  [ioctl.SIOCBONDENSLAVE, enslave],
  [ioctl.SIOCBONDRELEASE, release],
  [ioctl.SIOCBONDSETHWADDR, takeAddress],
  [ioctl.SIOCBONDCHANGEACTIVE, makeActive],
]);

function enslave({ client }: IoctlCall, bond: Link, slave: Link): Promise<unknown> {
  // rtnetlink would take it from its master first.
  if (slave.master !== undefined) throw new NetlinkError("EBUSY");
  return setLink(client, { ifindex: slave.ifindex, master: bond.ifindex });
}

function release({ client }: IoctlCall, bond: Link, slave: Link): Promise<unknown> {
  if (slave.master !== bond.ifindex) throw new NetlinkError("EINVAL");
  return setLink(client, { ifindex: slave.ifindex, master: 0 });
}

/** Gives the bond the address of the slave (bond_set_dev_addr). */
async function takeAddress({ client }: IoctlCall, bond: Link, slave: Link): Promise<void> {
  const address = macFromText(slave.address ?? "");
  if (address !== undefined) await setLink(client, { ifindex: bond.ifindex, address: macToBytes(address) });
}

function makeActive({ client }: IoctlCall, bond: Link, slave: Link): Promise<unknown> {
  const data = (writer: MessageWriter) => writer.u32(IFLA_BOND_ACTIVE_SLAVE, slave.ifindex);
  return setLink(client, { ifindex: bond.ifindex, linkinfo: { kind: KIND, data } });
}
