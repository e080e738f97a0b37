// The attributes of a netkit pair.
//
// Mirrors <linux/if_link.h> (IFLA_NETKIT_*).

import type { MessageWriter } from "../../netlink/writer.ts";
import * as link from "../../uapi/if_link.ts";
import type { LinkRequest } from "../link-request.ts";
import { writeLink } from "../link-request.ts";

/** What can be asked of a netkit pair on the wire. */
export interface NetkitRequest {
  /** NETKIT_L2, NETKIT_L3 */
  mode?: number | undefined;
  /** NETKIT_PASS, NETKIT_DROP: of this end, and of the other. */
  policy?: number | undefined;
  peerPolicy?: number | undefined;
  /** NETKIT_SCRUB_* */
  scrub?: number | undefined;
  peerScrub?: number | undefined;
  headroom?: number | undefined;
  tailroom?: number | undefined;
  peer?: LinkRequest | undefined;
}

/** Writes the IFLA_INFO_DATA of a netkit pair. */
export function writeNetkit(writer: MessageWriter, request: NetkitRequest): void {
  const numbers: readonly (readonly [type: number, value: number | undefined])[] = [
    [link.IFLA_NETKIT_MODE, request.mode],
    [link.IFLA_NETKIT_POLICY, request.policy],
    [link.IFLA_NETKIT_PEER_POLICY, request.peerPolicy],
    [link.IFLA_NETKIT_SCRUB, request.scrub],
    [link.IFLA_NETKIT_PEER_SCRUB, request.peerScrub],
  ];
  for (const [type, value] of numbers) if (value !== undefined) writer.u32(type, value);
  if (request.headroom !== undefined) writer.u16(link.IFLA_NETKIT_HEADROOM, request.headroom);
  if (request.tailroom !== undefined) writer.u16(link.IFLA_NETKIT_TAILROOM, request.tailroom);
  if (request.peer === undefined) return;
  const nest = writer.nest(link.IFLA_NETKIT_PEER_INFO);
  writeLink(writer, request.peer);
  writer.endNest(nest);
}

export const NETKIT_MODES = { l2: link.NETKIT_L2, l3: link.NETKIT_L3 } as const;
export const NETKIT_POLICIES = { forward: link.NETKIT_PASS, blackhole: link.NETKIT_DROP } as const;

/** A netkit pair as a user of the library describes it; `peer` of the options is the other end. */
export interface NetkitOptions {
  /** "l3" by default: ends without addresses. */
  readonly mode?: keyof typeof NETKIT_MODES | undefined;
  /** What becomes of what this end sends, and the other; "forward" by default. */
  readonly policy?: keyof typeof NETKIT_POLICIES | undefined;
  readonly peerPolicy?: keyof typeof NETKIT_POLICIES | undefined;
  /** Whether marks and priorities are taken off on the way to another namespace; true by default. */
  readonly scrub?: boolean | undefined;
  readonly peerScrub?: boolean | undefined;
  readonly headroom?: number | undefined;
  readonly tailroom?: number | undefined;
}

/** Makes the request of the options. */
export function netkitRequest(options: NetkitOptions, peer: LinkRequest | undefined): NetkitRequest {
  const { mode, policy, peerPolicy, scrub, peerScrub, headroom, tailroom } = options;
  return {
    mode: mode && NETKIT_MODES[mode],
    policy: policy && NETKIT_POLICIES[policy],
    peerPolicy: peerPolicy && NETKIT_POLICIES[peerPolicy],
    scrub: scrubOf(scrub),
    peerScrub: scrubOf(peerScrub),
    headroom,
    tailroom,
    peer,
  };
}

function scrubOf(isOn: boolean | undefined): number | undefined {
  if (isOn === undefined) return undefined;
  return isOn ? link.NETKIT_SCRUB_DEFAULT : link.NETKIT_SCRUB_NONE;
}
