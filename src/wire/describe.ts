// A frame in one line, in the words of `tcpdump -nn -t -S`, or of `tcpdump -e -nn -t -S` with the link level:
// the dissector walks from the Ethernet header to the transport and asks each protocol's file for its part.
//
// Any bytes give a line: what is cut off ends in `[|protocol]`, what is not known is named by its number.
// *Omitted:* everything above UDP and TCP but VXLAN, hexadecimal dumps, and the line break in front of the
// frame inside VXLAN, here `: `.

import {
  ETH_P_802_3_MIN,
  ETH_P_ARP,
  ETH_P_IP,
  ETH_P_IPV6,
  ETH_P_LLDP,
  ETH_P_RARP,
} from "../uapi/if_ether.ts";
import { describeArp } from "./arp.ts";
import type { Capture } from "./describe-ip.ts";
import { describeIpv4, describeIpv6 } from "./describe-ip.ts";
import { describeEthernetAddresses, describeEtherType, ETHERNET_SIZE, ethernetType } from "./ethernet.ts";
import { describeLlc, describeStp, isBpdu, LLC_SIZE } from "./llc.ts";
import { describeVlanTci, isVlanType, VLAN_TAG_SIZE, vlanInnerType, vlanTci } from "./vlan.ts";

/** How a frame is to be described. */
export interface DescribeOptions {
  /** Begin with the Ethernet addresses, type and length, as tcpdump's -e does. */
  readonly linkLevel?: boolean;
  /** How long the frame was on the wire when fewer bytes were captured. */
  readonly wireLength?: number;
}

/** Tunnels in tunnels beyond which a walk stops. */
const TUNNEL_LIMIT = 8;

/**
 * Describes the Ethernet frame between `start` and `end` in one line. Never throws, reads nothing beyond
 * `end`.
 */
export function describe(
  bytes: Uint8Array,
  start = 0,
  end: number = bytes.length,
  options: DescribeOptions = {},
): string {
  const capture: Capture = {
    bytes,
    end: Math.min(end, bytes.length),
    linkLevel: options.linkLevel ?? false,
    tunnels: TUNNEL_LIMIT,
    describeFrame,
  };
  return describeFrame(capture, start, options.wireLength ?? capture.end - start);
}

function describeFrame(capture: Capture, start: number, wireLength: number): string {
  const { bytes, end, linkLevel } = capture;
  if (end - start < ETHERNET_SIZE || wireLength < ETHERNET_SIZE) return " [|ether]";
  const addresses = describeEthernetAddresses(bytes, start);
  let type = ethernetType(bytes, start);
  let at = start + ETHERNET_SIZE;
  let link = linkLevel ? `${addresses}, ` : "";
  if (linkLevel) link += describeTypeAndLength(type, wireLength);
  while (isVlanType(type)) {
    if (end - at < VLAN_TAG_SIZE) return `${linkLevel ? `${addresses}, ` : ""} [|vlan]`;
    type = vlanInnerType(bytes, at);
    const inner = type < ETH_P_802_3_MIN ? "802.3" : `${describeEtherType(type)}, `;
    if (linkLevel) link += `${describeVlanTci(vlanTci(bytes, at))}, ${inner}`;
    at += VLAN_TAG_SIZE;
  }
  const length = wireLength - (at - start);
  const text = describeNetwork(capture, type, at, length);
  if (text !== undefined) return link + text;
  return linkLevel ? link.trimEnd() : `${addresses}, ${describeEtherType(type)}, length ${wireLength}:`;
}

/** Type and length of the frame; the length of an LLC frame is its own, not the wire's. */
function describeTypeAndLength(type: number, wireLength: number): string {
  return type < ETH_P_802_3_MIN
    ? `802.3, length ${type}: `
    : `${describeEtherType(type)}, length ${wireLength}: `;
}

/** What an EtherType announces; undefined if it is not known. */
function describeNetwork(capture: Capture, type: number, at: number, length: number): string | undefined {
  const { bytes, end, linkLevel } = capture;
  if (type < ETH_P_802_3_MIN) return describeLlcPayload(capture, at, Math.min(length, type));
  switch (type) {
    case ETH_P_IP:
      return describeIpv4(capture, at, length);
    case ETH_P_IPV6:
      return describeIpv6(capture, at, length);
    case ETH_P_ARP:
    case ETH_P_RARP: {
      const text = describeArp(bytes, at, end, length);
      return linkLevel || text.startsWith(" ") ? text : `ARP, ${text}`;
    }
    case ETH_P_LLDP:
      return `LLDP, length ${length}`;
    default:
      return undefined;
  }
}

function describeLlcPayload(capture: Capture, at: number, length: number): string {
  const { bytes, linkLevel } = capture;
  const end = Math.min(capture.end, at + length);
  const header = describeLlc(bytes, at, end);
  if (!isBpdu(bytes, at, end)) return header;
  const text = describeStp(bytes, at + LLC_SIZE, end, length - LLC_SIZE);
  return linkLevel ? `${header}: ${text}` : text;
}
