// Where a socket is or speaks to, as people write it: `10.0.0.1`, `fe80::1%v0`, a port. Names are the caller's to resolve.

import { addressBytes, addressText } from "../client/address-text.ts";
import { deviceByName } from "../net/device.ts";
import type { Netns } from "../net/netdevice.ts";
import { invalid, NetlinkError } from "../netlink/error.ts";
import type { ErrnoName } from "../uapi/errno.ts";
import { errnoNumber, errnoText } from "../uapi/errno.ts";

/** An address and a port. */
export interface Endpoint {
  /** An IPv4 or IPv6 address, with `%dev` behind a link-local one. */
  readonly host: string;
  readonly port: number;
}

/** An endpoint as the stack knows it. */
export interface SocketAddress {
  readonly address: Uint8Array;
  readonly port: number;
  readonly ifindex: number;
}

/** Reads an endpoint; NetlinkError EINVAL for what is none, ENODEV for a device there is not. */
export function parseEndpoint(netns: Netns, { host, port }: Endpoint): SocketAddress {
  const [text = "", zone] = host.split("%", 2);
  const address = addressBytes(text);
  checkPort(port);
  return { address, port, ifindex: zone === undefined ? 0 : ifindexOf(netns, zone) };
}

/** EINVAL for what is no port. */
function checkPort(port: number): void {
  if (!Number.isInteger(port) || port < 0 || port > 0xffff)
    throw invalid(`"${port}" is not a port, 0 to 65535`);
}

/** The ifindex of the device `name`; ENODEV when there is none. */
export function ifindexOf(netns: Netns, name: string): number {
  const dev = deviceByName(netns, name);
  if (dev === undefined) throw new NetlinkError("ENODEV", `There is no device "${name}"`);
  return dev.ifindex;
}

/** Writes an endpoint; every address of a socket that has none of its own. */
export function endpointOf(address: Uint8Array | null, port: number, isFour: boolean): Endpoint {
  return { host: address === null ? (isFour ? "0.0.0.0" : "::") : addressText(address), port };
}

/** The error of a socket call, in the words of Node's: `connect ECONNREFUSED 10.0.0.2:80`. */
export function socketError(errno: ErrnoName, call: string, to?: Endpoint): NetlinkError {
  const where = to === undefined ? "" : ` ${to.host.includes(":") ? `[${to.host}]` : to.host}:${to.port}`;
  return new NetlinkError(errno, `${call} ${errno}${where}: ${errnoText(errnoNumber(errno))}`);
}
