// `ip netns monitor`: names that come and go.

import { genericCommand } from "../../../client/generic.ts";
import { parseUveth, UvethClient } from "../../../client/uveth.ts";
import { NetlinkClient } from "../../../netlink/client.ts";
import { NETLINK_GENERIC } from "../../../uapi/netlink.ts";
import { UVETH_CMD_NETNS_NEW } from "../../../uapi/uveth.ts";
import type { IpContext } from "../context.ts";

/** Prints a line for every namespace made or deleted until interrupted. */
export async function monitor(ip: IpContext): Promise<number> {
  const client = new NetlinkClient(await ip.io.provider.openSocket({ protocol: NETLINK_GENERIC }));
  const uveth = await UvethClient.open(client);
  client.onNotification = (message) => {
    const what = genericCommand(message) === UVETH_CMD_NETNS_NEW ? "add" : "delete";
    ip.io.stdout(`${what} ${parseUveth(message).netns ?? ""}\n`);
  };
  if (uveth.netnsGroup !== undefined) client.join(uveth.netnsGroup);
  await new Promise<void>((resolve) => {
    const stop = ip.io.onInterrupt(() => {
      stop();
      resolve();
    });
  });
  client.close();
  return 0;
}
