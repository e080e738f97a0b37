// Names that exist now, for completion. Asks a daemon that runs and starts none; whatever goes wrong, there are no names.

import { dumpLinks } from "../client/link.ts";
import { findDaemon } from "../daemon/client.ts";
import { daemonPlace, ownUid } from "../daemon/place.ts";
import { NetlinkClient } from "../netlink/client.ts";
import type { NetlinkProvider } from "../netlink/transport.ts";
import { NETLINK_ROUTE } from "../uapi/netlink.ts";
import { openUveth } from "./open-uveth.ts";

/** What is to be named. */
export type NamesOf = "devices" | "namespaces";

/** The names of the devices of a namespace (by name; the initial one when undefined), or of the namespaces. */
export async function currentNames(
  what: NamesOf,
  netns: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
): Promise<string[]> {
  try {
    const client = await findDaemon(daemonPlace({ env, uid: ownUid() }));
    if (client === undefined) return [];
    try {
      return what === "devices" ? await deviceNames(client, netns) : await namespaceNames(client);
    } finally {
      client.close();
    }
  } catch {
    return [];
  }
}

async function deviceNames(provider: NetlinkProvider, netns: string | undefined): Promise<string[]> {
  const client = new NetlinkClient(await provider.openSocket({ protocol: NETLINK_ROUTE, netns }));
  return (await dumpLinks(client)).map(({ ifname = "" }) => ifname);
}

async function namespaceNames(provider: NetlinkProvider): Promise<string[]> {
  const uveth = await openUveth(provider);
  return (await uveth.listNetns()).map(({ netns = "" }) => netns);
}
