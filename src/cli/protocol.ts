// Names of EtherTypes, as iproute2 knows them.
//
// The counterpart of iproute2's ll_proto_n2a and ll_proto_a2n. Facts: <linux/if_ether.h> and the output of iproute2 6.1.

import * as ether from "../uapi/if_ether.ts";
import { unsigned } from "./numbers.ts";

const NAMES: readonly (readonly [type: number, name: string])[] = [
  [ether.ETH_P_LOOP, "loop"],
  [ether.ETH_P_PUP, "pup"],
  [ether.ETH_P_PUPAT, "pupat"],
  [ether.ETH_P_IP, "ip"],
  [ether.ETH_P_X25, "x25"],
  [ether.ETH_P_ARP, "arp"],
  [ether.ETH_P_BPQ, "bpq"],
  [ether.ETH_P_IEEEPUP, "ieeepup"],
  [ether.ETH_P_IEEEPUPAT, "ieeepupat"],
  [ether.ETH_P_DEC, "dec"],
  [ether.ETH_P_DNA_DL, "dna_dl"],
  [ether.ETH_P_DNA_RC, "dna_rc"],
  [ether.ETH_P_DNA_RT, "dna_rt"],
  [ether.ETH_P_LAT, "lat"],
  [ether.ETH_P_DIAG, "diag"],
  [ether.ETH_P_CUST, "cust"],
  [ether.ETH_P_SCA, "sca"],
  [ether.ETH_P_RARP, "rarp"],
  [ether.ETH_P_ATALK, "atalk"],
  [ether.ETH_P_AARP, "aarp"],
  [ether.ETH_P_IPX, "ipx"],
  [ether.ETH_P_IPV6, "ipv6"],
  [ether.ETH_P_PPP_DISC, "ppp_disc"],
  [ether.ETH_P_PPP_SES, "ppp_ses"],
  [ether.ETH_P_ATMMPOA, "atmmpoa"],
  [ether.ETH_P_ATMFATE, "atmfate"],
  [ether.ETH_P_802_3, "802_3"],
  [ether.ETH_P_AX25, "ax25"],
  [ether.ETH_P_ALL, "all"],
  [ether.ETH_P_802_2, "802_2"],
  [ether.ETH_P_SNAP, "snap"],
  [ether.ETH_P_DDCMP, "ddcmp"],
  [ether.ETH_P_WAN_PPP, "wan_ppp"],
  [ether.ETH_P_PPP_MP, "ppp_mp"],
  [ether.ETH_P_LOCALTALK, "localtalk"],
  [ether.ETH_P_CAN, "can"],
  [ether.ETH_P_PPPTALK, "ppptalk"],
  [ether.ETH_P_TR_802_2, "tr_802_2"],
  [ether.ETH_P_MOBITEX, "mobitex"],
  [ether.ETH_P_CONTROL, "control"],
  [ether.ETH_P_IRDA, "irda"],
  [ether.ETH_P_ECONET, "econet"],
  [ether.ETH_P_TIPC, "tipc"],
  [ether.ETH_P_PROFINET, "profinet"],
  [ether.ETH_P_AOE, "aoe"],
  [ether.ETH_P_ETHERCAT, "ethercat"],
  [ether.ETH_P_8021Q, "802.1Q"],
  [ether.ETH_P_8021AD, "802.1ad"],
  [ether.ETH_P_MPLS_UC, "mpls_uc"],
  [ether.ETH_P_MPLS_MC, "mpls_mc"],
  [ether.ETH_P_TEB, "teb"],
  [ether.ETH_P_IP, "ipv4"],
  [ether.ETH_P_LLDP, "LLDP"],
];

/** The name of an EtherType in host order; its number in brackets when it has none. */
export function protocolName(type: number): string {
  return NAMES.find(([known]) => known === type)?.[1] ?? `[${type}]`;
}

/** Reads a name in either case, or a number; undefined when it is neither. */
export function protocolOf(word: string): number | undefined {
  return NAMES.find(([, name]) => name.toLowerCase() === word.toLowerCase())?.[0] ?? unsigned(word, 16);
}
