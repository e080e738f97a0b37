// `ip nexthop add`, `replace`, `delete` and `get`: words → one request → the kernel's answer.
//
// Facts: ip-nexthop(8) and the behaviour of iproute2 6.1. *Omitted:* encapsulations.

import type { NexthopEntryRequest, NexthopMember, ResilientRequest } from "../../../client/nexthop-object.ts";
import {
  deleteNexthopEntry,
  getNexthopEntry,
  parseNexthopEntry,
  putNexthopEntry,
} from "../../../client/nexthop-object.ts";
import type { Answer } from "../../../netlink/client.ts";
import * as nh from "../../../uapi/nexthop.ts";
import { RTM_DELNEXTHOP, RTNH_F_ONLINK } from "../../../uapi/rtnetlink.ts";
import { AF_INET, AF_UNSPEC } from "../../../uapi/socket.ts";
import { CommandExit, EXIT_FAILURE, EXIT_REFUSED, usage, wrongArgument } from "../../exit.ts";
import { unsigned } from "../../numbers.ts";
import { parseAddress } from "../../prefix.ts";
import type { Words } from "../../words.ts";
import { matches } from "../../words.ts";
import type { IpContext } from "../context.ts";
import type { Keywords } from "../keywords.ts";
import { keywordOf, needed } from "../keywords.ts";
import { familyNumber, routeProtocols } from "../tables.ts";
import { NEXTHOP_USAGE } from "./help.ts";
import { loadForObjects, printObject } from "./print.ts";

const KEYWORDS: Keywords<NexthopEntryRequest> = [
  [["!id"], (request, words) => void (request.id = needed(words, unsigned, "invalid id value"))],
  [["!dev"], takeDevice],
  [["!via"], takeVia],
  [["!encap"], refuseEncap],
  [["!blackhole"], takeBlackhole],
  [["!fdb"], (request) => void (request.fdb = true)],
  [["!onlink"], (request) => void (request.flags = (request.flags ?? 0) | RTNH_F_ONLINK)],
  [["!group"], (request, words) => void (request.group = takeGroup(words))],
  [["!type"], takeType],
  [["protocol"], takeProtocol],
];

/** Runs one of the commands that change objects. */
export async function modifyObject(
  ip: IpContext,
  words: Words,
  command: "add" | "replace" | "delete",
): Promise<number> {
  const request: NexthopEntryRequest = { family: ip.options.family };
  for (let word = words.take(); word !== undefined; word = words.take()) {
    const take = keywordOf(KEYWORDS, word);
    if (take !== undefined) await take(request, words, ip);
    else if (matches(word, "help")) throw usage(NEXTHOP_USAGE);
    else throw wrongArgument(word, "");
  }
  const client = await ip.rtnl();
  const { echo } = ip.options;
  const answer =
    command === "delete"
      ? deleteNexthopEntry(client, request.id, echo)
      : putNexthopEntry(client, command, request, echo);
  await printEcho(ip, await ip.change(answer));
  return 0;
}

/** Prints the object that the words name. */
export async function getObject(ip: IpContext, words: Words): Promise<number> {
  let id: number | undefined;
  for (let word = words.take(); word !== undefined; word = words.take()) {
    if (word === "id") id = needed(words, unsigned, "invalid id value");
    else throw usage(NEXTHOP_USAGE);
  }
  if (id === undefined || id === 0) throw usage(NEXTHOP_USAGE);
  return getById(ip, id);
}

/** Prints the object `id`. */
export async function getById(ip: IpContext, id: number): Promise<number> {
  const entry = await ip.dump(getNexthopEntry(await ip.rtnl(), id), { code: EXIT_REFUSED, text: "" });
  await loadForObjects(ip, [entry]);
  await ip.print((out) => {
    out.openObject();
    printObject(ip, out, entry);
    out.closeObject();
  });
  return 0;
}

async function takeDevice(request: NexthopEntryRequest, words: Words, ip: IpContext): Promise<void> {
  const name = words.value();
  const ifindex = await ip.links.find(name);
  if (ifindex === undefined) throw wrongArgument(name, "Device does not exist\n");
  request.oif = ifindex;
  if (request.family === AF_UNSPEC) request.family = AF_INET;
}

/** `via [ FAMILY ] ADDRESS`, which says the family. */
function takeVia(request: NexthopEntryRequest, words: Words): void {
  const family = familyNumber(words.peek ?? "");
  if (family !== undefined) words.take();
  const address = parseAddress(words.value(), family ?? request.family);
  if (request.family === AF_UNSPEC) request.family = address.family;
  request.gateway = address.address;
}

function refuseEncap(): never {
  throw new CommandExit(EXIT_FAILURE, 'Keyword "encap" is not supported by uveth.\n');
}

function takeBlackhole(request: NexthopEntryRequest): void {
  request.blackhole = true;
  if (request.family === AF_UNSPEC) request.family = AF_INET;
}

const maxWeight = 256;

/** Reads "ID[,WEIGHT]/ID[,WEIGHT]/…". */
function takeGroup(words: Words): NexthopMember[] {
  const text = words.value();
  return text.split("/").map((entry) => {
    const [idText = "", weightText] = entry.split(",", 2);
    const id = unsigned(idText);
    if (id === undefined) throw wrongArgument(text, '"group" value is invalid\n');
    if (weightText === undefined) return { id, weight: 1 };
    const weight = unsigned(weightText);
    if (weight === undefined || weight === 0 || weight > maxWeight) {
      throw wrongArgument(weightText, '"weight" is invalid\n');
    }
    return { id, weight };
  });
}

function takeType(request: NexthopEntryRequest, words: Words): void {
  const word = words.value();
  if (word === "mpath") request.groupType = nh.NEXTHOP_GRP_TYPE_MPATH;
  else if (word === "resilient") request.groupType = nh.NEXTHOP_GRP_TYPE_RES;
  else throw wrongArgument(word, '"type" value is invalid\n');
  if (word === "resilient") request.resilient = takeResilient(words);
}

/** What may stand behind `type resilient`; the first other word ends it. Nothing at all is left out. */
function takeResilient(words: Words): ResilientRequest | undefined {
  const request: ResilientRequest = {};
  for (;;) {
    switch (words.peek) {
      case "buckets":
        words.take();
        request.buckets = needed(words, (word) => unsigned(word, 16), "invalid buckets value");
        break;
      case "idle_timer":
        words.take();
        request.idleTimer = needed(words, hundredths, "invalid idle timer value");
        break;
      case "unbalanced_timer":
        words.take();
        request.unbalancedTimer = needed(words, hundredths, "invalid unbalanced timer value");
        break;
      default:
        return Object.keys(request).length === 0 ? undefined : request;
    }
  }
}

/** Whole seconds, as hundredths that fit 32 bits. */
function hundredths(word: string): number | undefined {
  const seconds = unsigned(word);
  return seconds === undefined || seconds >= Math.floor(0xffff_ffff / 100) ? undefined : seconds * 100;
}

function takeProtocol(request: NexthopEntryRequest, words: Words): void {
  request.protocol = needed(words, (word) => routeProtocols.numberOf(word), '"protocol" value is invalid\n');
}

/** Prints what the kernel sent back (-echo). */
async function printEcho(ip: IpContext, { messages }: Answer): Promise<void> {
  if (!ip.options.echo) return;
  for (const message of messages) {
    const entry = parseNexthopEntry(message);
    await loadForObjects(ip, [entry]);
    await ip.print((out) => {
      out.openObject();
      out.openObject();
      printObject(ip, out, entry, message.type === RTM_DELNEXTHOP);
      out.closeObject();
      out.closeObject();
    });
  }
}
