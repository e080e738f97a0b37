// An IPv4 address on a device.
//
// Mirrors include/linux/inetdevice.h (struct in_ifaddr).

import { ipv4Mask, ipv4SamePrefix } from "../../bytes/ipv4.ts";
import type { Device } from "../../net/netdevice.ts";
import { IFA_F_PERMANENT } from "../../uapi/if_addr.ts";
import { RT_SCOPE_UNIVERSE } from "../../uapi/rtnetlink.ts";

/** A lifetime without end, in seconds (INFINITY_LIFE_TIME). */
export const FOREVER = 0xffff_ffff;

/** One address; what depends on others of its device (IFA_F_SECONDARY) is decided when it is inserted. */
export class Ipv4Address {
  readonly dev: Device;
  /** The host's own address, and the peer's or, without one, the same (IFA_LOCAL, IFA_ADDRESS). */
  readonly local: number;
  readonly address: number;
  readonly prefixLength: number;
  broadcast = 0;
  scope = RT_SCOPE_UNIVERSE;
  /** IFA_F_* */
  flags = IFA_F_PERMANENT;
  label: string;
  /** Metric of its route (IFA_RT_PRIORITY). */
  metric = 0;
  /** IFAPROT_* */
  protocol = 0;
  /** Lifetimes in seconds from `updatedNs` on. */
  validS = FOREVER;
  preferredS = FOREVER;
  createdNs = 0;
  updatedNs = 0;

  constructor(dev: Device, local: number, address: number, prefixLength: number) {
    this.dev = dev;
    this.local = local;
    this.address = address;
    this.prefixLength = prefixLength;
    this.label = dev.name;
  }

  get mask(): number {
    return ipv4Mask(this.prefixLength);
  }

  /** Whether `address` is in the subnet (inet_ifa_match). */
  matches(address: number): boolean {
    return ipv4SamePrefix(address, this.address, this.prefixLength);
  }
}
