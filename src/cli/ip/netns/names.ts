// `ip netns list`, `add` and `delete`.

import { UvethClient } from "../../../client/uveth.ts";
import { NetlinkClient } from "../../../netlink/client.ts";
import { NetlinkError } from "../../../netlink/error.ts";
import { errnoText } from "../../../uapi/errno.ts";
import { NETLINK_GENERIC } from "../../../uapi/netlink.ts";
import { CommandExit, EXIT_FAILURE } from "../../exit.ts";
import type { Words } from "../../words.ts";
import type { IpContext } from "../context.ts";
import { netnsPath, takeName } from "./words.ts";

/** Lists the namespaces that have a name, the newest first, with their ids here. */
export async function list(ip: IpContext): Promise<number> {
  const names = await ip.io.listNetns();
  await ip.print(async (out) => {
    for (const name of names.toReversed()) {
      const nsid = await ip.netnsNames.find(name);
      out.openObject();
      out.field("name", name, name);
      if (nsid !== undefined && nsid >= 0) out.field("id", nsid, ` (id: ${nsid})`);
      out.text("\n");
      out.closeObject();
    }
  });
  return 0;
}

/** Makes a namespace. */
export async function add(ip: IpContext, words: Words): Promise<number> {
  const name = takeName(words);
  await withUveth(ip, (uveth) => uveth.addNetns(name), `Cannot create namespace file "${netnsPath(name)}"`);
  return 0;
}

/** Deletes a namespace, with -all every one. */
export async function remove(ip: IpContext, words: Words): Promise<number> {
  const names = ip.options.all ? await ip.io.listNetns() : [takeName(words)];
  for (const name of names) {
    await withUveth(
      ip,
      (uveth) => uveth.deleteNetns(name),
      `Cannot remove namespace file "${netnsPath(name)}"`,
    );
  }
  return 0;
}

/** Refuses: a process of the system has no namespace of ours to give a name to. */
export async function attach(_ip: IpContext, words: Words): Promise<number> {
  const name = words.take();
  const pid = words.take();
  if (name === undefined || pid === undefined)
    throw new CommandExit(EXIT_FAILURE, "No netns name and PID specified\n");
  throw new CommandExit(
    EXIT_FAILURE,
    `Bind /proc/${pid}/ns/net -> ${netnsPath(name)} failed: No such file or directory\n`,
  );
}

/** Runs one request of the family uveth; a refusal ends the command as a failing system call ends iproute2's. */
async function withUveth(
  ip: IpContext,
  request: (uveth: UvethClient) => Promise<void>,
  failure: string,
): Promise<void> {
  const client = new NetlinkClient(await ip.io.provider.openSocket({ protocol: NETLINK_GENERIC }));
  try {
    await request(await UvethClient.open(client));
  } catch (error) {
    if (!(error instanceof NetlinkError)) throw error;
    throw new CommandExit(EXIT_FAILURE, `${failure}: ${errnoText(-error.errno)}\n`);
  } finally {
    client.close();
  }
}
