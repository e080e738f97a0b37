// A VLAN device as requests make and change it, and as it tells of itself.
//
// Mirrors net/8021q/vlan_netlink.c and vlan.c (register_vlan_dev) of v6.18 with their order, errno and texts.

import { getU32, setU32 } from "../../bytes/endian.ts";
import { transferOperstate } from "../../net/carrier.ts";
import { validateEtherAddress } from "../../net/ethernet.ts";
import { NETIF_F_VLAN_CHALLENGED } from "../../net/features.ts";
import type { LinkAttributes } from "../../net/link-policy.ts";
import { lowerOf } from "../../net/lower.ts";
import type { NewLink, Warn } from "../../net/netdevice.ts";
import { registerDevice, unregisterDevice } from "../../net/register.ts";
import { linkUpper } from "../../net/upper.ts";
import type { Attribute } from "../../netlink/attribute.ts";
import { exists, invalid, NetlinkError, noDevice, notSupported } from "../../netlink/error.ts";
import { parseNested } from "../../netlink/parse.ts";
import type { Parsed } from "../../netlink/policy.ts";
import { be16, nest, policy, u16, unspec } from "../../netlink/policy.ts";
import type { MessageWriter } from "../../netlink/writer.ts";
import { ETH_P_8021AD, ETH_P_8021Q } from "../../uapi/if_ether.ts";
import * as link from "../../uapi/if_link.ts";
import * as flag from "../../uapi/if_vlan.ts";
import { VLAN_VID_MASK } from "../../wire/vlan.ts";
import type { VlanDevice, VlanState } from "./group.ts";
import { VlanGroup } from "./group.ts";

export const vlanPolicy = policy(link.IFLA_VLAN_MAX, {
  [link.IFLA_VLAN_ID]: u16("id"),
  [link.IFLA_VLAN_FLAGS]: unspec("flags", link.IFLA_VLAN_FLAGS_SIZE),
  [link.IFLA_VLAN_EGRESS_QOS]: nest("egressQos"),
  [link.IFLA_VLAN_INGRESS_QOS]: nest("ingressQos"),
  [link.IFLA_VLAN_PROTOCOL]: be16("protocol"),
});

const mapPolicy = policy(link.IFLA_VLAN_QOS_MAX, {
  [link.IFLA_VLAN_QOS_MAPPING]: unspec("mapping", link.IFLA_VLAN_QOS_MAPPING_SIZE),
});

const allFlags =
  flag.VLAN_FLAG_REORDER_HDR |
  flag.VLAN_FLAG_GVRP |
  flag.VLAN_FLAG_LOOSE_BINDING |
  flag.VLAN_FLAG_MVRP |
  flag.VLAN_FLAG_BRIDGE_BINDING;

type VlanData = Parsed<typeof vlanPolicy>;

/** Checks a request (vlan_validate). */
export function validate(attrs: LinkAttributes, data: VlanData | undefined): void {
  validateEtherAddress(attrs.address, "8021q: Invalid link address");
  if (data === undefined) throw invalid("8021q: VLAN properties not specified");
  const { protocol = ETH_P_8021Q, id = 0, flags } = data;
  if (protocol !== ETH_P_8021Q && protocol !== ETH_P_8021AD) {
    throw new NetlinkError("EPROTONOSUPPORT", "8021q: Invalid VLAN protocol");
  }
  if (id >= VLAN_VID_MASK) throw new NetlinkError("ERANGE", "8021q: Invalid VLAN id");
  if (flags !== undefined) {
    const { values, mask } = readFlags(flags);
    if ((values & mask & ~allFlags) !== 0) throw invalid("8021q: Invalid VLAN flags");
  }
  validateMap(data.ingressQos, "8021q: Invalid ingress QOS map");
  validateMap(data.egressQos, "8021q: Invalid egress QOS map");
}

function validateMap(map: Attribute | undefined, text: string): void {
  if (map === undefined) return;
  try {
    parseNested(map, mapPolicy);
  } catch (error) {
    throw error instanceof NetlinkError ? new NetlinkError(error.code, text) : error;
  }
}

function readFlags({ bytes, start }: Attribute): { readonly values: number; readonly mask: number } {
  return {
    values: getU32(bytes, start + link.IFLA_VLAN_FLAGS_FLAGS),
    mask: getU32(bytes, start + link.IFLA_VLAN_FLAGS_MASK),
  };
}

/** Makes a VLAN device on the one that IFLA_LINK names (vlan_newlink). */
export function newLink(request: NewLink<VlanState, typeof vlanPolicy>): void {
  const { dev, attrs, data } = request;
  if (data?.id === undefined) throw invalid("8021q: VLAN id not specified");
  if (attrs.link === undefined) throw invalid("8021q: link not specified");
  const lower = lowerOf(request);
  if (lower === undefined) throw noDevice("8021q: link does not exist");
  dev.state.lower = lower;
  dev.state.id = data.id;
  dev.state.protocol = data.protocol ?? ETH_P_8021Q;
  if ((lower.features & NETIF_F_VLAN_CHALLENGED) !== 0n)
    throw notSupported("8021q: VLANs not supported on device");
  const group = lower.vlans instanceof VlanGroup ? lower.vlans : new VlanGroup();
  if (group.find(dev.state.protocol, dev.state.id) !== undefined) {
    throw exists("8021q: VLAN device already exists");
  }
  if (attrs.mtu === undefined) dev.mtu = lower.mtu;
  else if (dev.mtu > lower.mtu) throw invalid();
  changeLink(dev, attrs, data);
  registerDevice(dev);
  try {
    linkUpper(lower, dev, false);
  } catch (error) {
    unregisterDevice(dev);
    throw error;
  }
  if ((dev.state.flags & flag.VLAN_FLAG_BRIDGE_BINDING) === 0) transferOperstate(lower, dev);
  dev.machine.linkWatch.fire(dev);
  group.add(dev);
  lower.vlans = group;
}

/** Changes flags and maps; identifier and protocol stay, whatever the request says (vlan_changelink). */
export function changeLink(
  { state }: VlanDevice,
  _attrs: LinkAttributes,
  data: VlanData | undefined,
  _warn?: Warn,
): void {
  if (data?.flags !== undefined) {
    const { values, mask } = readFlags(data.flags);
    if ((mask & ~allFlags) !== 0) throw invalid();
    state.flags = (state.flags & ~mask) | (values & mask);
  }
  for (const { from, to } of mappingsOf(data?.ingressQos)) state.ingress[from & 7] = to;
  for (const { from, to } of mappingsOf(data?.egressQos)) state.egress.set(from, to & 7);
}

function* mappingsOf(map: Attribute | undefined): Generator<{ readonly from: number; readonly to: number }> {
  for (const { type, bytes, start } of map?.children() ?? []) {
    if (type !== link.IFLA_VLAN_QOS_MAPPING) continue;
    const from = getU32(bytes, start + link.IFLA_VLAN_QOS_MAPPING_FROM);
    yield { from, to: getU32(bytes, start + link.IFLA_VLAN_QOS_MAPPING_TO) };
  }
}

/** Writes IFLA_INFO_DATA (vlan_fill_info). */
export function fillInfo({ state }: VlanDevice, writer: MessageWriter): void {
  const protocol = writer.attribute(link.IFLA_VLAN_PROTOCOL, 2);
  writer.bytes[protocol] = state.protocol >>> 8;
  writer.bytes[protocol + 1] = state.protocol & 0xff;
  writer.u16(link.IFLA_VLAN_ID, state.id);
  if (state.flags !== 0) {
    const at = writer.attribute(link.IFLA_VLAN_FLAGS, link.IFLA_VLAN_FLAGS_SIZE);
    setU32(writer.bytes, at + link.IFLA_VLAN_FLAGS_FLAGS, state.flags);
    setU32(writer.bytes, at + link.IFLA_VLAN_FLAGS_MASK, 0xffffffff);
  }
  const ingress = [...state.ingress.entries()].filter(([, to]) => to !== 0);
  writeMap(writer, link.IFLA_VLAN_INGRESS_QOS, ingress);
  const egress = [...state.egress].filter(([, to]) => to !== 0).reverse();
  // In the order of Linux's hash: sixteen lists, the newest mapping first in each.
  egress.sort(([one], [other]) => (one & 15) - (other & 15));
  writeMap(writer, link.IFLA_VLAN_EGRESS_QOS, egress);
}

function writeMap(writer: MessageWriter, type: number, map: readonly [from: number, to: number][]): void {
  if (map.length === 0) return;
  const nested = writer.nest(type);
  for (const [from, to] of map) {
    const at = writer.attribute(link.IFLA_VLAN_QOS_MAPPING, link.IFLA_VLAN_QOS_MAPPING_SIZE);
    setU32(writer.bytes, at + link.IFLA_VLAN_QOS_MAPPING_FROM, from);
    setU32(writer.bytes, at + link.IFLA_VLAN_QOS_MAPPING_TO, to);
  }
  writer.endNest(nested);
}
