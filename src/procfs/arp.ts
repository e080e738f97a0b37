// /proc/net/arp: the neighbours of IPv4 that have to be resolved, then those that this host answers for.
//
// Mirrors net/ipv4/arp.c (arp_format_neigh_entry, arp_format_pneigh_entry, arp_state_to_flags).

import { ipv4ToText } from "../bytes/ipv4.ts";
import { macToText } from "../bytes/mac.ts";
import { NUD_VALID } from "../inet/neigh/neighbour.ts";
import { ipNetns } from "../inet/slots.ts";
import type { Device, Netns } from "../net/netdevice.ts";
import { NUD_NOARP, NUD_PERMANENT } from "../uapi/neighbour.ts";
import { ATF_COM, ATF_PERM, ATF_PUBL } from "../uapi/sockios.ts";
import { left } from "./text.ts";

/** /proc/net/arp */
export function arpText(netns: Netns): string {
  const ip = ipNetns(netns);
  let text = "IP address       HW type     Flags       HW address            Mask     Device\n";
  for (const { address, dev, lladdr, state } of ip.inet.arp.entries) {
    if (dev.netns !== netns || (state & ~NUD_NOARP) === 0) continue;
    const isValid = (state & NUD_VALID) !== 0;
    const flags = (state & NUD_PERMANENT) !== 0 ? ATF_PERM | ATF_COM : isValid ? ATF_COM : 0;
    text += line(address, dev, flags, macToText(isValid ? lladdr : 0));
  }
  for (const { address, dev } of ip.proxies4) text += line(address, dev, ATF_PUBL | ATF_PERM, macToText(0));
  return text;
}

function line(address: number, dev: Device | null, flags: number, lladdr: string): string {
  const hardware = left((dev?.type ?? 0).toString(16), 10);
  const columns = `0x${hardware}0x${left(flags.toString(16), 10)}${left(lladdr, 17)}`;
  return `${left(ipv4ToText(address), 16)} ${columns}     *        ${dev?.name ?? "*"}\n`;
}
