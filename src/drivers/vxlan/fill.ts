// A VXLAN device as it tells of itself.
//
// Mirrors drivers/net/vxlan/vxlan_core.c (vxlan_fill_info).

import { setBe16, setBe32 } from "../../bytes/endian.ts";
import type { MessageWriter } from "../../netlink/writer.ts";
import * as link from "../../uapi/if_link.ts";
import type { Vxlan } from "./state.ts";
import * as vx from "./state.ts";

/** Writes IFLA_INFO_DATA. */
export function fillInfo({ state }: Vxlan, writer: MessageWriter): void {
  const { config } = state;
  const bit = (mask: number): number => ((config.flags & mask) !== 0 ? 1 : 0);
  writer.u32(link.IFLA_VXLAN_ID, config.vni);
  fillAddress(writer, link.IFLA_VXLAN_GROUP, link.IFLA_VXLAN_GROUP6, config.remote);
  if (config.ifindex !== 0) writer.u32(link.IFLA_VXLAN_LINK, config.ifindex);
  fillAddress(writer, link.IFLA_VXLAN_LOCAL, link.IFLA_VXLAN_LOCAL6, config.local);
  writer.u8(link.IFLA_VXLAN_TTL, config.ttl);
  writer.u8(link.IFLA_VXLAN_TTL_INHERIT, bit(vx.VXLAN_F_TTL_INHERIT));
  writer.u8(link.IFLA_VXLAN_TOS, config.tos);
  writer.u8(link.IFLA_VXLAN_DF, config.df);
  const label = writer.attribute(link.IFLA_VXLAN_LABEL, 4);
  setBe16(writer.bytes, label, config.label >>> 16);
  setBe16(writer.bytes, label + 2, config.label & 0xffff);
  writer.u32(link.IFLA_VXLAN_LABEL_POLICY, config.labelPolicy);
  writer.u8(link.IFLA_VXLAN_LEARNING, bit(vx.VXLAN_F_LEARN));
  writer.u8(link.IFLA_VXLAN_PROXY, bit(vx.VXLAN_F_PROXY));
  writer.u8(link.IFLA_VXLAN_RSC, bit(vx.VXLAN_F_RSC));
  writer.u8(link.IFLA_VXLAN_L2MISS, bit(vx.VXLAN_F_L2MISS));
  writer.u8(link.IFLA_VXLAN_L3MISS, bit(vx.VXLAN_F_L3MISS));
  writer.u8(link.IFLA_VXLAN_COLLECT_METADATA, bit(vx.VXLAN_F_COLLECT_METADATA));
  writer.u32(link.IFLA_VXLAN_AGEING, config.ageingS);
  writer.u32(link.IFLA_VXLAN_LIMIT, config.limit);
  setBe16(writer.bytes, writer.attribute(link.IFLA_VXLAN_PORT, 2), config.port);
  writer.u8(link.IFLA_VXLAN_UDP_CSUM, 1 - bit(vx.VXLAN_F_UDP_ZERO_CSUM_TX));
  writer.u8(link.IFLA_VXLAN_UDP_ZERO_CSUM6_TX, bit(vx.VXLAN_F_UDP_ZERO_CSUM6_TX));
  writer.u8(link.IFLA_VXLAN_UDP_ZERO_CSUM6_RX, bit(vx.VXLAN_F_UDP_ZERO_CSUM6_RX));
  writer.u8(link.IFLA_VXLAN_REMCSUM_TX, bit(vx.VXLAN_F_REMCSUM_TX));
  writer.u8(link.IFLA_VXLAN_REMCSUM_RX, bit(vx.VXLAN_F_REMCSUM_RX));
  writer.u8(link.IFLA_VXLAN_LOCALBYPASS, bit(vx.VXLAN_F_LOCALBYPASS));
  const range = writer.attribute(link.IFLA_VXLAN_PORT_RANGE, link.IFLA_VXLAN_PORT_RANGE_SIZE);
  setBe16(writer.bytes, range + link.IFLA_VXLAN_PORT_RANGE_LOW, config.portLow);
  setBe16(writer.bytes, range + link.IFLA_VXLAN_PORT_RANGE_HIGH, config.portHigh);
  if (bit(vx.VXLAN_F_GBP)) writer.flag(link.IFLA_VXLAN_GBP);
  if (bit(vx.VXLAN_F_GPE)) writer.flag(link.IFLA_VXLAN_GPE);
  if (bit(vx.VXLAN_F_REMCSUM_NOPARTIAL)) writer.flag(link.IFLA_VXLAN_REMCSUM_NOPARTIAL);
  const reserved = writer.attribute(link.IFLA_VXLAN_RESERVED_BITS, 8);
  setBe32(writer.bytes, reserved, config.reservedBits[0]);
  setBe32(writer.bytes, reserved + 4, config.reservedBits[1]);
  if (bit(vx.VXLAN_F_VNIFILTER)) writer.u8(link.IFLA_VXLAN_VNIFILTER, 1);
}

function fillAddress(writer: MessageWriter, four: number, six: number, address: Uint8Array | null): void {
  if (address !== null) writer.binary(address.length === 16 ? six : four, address);
}
