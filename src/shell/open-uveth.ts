// The family `uveth` over a provider, for what the program itself asks.

import { UvethClient } from "../client/uveth.ts";
import { NetlinkClient } from "../netlink/client.ts";
import type { NetlinkProvider } from "../netlink/transport.ts";
import { NETLINK_GENERIC } from "../uapi/netlink.ts";

/** Opens a socket for it; closing the client closes the socket. */
export async function openUveth(provider: NetlinkProvider): Promise<UvethClient> {
  return UvethClient.open(new NetlinkClient(await provider.openSocket({ protocol: NETLINK_GENERIC })));
}
