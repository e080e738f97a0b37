// The attributes of a VXLAN device.
//
// Mirrors <linux/if_link.h> (IFLA_VXLAN_*).

import { setBe16 } from "../../bytes/endian.ts";
import type { MessageWriter } from "../../netlink/writer.ts";
import * as link from "../../uapi/if_link.ts";
import { addressBytes } from "../address-text.ts";

/** What can be asked of a VXLAN device on the wire. Addresses are of 4 or 16 bytes. */
export interface VxlanRequest {
  id?: number | undefined;
  /** A host or a group. */
  remote?: Uint8Array | undefined;
  local?: Uint8Array | undefined;
  /** The device below, by ifindex. */
  link?: number | undefined;
  /** Attributes of one byte: settings that are on or off, and small numbers. */
  bytes?: Map<number, number> | undefined;
  /** Attributes without a value. */
  flags?: Set<number> | undefined;
  label?: number | undefined;
  ageing?: number | undefined;
  limit?: number | undefined;
  port?: number | undefined;
  portRange?: { readonly low: number; readonly high: number } | undefined;
}

/** Writes the IFLA_INFO_DATA of a VXLAN device. */
export function writeVxlan(writer: MessageWriter, request: VxlanRequest): void {
  const { id, remote, local, label, ageing, limit, port, portRange } = request;
  if (id !== undefined) writer.u32(link.IFLA_VXLAN_ID, id);
  writeAddress(writer, link.IFLA_VXLAN_GROUP, link.IFLA_VXLAN_GROUP6, remote);
  writeAddress(writer, link.IFLA_VXLAN_LOCAL, link.IFLA_VXLAN_LOCAL6, local);
  if (request.link !== undefined) writer.u32(link.IFLA_VXLAN_LINK, request.link);
  for (const [type, value] of request.bytes ?? []) writer.u8(type, value);
  for (const type of request.flags ?? []) writer.flag(type);
  if (label !== undefined) {
    const at = writer.attribute(link.IFLA_VXLAN_LABEL, 4);
    setBe16(writer.bytes, at, label >>> 16);
    setBe16(writer.bytes, at + 2, label & 0xffff);
  }
  if (ageing !== undefined) writer.u32(link.IFLA_VXLAN_AGEING, ageing);
  if (limit !== undefined) writer.u32(link.IFLA_VXLAN_LIMIT, limit);
  if (port !== undefined) setBe16(writer.bytes, writer.attribute(link.IFLA_VXLAN_PORT, 2), port);
  if (portRange === undefined) return;
  const at = writer.attribute(link.IFLA_VXLAN_PORT_RANGE, link.IFLA_VXLAN_PORT_RANGE_SIZE);
  setBe16(writer.bytes, at + link.IFLA_VXLAN_PORT_RANGE_LOW, portRange.low);
  setBe16(writer.bytes, at + link.IFLA_VXLAN_PORT_RANGE_HIGH, portRange.high);
}

function writeAddress(
  writer: MessageWriter,
  four: number,
  six: number,
  address: Uint8Array | undefined,
): void {
  if (address !== undefined) writer.binary(address.length === 16 ? six : four, address);
}

/** A VXLAN device as a user of the library describes it; `link` of the options is the device below. */
export interface VxlanOptions {
  /** The network identifier, below 2^24. */
  readonly id?: number | undefined;
  /** A host or a group; groups need the device below. */
  readonly remote?: string | undefined;
  readonly local?: string | undefined;
  /** UDP port; 8472 by default, as Linux has it; the standard's is 4789. */
  readonly port?: number | undefined;
  readonly ttl?: number | undefined;
  readonly tos?: number | undefined;
  readonly learning?: boolean | undefined;
  readonly ageingSeconds?: number | undefined;
  /** Most entries of the forwarding table. */
  readonly maxAddresses?: number | undefined;
  readonly udpChecksum?: boolean | undefined;
}

/** Makes the request of the options; `below` is the index of the device below. */
export function vxlanRequest(options: VxlanOptions, below: number | undefined): VxlanRequest {
  const { id, remote, local, port, ttl, tos, learning, ageingSeconds, maxAddresses, udpChecksum } = options;
  const bytes = new Map<number, number>();
  const numbers: readonly (readonly [type: number, value: number | boolean | undefined])[] = [
    [link.IFLA_VXLAN_TTL, ttl],
    [link.IFLA_VXLAN_TOS, tos],
    [link.IFLA_VXLAN_LEARNING, learning],
    [link.IFLA_VXLAN_UDP_CSUM, udpChecksum],
  ];
  for (const [type, value] of numbers) if (value !== undefined) bytes.set(type, Number(value));
  return {
    id,
    remote: remote === undefined ? undefined : addressBytes(remote),
    local: local === undefined ? undefined : addressBytes(local),
    link: below,
    bytes,
    ageing: ageingSeconds,
    limit: maxAddresses,
    port,
  };
}
