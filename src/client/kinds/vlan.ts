// The attributes of a VLAN device.
//
// Mirrors <linux/if_link.h> (IFLA_VLAN_*) and <linux/if_vlan.h>.

import { setBe16, setU32 } from "../../bytes/endian.ts";
import type { MessageWriter } from "../../netlink/writer.ts";
import * as link from "../../uapi/if_link.ts";
import * as flag from "../../uapi/if_vlan.ts";

/** A mapping of priorities: of frames to code points of tags, or back. */
export interface QosMapping {
  readonly from: number;
  readonly to: number;
}

/** What can be asked of a VLAN device on the wire. */
export interface VlanRequest {
  protocol?: number | undefined;
  id?: number | undefined;
  /** VLAN_FLAG_* to be set where `mask` has a bit; 0 writes no flags. */
  flags?: number | undefined;
  mask?: number | undefined;
  ingressQos?: readonly QosMapping[] | undefined;
  egressQos?: readonly QosMapping[] | undefined;
}

/** Writes the IFLA_INFO_DATA of a VLAN device. */
export function writeVlan(writer: MessageWriter, request: VlanRequest): void {
  const { protocol, id, flags = 0, mask = 0, ingressQos, egressQos } = request;
  if (protocol !== undefined) {
    const at = writer.attribute(link.IFLA_VLAN_PROTOCOL, 2);
    setBe16(writer.bytes, at, protocol);
  }
  if (id !== undefined) writer.u16(link.IFLA_VLAN_ID, id);
  if (mask !== 0) {
    const at = writer.attribute(link.IFLA_VLAN_FLAGS, link.IFLA_VLAN_FLAGS_SIZE);
    setU32(writer.bytes, at + link.IFLA_VLAN_FLAGS_FLAGS, flags);
    setU32(writer.bytes, at + link.IFLA_VLAN_FLAGS_MASK, mask);
  }
  if (ingressQos !== undefined) writeMap(writer, link.IFLA_VLAN_INGRESS_QOS, ingressQos);
  if (egressQos !== undefined) writeMap(writer, link.IFLA_VLAN_EGRESS_QOS, egressQos);
}

function writeMap(writer: MessageWriter, type: number, map: readonly QosMapping[]): void {
  const nest = writer.nest(type);
  for (const { from, to } of map) {
    const at = writer.attribute(link.IFLA_VLAN_QOS_MAPPING, link.IFLA_VLAN_QOS_MAPPING_SIZE);
    setU32(writer.bytes, at + link.IFLA_VLAN_QOS_MAPPING_FROM, from);
    setU32(writer.bytes, at + link.IFLA_VLAN_QOS_MAPPING_TO, to);
  }
  writer.endNest(nest);
}

/** A VLAN device as a user of the library describes it; `link` of the options is the device below. */
export interface VlanOptions {
  /** 0 to 4094. */
  readonly id?: number | undefined;
  readonly protocol?: "802.1Q" | "802.1ad" | undefined;
  readonly reorderHdr?: boolean | undefined;
  readonly looseBinding?: boolean | undefined;
  readonly bridgeBinding?: boolean | undefined;
  readonly gvrp?: boolean | undefined;
  readonly mvrp?: boolean | undefined;
  readonly ingressQos?: readonly QosMapping[] | undefined;
  readonly egressQos?: readonly QosMapping[] | undefined;
}

const PROTOCOLS = { "802.1Q": 0x8100, "802.1ad": 0x88a8 } as const;

/** Makes the request of the options. */
export function vlanRequest(options: VlanOptions): VlanRequest {
  const { id, protocol, ingressQos, egressQos } = options;
  const request: VlanRequest = { id, ingressQos, egressQos, protocol: protocol && PROTOCOLS[protocol] };
  const switches: readonly (readonly [bit: number, isOn: boolean | undefined])[] = [
    [flag.VLAN_FLAG_REORDER_HDR, options.reorderHdr],
    [flag.VLAN_FLAG_LOOSE_BINDING, options.looseBinding],
    [flag.VLAN_FLAG_BRIDGE_BINDING, options.bridgeBinding],
    [flag.VLAN_FLAG_GVRP, options.gvrp],
    [flag.VLAN_FLAG_MVRP, options.mvrp],
  ];
  for (const [bit, isOn] of switches) {
    if (isOn === undefined) continue;
    request.mask = (request.mask ?? 0) | bit;
    request.flags = (request.flags ?? 0) | (isOn ? bit : 0);
  }
  return request;
}
