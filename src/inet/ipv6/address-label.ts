// The table of prefixes whose addresses get along with one another best (RFC 6724 2.1): which label an address has, and changes
// to it.
//
// Mirrors net/ipv6/addrlabel.c (ip6addrlbl_init_table, __ip6addrlbl_add, __ip6addrlbl_del, __ip6addrlbl_match).

import {
  equalsIpv6,
  ipv6FromText,
  ipv6Network,
  ipv6SamePrefix,
  isIpv4Mapped,
  isIpv6Loopback,
} from "../../bytes/ipv6.ts";
import { invalid, NetlinkError } from "../../netlink/error.ts";

/** What a prefix is labelled with; on all devices where `ifindex` is 0. */
export interface AddressLabel {
  readonly prefix: Uint8Array;
  readonly prefixLength: number;
  readonly ifindex: number;
  readonly label: number;
}

/** Of an address that no prefix holds. */
export const noLabel = 0xffff_ffff;
const mappedLength = 96;

/** What RFC 6724 says, and what Linux adds. */
const defaults: readonly (readonly [prefix: string, length: number, label: number])[] = [
  ["::", 0, 1],
  ["fc00::", 7, 5],
  ["fec0::", 10, 11],
  ["2002::", 16, 2],
  ["3ffe::", 16, 12],
  ["2001::", 32, 6],
  ["2001:10::", 28, 7],
  ["::ffff:0:0", 96, 4],
  ["::", 96, 3],
  ["::1", 128, 0],
];

/** The table of one namespace. */
export class AddressLabels {
  /** In the order they are tried: the longest first. */
  readonly entries: AddressLabel[] = [];
  /** Entries that came, ever. */
  sequence = 0;

  constructor() {
    for (const [text, prefixLength, label] of defaults)
      this.add({ prefix: ipv6FromText(text) ?? new Uint8Array(16), prefixLength, ifindex: 0, label }, false);
  }

  /** Takes a prefix in; EEXIST for one that is there and not to be replaced, EINVAL for a part of the mapped addresses. */
  add(given: AddressLabel, isReplace: boolean): void {
    if (isIpv4Mapped(given.prefix) && given.prefixLength > mappedLength) throw invalid();
    const entry = { ...given, prefix: ipv6Network(given.prefix, given.prefixLength) };
    const { entries } = this;
    let at = 0;
    for (; at < entries.length; at++) {
      const other = entries[at];
      if (other === undefined) break;
      const isShorter = other.prefixLength < entry.prefixLength;
      if (isSame(other, entry)) {
        if (!isReplace) throw new NetlinkError("EEXIST");
        entries.splice(at, 1);
        break;
      }
      // What comes behind is not looked at, where the same prefix may be.
      if (isShorter || (other.prefixLength === entry.prefixLength && other.ifindex === 0)) break;
    }
    entries.splice(at, 0, entry);
    this.sequence++;
  }

  /** Takes a prefix away; ESRCH for one that is not there. */
  delete(prefix: Uint8Array, prefixLength: number, ifindex: number): void {
    const asked = { prefix: ipv6Network(prefix, prefixLength), prefixLength, ifindex, label: 0 };
    const at = this.entries.findIndex((each) => isSame(each, asked));
    if (at < 0) throw new NetlinkError("ESRCH");
    this.entries.splice(at, 1);
  }

  /** The entry for an address that is reached by a device; ::1 by itself is never looked for, as on Linux. */
  find(address: Uint8Array, ifindex: number): AddressLabel | undefined {
    return this.entries.find(
      (each) =>
        (each.ifindex === 0 || each.ifindex === ifindex) &&
        !(each.prefixLength === 128 && isIpv6Loopback(each.prefix)) &&
        ipv6SamePrefix(each.prefix, address, each.prefixLength),
    );
  }

  labelOf(address: Uint8Array, ifindex: number): number {
    return this.find(address, ifindex)?.label ?? noLabel;
  }
}

function isSame(one: AddressLabel, other: AddressLabel): boolean {
  return (
    one.prefixLength === other.prefixLength &&
    one.ifindex === other.ifindex &&
    equalsIpv6(one.prefix, other.prefix)
  );
}
