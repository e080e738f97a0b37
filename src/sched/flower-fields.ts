// The record in which a flower filter sees a frame: where each field is, and which attributes are about it.
//
// Mirrors net/sched/cls_flower.c (struct fl_flow_key, fl_policy). All fields are in network order, as they stand in a frame. Omitted:
// tunnel keys, MPLS, connection tracking, PPPoE, L2TPv3, IPsec, CFM, hashes.

import { getBe16 } from "../bytes/endian.ts";
import { ETH_P_ARP, ETH_P_IP, ETH_P_IPV6, ETH_P_RARP } from "../uapi/if_ether.ts";
import { IPPROTO_ICMP, IPPROTO_SCTP, IPPROTO_TCP, IPPROTO_UDP } from "../uapi/in.ts";
import { IPPROTO_ICMPV6 } from "../uapi/in6.ts";
import * as cls from "../uapi/pkt_cls.ts";

/** Where each field is in a record. */
export const F_IFINDEX = 0;
export const F_ETH_DST = 4;
const F_ETH_SRC = 10;
export const F_ETH_TYPE = 16;
export const F_VLANS = 18;
export const F_ADDRESS_TYPE = 19;
export const F_VLAN_TCI = 20;
export const F_VLAN_TPID = 22;
export const F_VLAN_ETH_TYPE = 24;
export const F_CVLAN_TCI = 26;
export const F_CVLAN_TPID = 28;
export const F_CVLAN_ETH_TYPE = 30;
export const F_FLAGS = 32;
export const F_IP_PROTO = 36;
export const F_IP_TOS = 37;
export const F_IP_TTL = 38;
export const F_ARP_OP = 39;
export const F_SRC = 40;
export const F_DST = 56;
export const F_SPORT = 72;
const F_DPORT = 74;
export const F_TCP_FLAGS = 76;
export const F_ICMP_TYPE = 78;
export const F_ICMP_CODE = 79;
export const F_ARP_SIP = 80;
export const F_ARP_TIP = 84;
export const F_ARP_SHA = 88;
export const F_ARP_THA = 94;
/** The ports again, for filters that look for a range of them: its lower bound is in the key, the upper one beside it. */
export const F_RANGE_SPORT = 100;
export const F_RANGE_DPORT = 102;
export const FLOW_SIZE = 104;

/** Values of F_ADDRESS_TYPE. */
export const ADDRESS_IPV4 = 1;
export const ADDRESS_IPV6 = 2;

/** A field that an attribute holds as it stands in a frame. */
export type Field = readonly [type: number, maskType: number, at: number, size: number];

export const ethernetFields: readonly Field[] = [
  [cls.TCA_FLOWER_KEY_ETH_DST, cls.TCA_FLOWER_KEY_ETH_DST_MASK, F_ETH_DST, 6],
  [cls.TCA_FLOWER_KEY_ETH_SRC, cls.TCA_FLOWER_KEY_ETH_SRC_MASK, F_ETH_SRC, 6],
];
export const ipFields: readonly Field[] = [
  [cls.TCA_FLOWER_KEY_IP_PROTO, 0, F_IP_PROTO, 1],
  [cls.TCA_FLOWER_KEY_IP_TOS, cls.TCA_FLOWER_KEY_IP_TOS_MASK, F_IP_TOS, 1],
  [cls.TCA_FLOWER_KEY_IP_TTL, cls.TCA_FLOWER_KEY_IP_TTL_MASK, F_IP_TTL, 1],
];
export const ipv4Fields: readonly Field[] = [
  [cls.TCA_FLOWER_KEY_IPV4_SRC, cls.TCA_FLOWER_KEY_IPV4_SRC_MASK, F_SRC, 4],
  [cls.TCA_FLOWER_KEY_IPV4_DST, cls.TCA_FLOWER_KEY_IPV4_DST_MASK, F_DST, 4],
];
export const ipv6Fields: readonly Field[] = [
  [cls.TCA_FLOWER_KEY_IPV6_SRC, cls.TCA_FLOWER_KEY_IPV6_SRC_MASK, F_SRC, 16],
  [cls.TCA_FLOWER_KEY_IPV6_DST, cls.TCA_FLOWER_KEY_IPV6_DST_MASK, F_DST, 16],
];
export const tcpFields: readonly Field[] = [
  [cls.TCA_FLOWER_KEY_TCP_SRC, cls.TCA_FLOWER_KEY_TCP_SRC_MASK, F_SPORT, 2],
  [cls.TCA_FLOWER_KEY_TCP_DST, cls.TCA_FLOWER_KEY_TCP_DST_MASK, F_DPORT, 2],
  [cls.TCA_FLOWER_KEY_TCP_FLAGS, cls.TCA_FLOWER_KEY_TCP_FLAGS_MASK, F_TCP_FLAGS, 2],
];
export const udpFields: readonly Field[] = [
  [cls.TCA_FLOWER_KEY_UDP_SRC, cls.TCA_FLOWER_KEY_UDP_SRC_MASK, F_SPORT, 2],
  [cls.TCA_FLOWER_KEY_UDP_DST, cls.TCA_FLOWER_KEY_UDP_DST_MASK, F_DPORT, 2],
];
export const sctpFields: readonly Field[] = [
  [cls.TCA_FLOWER_KEY_SCTP_SRC, cls.TCA_FLOWER_KEY_SCTP_SRC_MASK, F_SPORT, 2],
  [cls.TCA_FLOWER_KEY_SCTP_DST, cls.TCA_FLOWER_KEY_SCTP_DST_MASK, F_DPORT, 2],
];
const icmpFields: readonly Field[] = [
  [cls.TCA_FLOWER_KEY_ICMPV4_TYPE, cls.TCA_FLOWER_KEY_ICMPV4_TYPE_MASK, F_ICMP_TYPE, 1],
  [cls.TCA_FLOWER_KEY_ICMPV4_CODE, cls.TCA_FLOWER_KEY_ICMPV4_CODE_MASK, F_ICMP_CODE, 1],
];
const icmpv6Fields: readonly Field[] = [
  [cls.TCA_FLOWER_KEY_ICMPV6_TYPE, cls.TCA_FLOWER_KEY_ICMPV6_TYPE_MASK, F_ICMP_TYPE, 1],
  [cls.TCA_FLOWER_KEY_ICMPV6_CODE, cls.TCA_FLOWER_KEY_ICMPV6_CODE_MASK, F_ICMP_CODE, 1],
];
const arpFields: readonly Field[] = [
  [cls.TCA_FLOWER_KEY_ARP_SIP, cls.TCA_FLOWER_KEY_ARP_SIP_MASK, F_ARP_SIP, 4],
  [cls.TCA_FLOWER_KEY_ARP_TIP, cls.TCA_FLOWER_KEY_ARP_TIP_MASK, F_ARP_TIP, 4],
  [cls.TCA_FLOWER_KEY_ARP_OP, cls.TCA_FLOWER_KEY_ARP_OP_MASK, F_ARP_OP, 1],
  [cls.TCA_FLOWER_KEY_ARP_SHA, cls.TCA_FLOWER_KEY_ARP_SHA_MASK, F_ARP_SHA, 6],
  [cls.TCA_FLOWER_KEY_ARP_THA, cls.TCA_FLOWER_KEY_ARP_THA_MASK, F_ARP_THA, 6],
];
export const rangeFields: readonly Field[] = [
  [cls.TCA_FLOWER_KEY_PORT_SRC_MIN, 0, F_RANGE_SPORT, 2],
  [cls.TCA_FLOWER_KEY_PORT_DST_MIN, 0, F_RANGE_DPORT, 2],
];

/** Fields in the order in which they are read, below the network header, by the header they are of. */
const transportFields: readonly (readonly [protocol: number, etherType: number, fields: readonly Field[]])[] =
  [
    [IPPROTO_TCP, 0, tcpFields],
    [IPPROTO_UDP, 0, udpFields],
    [IPPROTO_SCTP, 0, sctpFields],
    [IPPROTO_ICMP, ETH_P_IP, icmpFields],
    [IPPROTO_ICMPV6, ETH_P_IPV6, icmpv6Fields],
  ];

/** The smallest payload of each attribute that is read (fl_policy). */
export const flowerSizes: ReadonlyMap<number, number> = new Map([
  ...[
    ethernetFields,
    ipFields,
    ipv4Fields,
    ipv6Fields,
    tcpFields,
    udpFields,
    sctpFields,
    icmpFields,
    icmpv6Fields,
    arpFields,
    rangeFields,
  ].flatMap((fields) =>
    fields.flatMap(([type, maskType, , size]): (readonly [number, number])[] => [
      [type, size],
      [maskType, size],
    ]),
  ),
  ...[
    cls.TCA_FLOWER_KEY_ETH_TYPE,
    cls.TCA_FLOWER_KEY_VLAN_ID,
    cls.TCA_FLOWER_KEY_VLAN_ETH_TYPE,
    cls.TCA_FLOWER_KEY_CVLAN_ID,
    cls.TCA_FLOWER_KEY_CVLAN_ETH_TYPE,
    cls.TCA_FLOWER_KEY_PORT_SRC_MAX,
    cls.TCA_FLOWER_KEY_PORT_DST_MAX,
  ].map((type): readonly [number, number] => [type, 2]),
  [cls.TCA_FLOWER_KEY_VLAN_PRIO, 1],
  [cls.TCA_FLOWER_KEY_CVLAN_PRIO, 1],
  [cls.TCA_FLOWER_KEY_NUM_OF_VLANS, 1],
  [cls.TCA_FLOWER_KEY_FLAGS, 4],
  [cls.TCA_FLOWER_KEY_FLAGS_MASK, 4],
]);

/** The fields of the header behind the network header, or of ARP. */
export function fieldsAbove(key: Uint8Array): readonly Field[] {
  const protocol = key[F_IP_PROTO] ?? 0;
  const etherType = getBe16(key, F_ETH_TYPE);
  for (const [ofProtocol, ofType, fields] of transportFields)
    if (protocol === ofProtocol && (ofType === 0 || ofType === etherType)) return fields;
  return etherType === ETH_P_ARP || etherType === ETH_P_RARP ? arpFields : [];
}
