// Requests about devices, whatever the family of the socket.
//
// Mirrors net/core/dev_ioctl.c (dev_ioctl, dev_ifsioc). Omitted: multicast addresses (SIOCADDMULTI), what is asked about bonds, MII and private
// requests, which are refused as by a device without them.

import { getS32, getU16, setS32, setU16 } from "../bytes/endian.ts";
import { macFromText, macToBytes } from "../bytes/mac.ts";
import type { Link } from "../client/link.ts";
import { getLink, setLink } from "../client/link.ts";
import { NetlinkError } from "../netlink/error.ts";
import * as ioctl from "../uapi/sockios.ts";
import type { IoctlCall } from "./ioctl-ifreq.ts";
import { DATA, linkOf, nameOf, putName } from "./ioctl-ifreq.ts";

/** The flags that fit the short of an ifreq. */
const SHORT_FLAGS = 0xffff;

type Get = (link: Link, bytes: Uint8Array) => void;
type Set = (call: IoctlCall, link: Link) => Promise<unknown> | undefined;

/** Requests that read something of a link into the ifreq. */
const gets: ReadonlyMap<number, Get> = new Map<number, Get>([
  [ioctl.SIOCGIFINDEX, (link, bytes) => setS32(bytes, DATA, link.ifindex)],
  [ioctl.SIOCGIFFLAGS, (link, bytes) => setU16(bytes, DATA, link.flags & SHORT_FLAGS)],
  [ioctl.SIOCGIFMETRIC, (_link, bytes) => setS32(bytes, DATA, 0)],
  [ioctl.SIOCGIFMTU, (link, bytes) => setS32(bytes, DATA, link.mtu ?? 0)],
  [ioctl.SIOCGIFTXQLEN, (link, bytes) => setS32(bytes, DATA, link.txqlen ?? 0)],
  [ioctl.SIOCGIFMAP, (_link, bytes) => bytes.fill(0, DATA)],
  [ioctl.SIOCGIFSLAVE, refuse("EINVAL")],
  [ioctl.SIOCGIFHWADDR, getHardwareAddress],
]);

/** Requests that change a link. */
const sets: ReadonlyMap<number, Set> = new Map<number, Set>([
  [
    ioctl.SIOCSIFFLAGS,
    ({ client, bytes }, { ifindex }) =>
      setLink(client, { ifindex, flags: getU16(bytes, DATA), change: SHORT_FLAGS }),
  ],
  [
    ioctl.SIOCSIFMTU,
    ({ client, bytes }, { ifindex }) => setLink(client, { ifindex, mtu: getS32(bytes, DATA) }),
  ],
  [ioctl.SIOCSIFTXQLEN, setQueueLength],
  [
    ioctl.SIOCSIFHWADDR,
    (call, link) => setLink(call.client, { ifindex: link.ifindex, address: hardwareAddress(call, link) }),
  ],
  [
    ioctl.SIOCSIFHWBROADCAST,
    (call, link) => setLink(call.client, { ifindex: link.ifindex, broadcast: hardwareAddress(call, link) }),
  ],
  [ioctl.SIOCSIFNAME, rename],
  [ioctl.SIOCSIFSLAVE, refuse("EINVAL")],
  [ioctl.SIOCADDMULTI, refuse("EOPNOTSUPP")],
  [ioctl.SIOCDELMULTI, refuse("EOPNOTSUPP")],
  [ioctl.SIOCSIFMETRIC, refuse("EOPNOTSUPP")],
  [ioctl.SIOCSIFMAP, refuse("EOPNOTSUPP")],
]);

/** Does a request about a device; undefined when it is about something else. */
export async function deviceIoctl(call: IoctlCall): Promise<boolean> {
  const { request, client, bytes } = call;
  if (request === ioctl.SIOCGIFNAME) {
    const ifindex = getS32(bytes, DATA);
    if (ifindex <= 0) throw new NetlinkError("ENODEV");
    putName(bytes, 0, (await getLink(client, ifindex)).ifname ?? "");
    return true;
  }
  const get = gets.get(request);
  if (get !== undefined) {
    get(await linkOf(call), bytes);
    return true;
  }
  const set = sets.get(request) ?? (isForDriver(request) ? refuse("EOPNOTSUPP") : undefined);
  if (set === undefined) return false;
  if (!call.isAdmin && !isForEverybody(request)) throw new NetlinkError("EPERM");
  await set(call, await linkOf(call));
  return true;
}

/** Requests that are left to the driver, of which none here has any. */
function isForDriver(request: number): boolean {
  return (
    (request >= ioctl.SIOCGMIIPHY && request <= ioctl.SIOCSMIIREG) ||
    (request >= ioctl.SIOCBONDSLAVEINFOQUERY && request <= ioctl.SIOCBONDINFOQUERY) ||
    request === ioctl.SIOCSHWTSTAMP ||
    request === ioctl.SIOCGHWTSTAMP ||
    request === ioctl.SIOCWANDEV ||
    (request >= ioctl.SIOCDEVPRIVATE && request <= ioctl.SIOCDEVPRIVATE + 15)
  );
}

/** Those of them that the driver may be asked by everybody. */
function isForEverybody(request: number): boolean {
  return (
    request === ioctl.SIOCWANDEV ||
    request === ioctl.SIOCGHWTSTAMP ||
    (request >= ioctl.SIOCBONDSLAVEINFOQUERY && request <= ioctl.SIOCBONDINFOQUERY) ||
    request >= ioctl.SIOCDEVPRIVATE
  );
}

function refuse(code: "EINVAL" | "EOPNOTSUPP"): () => undefined {
  return () => {
    throw new NetlinkError(code);
  };
}

function getHardwareAddress(link: Link, bytes: Uint8Array): void {
  bytes.fill(0, DATA, DATA + 16);
  setU16(bytes, DATA, link.type);
  const mac = macFromText(link.address ?? "");
  if (mac !== undefined) bytes.set(macToBytes(mac), DATA + 2);
}

/** The hardware address of a struct sockaddr, which names the type of the device. */
function hardwareAddress({ bytes }: IoctlCall, { type }: Link): Uint8Array {
  if (getU16(bytes, DATA) !== type) throw new NetlinkError("EINVAL");
  return bytes.slice(DATA + 2, DATA + 8);
}

function setQueueLength({ client, bytes }: IoctlCall, { ifindex }: Link): Promise<unknown> {
  const txqlen = getS32(bytes, DATA);
  if (txqlen < 0) throw new NetlinkError("EINVAL");
  return setLink(client, { ifindex, txqlen });
}

function rename({ client, bytes }: IoctlCall, { ifindex }: Link): Promise<unknown> {
  const ifname = nameOf(bytes, DATA);
  if (ifname === "") throw new NetlinkError("EINVAL");
  return setLink(client, { ifindex, ifname });
}
