// `ip`: options, then an object, then the object's own command. The objects are tried in iproute2's order, so that `ip n` is
// neighbor and `ip t` tunnel; each is loaded when it is first used.
//
// Facts: iproute2 6.1. *Omitted:* the objects that are here without anything to load: their names are known so that abbreviations mean
// what they mean in iproute2, and they refuse by name.

import { CommandExit, EXIT_FAILURE, reportEnd, usage } from "../exit.ts";
import type { CommandIo } from "../io.ts";
import { matches, Words } from "../words.ts";
import { runBatch } from "./batch.ts";
import type { IpObject, RunIn } from "./context.ts";
import { IpContext } from "./context.ts";
import { IP_USAGE } from "./help.ts";
import { parseOptions } from "./options.ts";

const OBJECTS: readonly (readonly [name: string, load?: () => Promise<IpObject>])[] = [
  ["address", async () => (await import("./addr.ts")).addr],
  ["addrlabel"],
  ["maddress"],
  ["route", async () => (await import("./route.ts")).route],
  ["rule", async () => (await import("./rule.ts")).rule],
  ["neighbor", async () => (await import("./neigh.ts")).neigh],
  ["neighbour", async () => (await import("./neigh.ts")).neigh],
  ["ntable"],
  ["ntbl"],
  ["link", async () => (await import("./link.ts")).link],
  ["l2tp"],
  ["fou"],
  ["ila"],
  ["macsec"],
  ["tunnel"],
  ["tunl"],
  ["tuntap"],
  ["tap"],
  ["token"],
  ["tcpmetrics"],
  ["tcp_metrics"],
  ["monitor", async () => (await import("./monitor.ts")).monitor],
  ["xfrm"],
  ["mroute"],
  ["mrule"],
  ["netns", async () => (await import("./netns.ts")).netns],
  ["netconf"],
  ["vrf"],
  ["sr"],
  ["nexthop", async () => (await import("./nexthop.ts")).nexthop],
  ["mptcp"],
  ["ioam"],
  ["help", async () => help],
  ["stats"],
];

/** Runs `ip` with the words behind it; returns the exit code. */
export async function runIp(argv: readonly string[], io: CommandIo, run: RunIn): Promise<number> {
  const words = new Words(argv);
  let ip: IpContext | undefined;
  try {
    ip = new IpContext(io, await parseOptions(words, io), run);
    if (ip.options.batch !== undefined) return await runBatch(ip, ip.options.batch, runObject);
    return await runObject(ip, words);
  } catch (error) {
    return reportEnd(error, io, "ip utility, iproute2-6.1.0, uveth");
  } finally {
    await ip?.close();
  }
}

/** Runs the object that the next word names. */
async function runObject(ip: IpContext, words: Words): Promise<number> {
  const word = words.take();
  if (word === undefined) throw usage(IP_USAGE);
  const object = OBJECTS.find(([name]) => matches(word, name));
  if (object === undefined)
    throw new CommandExit(EXIT_FAILURE, `Object "${word}" is unknown, try "ip help".\n`);
  const [name, load] = object;
  if (load === undefined)
    throw new CommandExit(EXIT_FAILURE, `Object "${name}" is not supported by uveth.\n`);
  const run = await load();
  return run(ip, words);
}

function help(): Promise<number> {
  throw usage(IP_USAGE);
}
