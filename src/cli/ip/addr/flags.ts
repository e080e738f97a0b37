// The flags of an address: their words, in the order they are shown, and which of them may be asked for.
//
// Facts: <linux/if_addr.h> and the output of iproute2 6.1.

import * as ifa from "../../../uapi/if_addr.ts";
import { AF_INET6 } from "../../../uapi/socket.ts";
import type { Output } from "../../output.ts";

/** A flag's word; how a request may use it. */
interface AddressFlag {
  readonly mask: number;
  readonly word: string;
  readonly request: "ipv4-and-ipv6" | "ipv6" | "no";
}

const FLAGS: readonly AddressFlag[] = [
  { mask: ifa.IFA_F_SECONDARY, word: "secondary", request: "no" },
  { mask: ifa.IFA_F_SECONDARY, word: "temporary", request: "no" },
  { mask: ifa.IFA_F_NODAD, word: "nodad", request: "ipv6" },
  { mask: ifa.IFA_F_OPTIMISTIC, word: "optimistic", request: "ipv6" },
  { mask: ifa.IFA_F_DADFAILED, word: "dadfailed", request: "no" },
  { mask: ifa.IFA_F_HOMEADDRESS, word: "home", request: "ipv6" },
  { mask: ifa.IFA_F_DEPRECATED, word: "deprecated", request: "no" },
  { mask: ifa.IFA_F_TENTATIVE, word: "tentative", request: "no" },
  { mask: ifa.IFA_F_PERMANENT, word: "permanent", request: "no" },
  { mask: ifa.IFA_F_MANAGETEMPADDR, word: "mngtmpaddr", request: "ipv6" },
  { mask: ifa.IFA_F_NOPREFIXROUTE, word: "noprefixroute", request: "ipv4-and-ipv6" },
  { mask: ifa.IFA_F_MCAUTOJOIN, word: "autojoin", request: "ipv4-and-ipv6" },
  { mask: ifa.IFA_F_STABLE_PRIVACY, word: "stable-privacy", request: "no" },
];

/** The flag that a word stands for. */
export function addressFlag(word: string): AddressFlag | undefined {
  return FLAGS.find((flag) => flag.word === word);
}

/** Prints the flags: what is not permanent is dynamic, a secondary IPv6 address is temporary. */
export function printAddressFlags(out: Output, family: number, flags: number): void {
  let rest = flags;
  for (const { mask, word } of FLAGS) {
    if (mask === ifa.IFA_F_PERMANENT) {
      if ((flags & mask) === 0) out.field("dynamic", true, "dynamic ");
    } else if ((rest & mask) !== 0 && isNameIn(family, word)) {
      out.field(word, true, `${word} `);
    } else continue;
    rest &= ~mask;
  }
  rest &= ~ifa.IFA_F_PERMANENT;
  if (rest === 0) return;
  const digits = rest.toString(16).padStart(2, "0");
  out.field("ifa_flags", digits, `flags ${digits} `);
}

function isNameIn(family: number, word: string): boolean {
  if (word === "temporary") return family === AF_INET6;
  return word !== "secondary" || family !== AF_INET6;
}
