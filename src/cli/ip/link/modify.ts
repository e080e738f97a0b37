// `ip link add`, `set`, `change`, `replace`, `delete`: words → one request → the kernel's answer.

import type { LinkRequest } from "../../../client/link-request.ts";
import { writeLink } from "../../../client/link-request.ts";
import { NLM_F_CREATE, NLM_F_EXCL, NLM_F_REPLACE } from "../../../uapi/netlink.ts";
import { RTM_DELLINK, RTM_NEWLINK } from "../../../uapi/rtnetlink.ts";
import { CommandExit, EXIT_FAILURE, usage } from "../../exit.ts";
import { commandKind } from "../../kinds/table.ts";
import type { Words } from "../../words.ts";
import { matches } from "../../words.ts";
import type { IpContext } from "../context.ts";
import { LINK_USAGE } from "../help.ts";
import { parseLink } from "./parse.ts";

/** The message type and flags of each command. */
const REQUESTS = {
  add: [RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL],
  set: [RTM_NEWLINK, 0],
  change: [RTM_NEWLINK, 0],
  replace: [RTM_NEWLINK, NLM_F_CREATE | NLM_F_REPLACE],
  delete: [RTM_DELLINK, 0],
} as const;

/** Runs one of the commands that change links. */
export async function modifyLink(
  ip: IpContext,
  words: Words,
  command: keyof typeof REQUESTS,
): Promise<number> {
  const [type, flags] = REQUESTS[command];
  const isCreate = (flags & NLM_F_CREATE) !== 0;
  const { request, kind } = await parseLink(ip, words, { isCreate });
  if (kind !== undefined) request.linkinfo = await parseKind(ip, words, kind, isCreate);
  else if (isCreate)
    throw new CommandExit(EXIT_FAILURE, 'Not enough information: "type" argument is required\n');
  const client = await ip.rtnl();
  await ip.change(client.request(type, flags, (writer) => writeLink(writer, request)));
  return 0;
}

/** Reads the words behind `type KIND`, by the kind's own reader where it has one. */
async function parseKind(
  ip: IpContext,
  words: Words,
  name: string,
  isCreate: boolean,
): Promise<LinkRequest["linkinfo"]> {
  const slave = name.endsWith("_slave") ? name.slice(0, -"_slave".length) : undefined;
  const kind = commandKind(name);
  const word = words.peek;
  const linkinfo = { kind: slave ?? name, isSlave: slave !== undefined };
  if (word === undefined) return linkinfo;
  if (kind !== undefined)
    return { ...linkinfo, data: (await kind.parse?.(ip, words, isCreate)) ?? (() => {}) };
  if (matches(word, "help")) throw usage(LINK_USAGE);
  throw new CommandExit(EXIT_FAILURE, `Garbage instead of arguments "${word} ...". Try "ip link help".\n`);
}
