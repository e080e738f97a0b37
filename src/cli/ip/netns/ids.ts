// `ip netns set` and `list-id`: the ids by which this namespace knows others.

import type { NetnsId } from "../../../client/nsid.ts";
import { addNsid, dumpNsids, getNsid } from "../../../client/nsid.ts";
import { CommandExit, EXIT_FAILURE, usage, wrongArgument } from "../../exit.ts";
import type { Output } from "../../output.ts";
import type { Words } from "../../words.ts";
import type { IpContext } from "../context.ts";
import { NETNS_USAGE } from "./help.ts";
import { noNetns, takeName } from "./words.ts";

/** Gives a namespace an id; `auto` lets the kernel choose. */
export async function setId(ip: IpContext, words: Words): Promise<number> {
  const name = takeName(words);
  const word = words.take();
  if (word === undefined) throw new CommandExit(EXIT_FAILURE, "No nsid specified\n");
  const nsid = word === "auto" ? -1 : idOf(word, 'Invalid "netnsid" value\n');
  const handle = await ip.openNetns(name);
  if (handle === undefined) throw noNetns(name);
  await ip.change(addNsid(await ip.rtnl(), { fd: handle.fd, nsid }));
  return 0;
}

/** Lists the ids this namespace has given, those of another one, or one of them. */
export async function listIds(ip: IpContext, words: Words): Promise<number> {
  let targetNsid: number | undefined;
  let nsid: number | undefined;
  for (let word = words.take(); word !== undefined; word = words.take()) {
    if (word === "target-nsid") targetNsid = idOf(words.value(), '"target-nsid" value is invalid\n');
    else if (word === "nsid") nsid = idOf(words.value(), '"nsid" value is invalid\n');
    else throw usage(NETNS_USAGE);
  }
  await ip.netnsNames.load();
  const client = await ip.rtnl();
  const ids = await ip.dump(
    nsid === undefined
      ? dumpNsids(client, { targetNsid })
      : getNsid(client, { nsid, targetNsid }).then((id) => [id]),
  );
  await ip.print((out) => {
    for (const id of ids) printId(ip, out, id);
  });
  return 0;
}

/** Prints one id: of the namespace asked, and of this one when that is another. */
export function printId(ip: IpContext, out: Output, { nsid = -1, currentNsid }: NetnsId): void {
  out.openObject();
  if (nsid < 0) out.text("nsid unassigned ");
  else out.field("nsid", nsid, `nsid ${nsid} `);
  if (currentNsid !== undefined) out.field("current-nsid", currentNsid, `current-nsid ${currentNsid} `);
  const name = ip.netnsNames.name(currentNsid ?? nsid);
  if (name !== undefined) out.field("name", name, `(iproute2 netns name: ${name})`);
  out.text("\n");
  out.closeObject();
}

function idOf(word: string, reason: string): number {
  if (!/^\d+$/.test(word)) throw wrongArgument(word, reason.trimEnd());
  return Number(word);
}
