// What a VXLAN device is told to be, read from a request and checked: with its own attributes, and against what is there.
//
// Mirrors drivers/net/vxlan/vxlan_core.c (vxlan_policy, vxlan_validate, vxlan_nl2conf, vxlan_config_validate) with their
// order, errno and texts.

import { getBe16, getBe32 } from "../../bytes/endian.ts";
import { isIpv6LinkLocal } from "../../bytes/ipv6.ts";
import { validateEtherAddress } from "../../net/ethernet.ts";
import type { LinkAttributes } from "../../net/link-policy.ts";
import type { Device, Netns } from "../../net/netdevice.ts";
import { exists, invalid, NetlinkError, noDevice, refused } from "../../netlink/error.ts";
import type { Parsed } from "../../netlink/policy.ts";
import { be16, exact, flag, policy, u8, u32, unspec } from "../../netlink/policy.ts";
import { ETH_MAX_MTU, ETH_MIN_MTU } from "../../uapi/if_ether.ts";
import * as link from "../../uapi/if_link.ts";
import { usedBits } from "./reserved-bits.ts";
import type { Vxlan, VxlanConfig } from "./state.ts";
import * as vx from "./state.ts";

export const vxlanPolicy = policy(
  link.IFLA_VXLAN_MAX,
  {
    [link.IFLA_VXLAN_ID]: u32("id"),
    [link.IFLA_VXLAN_GROUP]: unspec("group", 4),
    [link.IFLA_VXLAN_GROUP6]: unspec("group6", 16),
    [link.IFLA_VXLAN_LINK]: u32("link"),
    [link.IFLA_VXLAN_LOCAL]: unspec("local", 4),
    [link.IFLA_VXLAN_LOCAL6]: unspec("local6", 16),
    [link.IFLA_VXLAN_TOS]: u8("tos"),
    [link.IFLA_VXLAN_TTL]: u8("ttl"),
    [link.IFLA_VXLAN_LABEL]: u32("label"),
    [link.IFLA_VXLAN_LEARNING]: u8("learning"),
    [link.IFLA_VXLAN_AGEING]: u32("ageing"),
    [link.IFLA_VXLAN_LIMIT]: u32("limit"),
    [link.IFLA_VXLAN_PORT_RANGE]: unspec("portRange", link.IFLA_VXLAN_PORT_RANGE_SIZE),
    [link.IFLA_VXLAN_PROXY]: u8("proxy"),
    [link.IFLA_VXLAN_RSC]: u8("rsc"),
    [link.IFLA_VXLAN_L2MISS]: u8("l2miss"),
    [link.IFLA_VXLAN_L3MISS]: u8("l3miss"),
    [link.IFLA_VXLAN_COLLECT_METADATA]: u8("collectMetadata"),
    [link.IFLA_VXLAN_PORT]: be16("port"),
    [link.IFLA_VXLAN_UDP_CSUM]: u8("udpCsum"),
    [link.IFLA_VXLAN_UDP_ZERO_CSUM6_TX]: u8("udpZeroCsum6Tx"),
    [link.IFLA_VXLAN_UDP_ZERO_CSUM6_RX]: u8("udpZeroCsum6Rx"),
    [link.IFLA_VXLAN_REMCSUM_TX]: u8("remcsumTx"),
    [link.IFLA_VXLAN_REMCSUM_RX]: u8("remcsumRx"),
    [link.IFLA_VXLAN_GBP]: flag("gbp"),
    [link.IFLA_VXLAN_GPE]: flag("gpe"),
    [link.IFLA_VXLAN_REMCSUM_NOPARTIAL]: flag("remcsumNopartial"),
    [link.IFLA_VXLAN_TTL_INHERIT]: flag("ttlInherit"),
    [link.IFLA_VXLAN_DF]: u8("df"),
    [link.IFLA_VXLAN_VNIFILTER]: u8("vnifilter"),
    [link.IFLA_VXLAN_LOCALBYPASS]: u8("localbypass"),
    [link.IFLA_VXLAN_LABEL_POLICY]: u32("labelPolicy", { range: [0, 1] }),
    [link.IFLA_VXLAN_RESERVED_BITS]: exact("reservedBits", 8),
  },
  link.IFLA_VXLAN_LOCALBYPASS,
);

export type VxlanData = Parsed<typeof vxlanPolicy>;

const maxVni = 1 << 24;
/** The port of Linux before there was a standard. */
const defaultPort = 8_472;
const gpePort = 4_790;
const defaultAgeingS = 300;

/** Checks what can be without knowing what is there (vxlan_validate). */
export function validate(attrs: LinkAttributes, data: VxlanData | undefined): void {
  validateAddress(attrs);
  if (attrs.mtu !== undefined && (attrs.mtu < ETH_MIN_MTU || attrs.mtu > ETH_MAX_MTU)) {
    throw invalid("MTU must be between 68 and 65535", attrs, "mtu");
  }
  if (data === undefined) throw invalid("Required attributes not provided to perform the operation");
  if (data.id !== undefined && data.id >= maxVni) {
    throw refused("ERANGE", "VXLAN ID must be lower than 16777216", data, "id");
  }
  if (data.portRange !== undefined) {
    const { low, high } = rangeOf(data);
    if (high < low) throw invalid("Invalid source port range", data, "portRange");
  }
  if (data.df !== undefined && data.df > link.VXLAN_DF_INHERIT)
    throw invalid("Invalid DF attribute", data, "df");
}

function validateAddress(attrs: LinkAttributes): void {
  try {
    validateEtherAddress(attrs.address);
  } catch (error) {
    if (!(error instanceof NetlinkError)) throw error;
    const isSize = error.code === "EINVAL";
    const text = isSize
      ? "Provided link layer address is not Ethernet"
      : "Provided Ethernet address is not unicast";
    throw refused(error.code, text, attrs, "address");
  }
}

function rangeOf({ portRange }: VxlanData): { readonly low: number; readonly high: number } {
  if (portRange === undefined) return { low: 0, high: 0 };
  const { bytes, start } = portRange;
  return { low: getBe16(bytes, start), high: getBe16(bytes, start + link.IFLA_VXLAN_PORT_RANGE_HIGH) };
}

/** A setting that is on or off: its attribute and its bit. */
const switches = [
  ["proxy", vx.VXLAN_F_PROXY],
  ["rsc", vx.VXLAN_F_RSC],
  ["l2miss", vx.VXLAN_F_L2MISS],
  ["l3miss", vx.VXLAN_F_L3MISS],
  ["collectMetadata", vx.VXLAN_F_COLLECT_METADATA],
  ["udpZeroCsum6Tx", vx.VXLAN_F_UDP_ZERO_CSUM6_TX],
  ["udpZeroCsum6Rx", vx.VXLAN_F_UDP_ZERO_CSUM6_RX],
  ["remcsumTx", vx.VXLAN_F_REMCSUM_TX],
  ["remcsumRx", vx.VXLAN_F_REMCSUM_RX],
  ["gbp", vx.VXLAN_F_GBP],
  ["gpe", vx.VXLAN_F_GPE],
  ["remcsumNopartial", vx.VXLAN_F_REMCSUM_NOPARTIAL],
  ["vnifilter", vx.VXLAN_F_VNIFILTER],
] as const;

/** What is fixed once the device is there, in the order it is refused in, and what the refusal says. */
const fixed = [
  ["ttlInherit", "vxlan: cannot change TTL_INHERIT flag"],
  ["proxy", "vxlan: cannot change PROXY flag"],
  ["rsc", "vxlan: cannot change RSC flag"],
  ["l2miss", "vxlan: cannot change L2MISS flag"],
  ["l3miss", "vxlan: cannot change L3MISS flag"],
  ["limit", "Cannot change limit"],
  ["collectMetadata", "vxlan: cannot change COLLECT_METADATA flag"],
  ["portRange", "Cannot change port range"],
  ["port", "Cannot change port"],
  ["udpCsum", "Cannot change UDP_CSUM flag"],
  ["udpZeroCsum6Tx", "vxlan: cannot change UDP_ZERO_CSUM6_TX flag"],
  ["udpZeroCsum6Rx", "vxlan: cannot change UDP_ZERO_CSUM6_RX flag"],
  ["remcsumTx", "vxlan: cannot change REMCSUM_TX flag"],
  ["remcsumRx", "vxlan: cannot change REMCSUM_RX flag"],
  ["gbp", "vxlan: cannot change GBP flag"],
  ["gpe", "vxlan: cannot change GPE flag"],
  ["remcsumNopartial", "vxlan: cannot change REMCSUM_NOPARTIAL flag"],
  ["reservedBits", "Cannot change reserved_bits"],
  ["vnifilter", "vxlan: cannot change VNIFILTER flag"],
] as const;

/** What the request makes of a new device, or of `old` (vxlan_nl2conf). */
export function configOf(attrs: LinkAttributes, data: VxlanData, old: VxlanConfig | undefined): VxlanConfig {
  if (old !== undefined && data.id !== undefined && data.id !== old.vni)
    throw refused("EOPNOTSUPP", "Cannot change VNI", data, "id");
  const { low, high } = rangeOf(data);
  const unchecked = old ?? { remote: null, local: null };
  const config = {
    vni: data.id ?? old?.vni ?? 0,
    remote: addressOf(
      data,
      ["group", "group6"],
      unchecked.remote,
      old,
      "New group address family does not match old group",
    ),
    local: addressOf(
      data,
      ["local", "local6"],
      unchecked.local,
      old,
      "New local address family does not match old",
    ),
    ifindex: data.link ?? old?.ifindex ?? 0,
    flags: flagsOf(data, old?.flags),
    ttl: data.ttl ?? old?.ttl ?? 0,
    tos: data.tos ?? old?.tos ?? 0,
    df: data.df ?? old?.df ?? 0,
    label: labelOf(data) ?? old?.label ?? 0,
    labelPolicy: data.labelPolicy ?? old?.labelPolicy ?? 0,
    ageingS: data.ageing ?? old?.ageingS ?? 0,
    limit: data.limit ?? old?.limit ?? 0,
    port: data.port ?? old?.port ?? 0,
    portLow: data.portRange === undefined ? (old?.portLow ?? 0) : low,
    portHigh: data.portRange === undefined ? (old?.portHigh ?? 0) : high,
    reservedBits: old?.reservedBits ?? reservedBitsOf(data),
  };
  if (old !== undefined) refuseFixed(attrs, data);
  return config;
}

function refuseFixed(attrs: LinkAttributes, data: VxlanData): void {
  for (const [name, text] of fixed) {
    if (data[name] !== undefined) throw refused("EOPNOTSUPP", text, data, name);
  }
  if (attrs.mtu !== undefined) throw refused("EOPNOTSUPP", "Cannot change mtu", attrs, "mtu");
}

/** The bits that must be 0 as the user names them, which may be none that have a meaning; else all others. */
function reservedBitsOf(data: VxlanData): readonly [number, number] {
  const used = usedBits(flagsOf(data, undefined));
  if (data.reservedBits === undefined) return [~used[0] >>> 0, ~used[1] >>> 0];
  const reserved = [getBe32(data.reservedBits, 0) >>> 0, getBe32(data.reservedBits, 4) >>> 0] as const;
  if ((used[0] & reserved[0]) === 0 && (used[1] & reserved[1]) === 0) return reserved;
  const text = `Used bits ${hexOf(used)} cannot overlap reserved bits ${hexOf(reserved)}`;
  throw invalid(text, data, "reservedBits");
}

function hexOf(words: readonly [number, number]): string {
  return `0x${words.map((word) => word.toString(16).padStart(8, "0")).join("")}`;
}

function labelOf({ label }: VxlanData): number | undefined {
  if (label === undefined) return undefined;
  const swapped =
    ((label & 0xff) << 24) | ((label & 0xff00) << 8) | ((label >>> 8) & 0xff00) | (label >>> 24);
  return swapped & 0xfffff;
}

function addressOf(
  data: VxlanData,
  [four, six]: readonly ["group" | "local", "group6" | "local6"],
  current: Uint8Array | null,
  old: VxlanConfig | undefined,
  text: string,
): Uint8Array | null {
  const name = data[four] === undefined ? six : four;
  const given = data[name];
  if (given === undefined) return current;
  const bytes = given.copy().slice(0, name === four ? 4 : 16);
  const isOther = old !== undefined && (familyOf(old) === 16) !== (bytes.length === 16);
  if (isOther) throw refused("EOPNOTSUPP", text, data, name);
  return bytes.every((byte) => byte === 0) && bytes.length === 4 ? null : bytes;
}

/** The length of the addresses of a device. */
export function familyOf({ remote, local }: VxlanConfig): 4 | 16 {
  return remote?.length === 16 || local?.length === 16 ? 16 : 4;
}

function flagsOf(data: VxlanData, old: number | undefined): number {
  let flags = old ?? vx.VXLAN_F_LOCALBYPASS;
  const set = (bit: number, isOn: boolean | undefined): void => {
    if (isOn !== undefined) flags = isOn ? flags | bit : flags & ~bit;
  };
  for (const [name, bit] of switches) set(bit, data[name] === undefined ? undefined : Boolean(data[name]));
  set(vx.VXLAN_F_TTL_INHERIT, data.ttlInherit);
  set(
    vx.VXLAN_F_LEARN,
    data.learning === undefined ? (old === undefined ? true : undefined) : data.learning !== 0,
  );
  set(vx.VXLAN_F_LOCALBYPASS, data.localbypass === undefined ? undefined : data.localbypass !== 0);
  set(vx.VXLAN_F_UDP_ZERO_CSUM_TX, data.udpCsum === undefined ? undefined : data.udpCsum === 0);
  return flags;
}

/** Checks a configuration against what is there, and fills in what it leaves open (vxlan_config_validate). */
export function checkConfig(
  netns: Netns,
  config: VxlanConfig,
  self: Vxlan | undefined,
): { readonly config: VxlanConfig; readonly lower: Device | null } {
  let { flags } = config;
  const { local, remote } = config;
  const gpeAllowed =
    vx.VXLAN_F_GPE |
    vx.VXLAN_F_IPV6 |
    vx.VXLAN_F_IPV6_LINKLOCAL |
    vx.VXLAN_F_UDP_ZERO_CSUM_TX |
    vx.VXLAN_F_UDP_ZERO_CSUM6_TX |
    vx.VXLAN_F_UDP_ZERO_CSUM6_RX |
    vx.VXLAN_F_COLLECT_METADATA |
    vx.VXLAN_F_VNIFILTER |
    vx.VXLAN_F_LOCALBYPASS;
  const isGpe = (flags & vx.VXLAN_F_GPE) !== 0;
  if (isGpe && ((flags & ~gpeAllowed) !== 0 || (flags & vx.VXLAN_F_COLLECT_METADATA) === 0)) {
    throw invalid("VXLAN GPE does not support this combination of attributes");
  }
  if (local !== null && remote !== null && local.length !== remote.length) {
    throw invalid("Local and remote address must be from the same family");
  }
  if (local !== null && vx.isGroup(local)) throw invalid("Local address cannot be multicast");
  const is6 = familyOf(config) === 16;
  if (is6) flags |= vx.VXLAN_F_IPV6;
  if (is6 && (flags & vx.VXLAN_F_COLLECT_METADATA) === 0) flags = scopeFlags(config, flags);
  if (config.label !== 0 && !is6) throw invalid("Label attribute only applies to IPv6 VXLAN devices");
  if (config.labelPolicy !== 0 && !is6) throw invalid("Label policy only applies to IPv6 VXLAN devices");
  const lower = lowerOf(netns, config, flags);
  const port = config.port !== 0 ? config.port : isGpe ? gpePort : defaultPort;
  const checked = { ...config, flags, port, ageingS: config.ageingS || defaultAgeingS };
  if (isVniInUse(netns, checked, checked.vni, self))
    throw exists("A VXLAN device with the specified VNI already exists");
  return { config: checked, lower };
}

/** Addresses of one scope go together. */
function scopeFlags({ local, remote }: VxlanConfig, flags: number): number {
  const isLocal = local !== null && isIpv6LinkLocal(local);
  const isRemote = remote !== null && isIpv6LinkLocal(remote);
  if (isLocal ? !isRemote && remote !== null : isRemote) {
    throw invalid("Invalid combination of local and remote address scopes");
  }
  return isLocal ? flags | vx.VXLAN_F_IPV6_LINKLOCAL : flags & ~vx.VXLAN_F_IPV6_LINKLOCAL;
}

function lowerOf(netns: Netns, { ifindex, remote }: VxlanConfig, flags: number): Device | null {
  if (ifindex !== 0) {
    const lower = netns.devices.get(ifindex);
    if (lower === undefined) throw noDevice("Invalid local interface, device not found");
    return lower;
  }
  if (remote !== null && vx.isGroup(remote)) {
    throw invalid("Local interface required for multicast remote destination");
  }
  if ((flags & vx.VXLAN_F_IPV6_LINKLOCAL) !== 0) {
    throw invalid("Local interface required for link-local local/remote addresses");
  }
  return null;
}

/** Whether frames of an identifier already have a device to go to (vxlan_vni_in_use). */
export function isVniInUse(netns: Netns, config: VxlanConfig, vni: number, self: Vxlan | undefined): boolean {
  const compared = vx.receiveFlags | vx.VXLAN_F_IPV6;
  return vx.vxlanNetns(netns).devices.some((other) => {
    const { config: theirs, vnis } = other.state;
    if (other === self || theirs.port !== config.port) return false;
    const isTheirs = (theirs.flags & vx.VXLAN_F_VNIFILTER) === 0 ? theirs.vni === vni : vnis.has(vni);
    if (!isTheirs || (theirs.flags & compared) !== (config.flags & compared)) return false;
    return (config.flags & vx.VXLAN_F_IPV6_LINKLOCAL) === 0 || theirs.ifindex === config.ifindex;
  });
}
