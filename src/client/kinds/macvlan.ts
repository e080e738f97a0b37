// The attributes of a macvlan.
//
// Mirrors <linux/if_link.h> (IFLA_MACVLAN_*).

import type { MessageWriter } from "../../netlink/writer.ts";
import * as link from "../../uapi/if_link.ts";
import { macBytes } from "../address-text.ts";

/** What can be asked of a macvlan on the wire. */
export interface MacvlanRequest {
  /** MACVLAN_MODE_* */
  mode?: number | undefined;
  /** MACVLAN_FLAG_* */
  flags?: number | undefined;
  /** MACVLAN_MACADDR_*: what is to be done to the source list, with one address or with a list. */
  macaddrMode?: number | undefined;
  macaddr?: Uint8Array | undefined;
  macaddrs?: readonly Uint8Array[] | undefined;
  bcQueueLen?: number | undefined;
}

/** Writes the IFLA_INFO_DATA of a macvlan. */
export function writeMacvlan(writer: MessageWriter, request: MacvlanRequest): void {
  const { mode, flags, macaddrMode, macaddr, macaddrs, bcQueueLen } = request;
  if (mode !== undefined) writer.u32(link.IFLA_MACVLAN_MODE, mode);
  if (flags !== undefined) writer.u16(link.IFLA_MACVLAN_FLAGS, flags);
  if (macaddrMode !== undefined) writer.u32(link.IFLA_MACVLAN_MACADDR_MODE, macaddrMode);
  if (macaddr !== undefined) writer.binary(link.IFLA_MACVLAN_MACADDR, macaddr);
  if (macaddrs !== undefined) {
    const nest = writer.nest(link.IFLA_MACVLAN_MACADDR_DATA);
    for (const each of macaddrs) writer.binary(link.IFLA_MACVLAN_MACADDR, each);
    writer.endNest(nest);
  }
  if (bcQueueLen !== undefined) writer.u32(link.IFLA_MACVLAN_BC_QUEUE_LEN, bcQueueLen);
}

/** Modes by name. */
export const MACVLAN_MODES = {
  private: link.MACVLAN_MODE_PRIVATE,
  vepa: link.MACVLAN_MODE_VEPA,
  bridge: link.MACVLAN_MODE_BRIDGE,
  passthru: link.MACVLAN_MODE_PASSTHRU,
  source: link.MACVLAN_MODE_SOURCE,
} as const;

/** A macvlan as a user of the library describes it; `link` of the options is the device below. */
export interface MacvlanOptions {
  /** "vepa" by default, as Linux has it. */
  readonly mode?: keyof typeof MACVLAN_MODES | undefined;
  /** In the mode "passthru": leave the device below as it is. */
  readonly isNopromisc?: boolean | undefined;
  /** In the mode "source": the addresses whose frames it takes, instead of those before. */
  readonly sources?: readonly string[] | undefined;
}

/** Makes the request of the options. */
export function macvlanRequest({ mode, isNopromisc, sources }: MacvlanOptions): MacvlanRequest {
  return {
    mode: mode && MACVLAN_MODES[mode],
    flags: isNopromisc === undefined ? undefined : isNopromisc ? link.MACVLAN_FLAG_NOPROMISC : 0,
    macaddrMode: sources && link.MACVLAN_MACADDR_SET,
    macaddrs: sources?.map(macBytes),
  };
}
