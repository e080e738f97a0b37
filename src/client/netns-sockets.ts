// What the typed calls of a namespace share: its sockets, and where further ones come from. Types and docs only.

import type { NetlinkClient } from "../netlink/client.ts";
import type { NetlinkProvider } from "../netlink/transport.ts";
import type { UvethClient } from "./uveth.ts";

/** The sockets of one namespace. */
export interface NetnsSockets {
  readonly provider: NetlinkProvider;
  /** The rtnetlink client of the namespace, for requests that have no typed call. */
  readonly rtnl: NetlinkClient;
  /** Opens a client of the family uveth; whoever asks closes it. ENOENT on a live kernel. */
  openUveth(): Promise<UvethClient>;
}
