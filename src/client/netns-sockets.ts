// What the typed calls of a namespace share: its sockets, where further ones come from, and how devices are named.

import type { NetlinkClient } from "../netlink/client.ts";
import type { NetlinkProvider } from "../netlink/transport.ts";
import { getLinkIndex } from "./link.ts";
import type { UvethClient } from "./uveth.ts";

/** The sockets of one namespace. */
export interface NetnsSockets {
  readonly provider: NetlinkProvider;
  /** The rtnetlink client of the namespace, for requests that have no typed call. */
  readonly rtnl: NetlinkClient;
  /** Opens a client of the family uveth; whoever asks closes it. ENOENT on a live kernel. */
  openUveth(): Promise<UvethClient>;
}

/** A device, by name, by ifindex or by its handle. */
export type DeviceName = string | number | { readonly ifindex: number };

/** The ifindex of a device; ENODEV when there is none of that name. */
export async function ifindexOf(netns: NetnsSockets, dev: DeviceName): Promise<number> {
  if (typeof dev === "number") return dev;
  return typeof dev === "string" ? getLinkIndex(netns.rtnl, dev) : dev.ifindex;
}
