// `ip nexthop show` and `ip nexthop flush`: words → filter → dump → text, JSON, or deletions.
//
// Facts: ip-nexthop(8) and the behaviour of iproute2 6.1.

import type { NexthopEntry } from "../../../client/nexthop-object.ts";
import { deleteNexthopEntry, dumpNexthopEntries } from "../../../client/nexthop-object.ts";
import { NetlinkError } from "../../../netlink/error.ts";
import { EXIT_REFUSED, usage, wrongArgument } from "../../exit.ts";
import { unsigned } from "../../numbers.ts";
import type { Words } from "../../words.ts";
import { matches } from "../../words.ts";
import type { IpContext } from "../context.ts";
import { NEXTHOP_USAGE } from "./help.ts";
import { getById } from "./modify.ts";
import { loadForObjects, printObject } from "./print.ts";

/** What is to be shown. Undefined means that it does not matter. */
interface ObjectFilter {
  oif: number | undefined;
  master: number | undefined;
  groups: boolean;
  fdb: boolean;
  protocol: number | undefined;
  id: number | undefined;
}

/** How a refused dump ends the command. */
export const DUMP_REFUSED = { code: EXIT_REFUSED, text: "Dump terminated\n" };

/** Lists the objects that the words ask for; an id asks for that one. */
export async function showObjects(ip: IpContext, words: Words): Promise<number> {
  const filter = await parseFilter(ip, words);
  if (filter.id !== undefined) return getById(ip, filter.id);
  const objects = await findObjects(ip, filter);
  await loadForObjects(ip, objects);
  await ip.print((out) => {
    for (const object of objects) {
      out.openObject();
      printObject(ip, out, object);
      out.closeObject();
    }
  });
  return 0;
}

/** Deletes the objects that the words ask for, and says how many. */
export async function flushObjects(ip: IpContext, words: Words): Promise<number> {
  const filter = await parseFilter(ip, words);
  const client = await ip.rtnl();
  let flushed = 0;
  for (const { id } of await findObjects(ip, filter)) {
    flushed++;
    try {
      await deleteNexthopEntry(client, id);
    } catch (error) {
      // It went with another one.
      if (!(error instanceof NetlinkError)) throw error;
    }
  }
  ip.io.stdout(flushed === 0 ? "Nothing to flush\n" : `Flushed ${flushed} nexthops\n`);
  return 0;
}

async function findObjects(ip: IpContext, filter: ObjectFilter): Promise<NexthopEntry[]> {
  const { fdb, groups, master, oif } = filter;
  const { family } = ip.options;
  const request = { family, oif, master, groups, fdb };
  const objects = await ip.dump(dumpNexthopEntries(await ip.rtnl(), request), DUMP_REFUSED);
  return objects.filter(({ protocol }) => filter.protocol === undefined || filter.protocol === protocol);
}

async function parseFilter(ip: IpContext, words: Words): Promise<ObjectFilter> {
  const filter: ObjectFilter = {
    oif: undefined,
    master: undefined,
    groups: false,
    fdb: false,
    protocol: undefined,
    id: undefined,
  };
  for (let word = words.take(); word !== undefined; word = words.take()) {
    if (word === "dev") filter.oif = await deviceOf(ip, words.value());
    else if (word === "groups") filter.groups = true;
    else if (word === "master") filter.master = await deviceOf(ip, words.value());
    else if (matches(word, "vrf")) filter.master = await vrfOf(ip, words.value());
    else if (word === "id") filter.id = idOf(words.value());
    else if (matches(word, "protocol")) filter.protocol = protocolOf(words.value());
    else if (word === "fdb") filter.fdb = true;
    else if (matches(word, "help")) throw usage(NEXTHOP_USAGE);
    else throw wrongArgument(word, "");
  }
  return filter;
}

/** Reads the name of a device. */
export async function deviceOf(ip: IpContext, name: string): Promise<number> {
  const ifindex = await ip.links.find(name);
  if (ifindex === undefined) throw wrongArgument(name, "Device does not exist\n");
  return ifindex;
}

/** Reads the name of a VRF. */
export async function vrfOf(ip: IpContext, name: string): Promise<number> {
  const ifindex = await ip.links.findVrf(name);
  if (ifindex === undefined) throw wrongArgument(name, "Invalid VRF\n");
  return ifindex;
}

/** Reads the id of an object. */
export function idOf(word: string): number {
  const id = unsigned(word);
  if (id === undefined) throw wrongArgument(word, "invalid id value");
  return id;
}

/** Here a protocol is a number. */
function protocolOf(word: string): number {
  const protocol = unsigned(word);
  if (protocol === undefined) throw wrongArgument(word, "invalid protocol value");
  return protocol;
}
