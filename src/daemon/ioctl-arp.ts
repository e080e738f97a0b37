// Requests about ARP entries, as arp(8) makes them: neighbours, and the addresses that are answered for (ATF_PUBL).
//
// Mirrors net/ipv4/arp.c (arp_ioctl, arp_req_set, arp_req_get, arp_req_delete). Omitted: answering for every address, by a
// netmask of 0.0.0.0, which is the setting proxy_arp.

import { getS32, getU16, setS32, setU16 } from "../bytes/endian.ts";
import { macFromText, macToBytes, readMac } from "../bytes/mac.ts";
import { dumpLinks, getLink } from "../client/link.ts";
import type { Neighbour, NeighbourRequest } from "../client/neigh.ts";
import { deleteNeighbour, getNeighbour, putNeighbour } from "../client/neigh.ts";
import { lookUpRoute } from "../client/route.ts";
import type { NetlinkClient } from "../netlink/client.ts";
import { NetlinkError } from "../netlink/error.ts";
import { ARPHRD_ETHER } from "../uapi/if_arp.ts";
import * as nd from "../uapi/neighbour.ts";
import { AF_INET } from "../uapi/socket.ts";
import * as ioctl from "../uapi/sockios.ts";
import type { IoctlCall } from "./ioctl-ifreq.ts";
import { addressAt, nameOf, numberOf } from "./ioctl-ifreq.ts";

/** The mask that every address is alone by. */
const HOST_MASK = 0xffffffff;

/** A struct arpreq. */
interface ArpRequest {
  readonly dst: Uint8Array;
  readonly flags: number;
  /** Empty for none. */
  readonly device: string;
  readonly hardwareType: number;
  readonly lladdr: Uint8Array;
}

/** Does a request about ARP entries; false when it is about something else. */
export async function arpIoctl(call: IoctlCall): Promise<boolean> {
  const { request, client, bytes, isAdmin } = call;
  const isChange = request === ioctl.SIOCDARP || request === ioctl.SIOCSARP;
  if (!isChange && request !== ioctl.SIOCGARP) return false;
  if (isChange && !isAdmin) throw new NetlinkError("EPERM");
  const arp = readRequest(bytes);
  const isPublic = (arp.flags & ioctl.ATF_PUBL) !== 0;
  if (request === ioctl.SIOCGARP) await readEntry(client, arp, bytes);
  else if (request === ioctl.SIOCSARP) await (isPublic ? publish : setEntry)(client, arp);
  else await (isPublic ? conceal : deleteEntry)(client, arp);
  return true;
}

function readRequest(bytes: Uint8Array): ArpRequest {
  const { family, address } = addressAt(bytes, ioctl.ARPREQ_PA);
  if (family !== AF_INET) throw new NetlinkError("EPFNOSUPPORT");
  const flags = getS32(bytes, ioctl.ARPREQ_FLAGS);
  const isPublic = (flags & ioctl.ATF_PUBL) !== 0;
  if (!isPublic && (flags & (ioctl.ATF_NETMASK | ioctl.ATF_DONTPUB)) !== 0) throw new NetlinkError("EINVAL");
  if ((flags & ioctl.ATF_NETMASK) !== 0) {
    const mask = numberOf(addressAt(bytes, ioctl.ARPREQ_NETMASK).address) >>> 0;
    if (mask !== HOST_MASK) throw new NetlinkError(mask === 0 ? "EOPNOTSUPP" : "EINVAL");
  }
  return {
    dst: address,
    flags,
    device: nameOf(bytes, ioctl.ARPREQ_DEV),
    hardwareType: getU16(bytes, ioctl.ARPREQ_HA),
    lladdr: bytes.slice(ioctl.ARPREQ_HA + 2, ioctl.ARPREQ_HA + 8),
  };
}

/** The device that a request names, or else the one that the address is reached by. */
async function ifindexOf(client: NetlinkClient, arp: ArpRequest): Promise<number> {
  if (arp.device !== "") return namedIfindex(client, arp);
  return (await lookUpRoute(client, { family: AF_INET, dst: arp.dst })).oif ?? 0;
}

/** EINVAL where a hardware address is given that is not of the device's kind. */
async function namedIfindex(
  client: NetlinkClient,
  { device, flags, hardwareType }: ArpRequest,
): Promise<number> {
  const { ifindex, type } = await getLink(client, device);
  const isOther = hardwareType !== 0 && hardwareType !== type;
  if ((flags & ioctl.ATF_COM) !== 0 && isOther) throw new NetlinkError("EINVAL");
  return ifindex;
}

/** SIOCSARP of a neighbour: one that stays has a hardware address. */
async function setEntry(client: NetlinkClient, arp: ArpRequest): Promise<void> {
  const isPermanent = (arp.flags & ioctl.ATF_PERM) !== 0;
  const flags = arp.flags | (isPermanent ? ioctl.ATF_COM : 0);
  const ifindex = await ifindexOf(client, { ...arp, flags });
  if ((flags & ioctl.ATF_COM) === 0) throw new NetlinkError("EINVAL");
  if (arp.device === "" && arp.hardwareType !== ARPHRD_ETHER) throw new NetlinkError("EINVAL");
  const state = isPermanent ? nd.NUD_PERMANENT : nd.NUD_STALE;
  await putNeighbour(client, "replace", {
    family: AF_INET,
    ifindex,
    dst: arp.dst,
    state,
    lladdr: arp.lladdr,
  });
}

/** SIOCDARP of a neighbour. */
async function deleteEntry(client: NetlinkClient, arp: ArpRequest): Promise<void> {
  const ifindex = await ifindexOf(client, arp);
  await deleteNeighbour(client, { family: AF_INET, ifindex, dst: arp.dst }).catch(noEntry);
}

/** SIOCSARP of an address to answer for (arp_req_set_public): on the device that has the hardware address, unless one is named. */
async function publish(client: NetlinkClient, arp: ArpRequest): Promise<void> {
  let ifindex: number | undefined;
  if (arp.device !== "") ifindex = await namedIfindex(client, arp);
  else if ((arp.flags & ioctl.ATF_COM) !== 0) {
    const wanted = readMac(arp.lladdr, 0);
    const links = await dumpLinks(client);
    ifindex = links.find(
      ({ type, address }) => type === arp.hardwareType && macFromText(address ?? "") === wanted,
    )?.ifindex;
    if (ifindex === undefined) throw new NetlinkError("ENODEV");
  }
  await putNeighbour(client, "replace", proxied(arp, ifindex));
}

/** SIOCDARP of such an address (arp_req_delete_public). */
async function conceal(client: NetlinkClient, arp: ArpRequest): Promise<void> {
  const ifindex = arp.device === "" ? undefined : await namedIfindex(client, arp);
  await deleteNeighbour(client, proxied(arp, ifindex));
}

function proxied({ dst }: ArpRequest, ifindex: number | undefined): NeighbourRequest {
  return { family: AF_INET, dst, flags: nd.NTF_PROXY, ...(ifindex !== undefined && { ifindex }) };
}

/** SIOCGARP. */
async function readEntry(
  client: NetlinkClient,
  { device, dst }: ArpRequest,
  bytes: Uint8Array,
): Promise<void> {
  const { ifindex } = await getLink(client, device);
  const found: Neighbour = await getNeighbour(client, { family: AF_INET, ifindex, dst }).catch(noEntry);
  if ((found.state & nd.NUD_NOARP) !== 0) throw new NetlinkError("ENXIO");
  bytes.fill(0, ioctl.ARPREQ_HA, ioctl.ARPREQ_HA + 16);
  setU16(bytes, ioctl.ARPREQ_HA, ARPHRD_ETHER);
  const mac = macFromText(found.lladdr ?? "");
  if (mac !== undefined) bytes.set(macToBytes(mac), ioctl.ARPREQ_HA + 2);
  const isKnown = (found.state & ~(nd.NUD_INCOMPLETE | nd.NUD_FAILED)) !== 0;
  const isPermanent = (found.state & nd.NUD_PERMANENT) !== 0;
  setS32(
    bytes,
    ioctl.ARPREQ_FLAGS,
    isPermanent ? ioctl.ATF_PERM | ioctl.ATF_COM : isKnown ? ioctl.ATF_COM : 0,
  );
}

/** What these requests say where rtnetlink says ENOENT. */
function noEntry(error: unknown): never {
  throw error instanceof NetlinkError && error.code === "ENOENT" ? new NetlinkError("ENXIO") : error;
}
