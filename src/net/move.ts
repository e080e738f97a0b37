// A device moves to another namespace: everything is checked first, then it leaves the old one as if it were deleted
// and enters the new one as if it were made, keeping its address, its numbers and its peer.
//
// Mirrors net/core/dev.c (__dev_change_net_namespace) with its order, errno and texts.

import { exists, formatted, invalid, NetlinkError } from "../netlink/error.ts";
import { announceLink, notify } from "./device.ts";
import { devCloseMany } from "./flags.ts";
import { prepareName } from "./names.ts";
import { allocateNsid } from "./namespace.ts";
import type { Device, Netns } from "./netdevice.ts";
import { shutdownQdisc } from "./qdisc.ts";
import { flushBacklog } from "./receive.ts";
import { listDevice, reserveIndex, unlistDevice } from "./register.ts";

/** All bits of ifi_change. */
const everything = 0xffffffff;

/** What a moving device wants to be called and numbered at its destination. */
export interface MoveRequest {
  /** A name or template for when its own name is taken there, unused otherwise; absent: the move is refused then. */
  readonly pattern?: string | undefined;
  /** The ifindex it must have there. */
  readonly ifindex?: number | undefined;
}

/** Moves `dev` to `target`; refusals leave it where it is. Moving to where it is already is no change. */
export function changeNetNamespace(dev: Device, target: Netns, { pattern, ifindex }: MoveRequest): void {
  if (dev.isNetnsImmutable) throw invalid("The interface netns is immutable");
  if (dev.netns === target) return;
  const name = nameAtTarget(dev, target, pattern);
  for (const altname of dev.altnames ?? []) {
    if (!target.names.has(altname)) continue;
    throw formatted("EEXIST", `An interface with the altname ${altname} exists in the target netns`);
  }
  const newIndex = indexAtTarget(dev, target, ifindex);

  devCloseMany([dev]);
  unlistDevice(dev);
  flushBacklog(dev);
  shutdownQdisc(dev);
  notify("unregister", dev);
  const nsid = allocateNsid(dev.netns, target);
  const moved = { nsid, ifindex: newIndex };
  dev.netns.machine.announceLink({
    type: "del",
    dev,
    change: everything,
    event: 0,
    origin: undefined,
    moved,
  });

  dev.netns = target;
  dev.name = name;
  dev.ifindex = newIndex;
  listDevice(dev);
  notify("register", dev);
  announceLink(dev, everything);
}

/** The name the device will have (dev_prep_valid_name in the target). */
function nameAtTarget(dev: Device, target: Netns, pattern: string | undefined): string {
  if (!target.names.has(dev.name)) return dev.name;
  if (pattern === undefined) throw exists("An interface with the same name exists in the target netns");
  try {
    return prepareName(target, pattern);
  } catch (error) {
    if (!(error instanceof NetlinkError)) throw error;
    throw formatted(error.code, `Unable to use '${pattern}' for the new interface name in the target netns`);
  }
}

/** The index the device will have: the wanted one, else its own, else the next free one. */
function indexAtTarget(dev: Device, target: Netns, wanted: number | undefined): number {
  if (wanted === undefined) return reserveIndex(target, target.devices.has(dev.ifindex) ? 0 : dev.ifindex);
  try {
    return reserveIndex(target, wanted);
  } catch (error) {
    if (!(error instanceof NetlinkError)) throw error;
    throw formatted(error.code, `The ifindex ${wanted} is not available in the target netns`);
  }
}
