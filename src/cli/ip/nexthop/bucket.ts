// `ip nexthop bucket`: the buckets of resilient groups, listed or got one by one.
//
// Facts: ip-nexthop(8) and the behaviour of iproute2 6.1.

import type { NexthopBucket } from "../../../client/nexthop-bucket.ts";
import { dumpNexthopBuckets, getNexthopBucket } from "../../../client/nexthop-bucket.ts";
import { EXIT_REFUSED, usage, wrongArgument } from "../../exit.ts";
import { unsigned } from "../../numbers.ts";
import type { Words } from "../../words.ts";
import { firstMatch, matches } from "../../words.ts";
import type { IpContext } from "../context.ts";
import { needed } from "../keywords.ts";
import { NEXTHOP_USAGE } from "./help.ts";
import { printBucket } from "./print.ts";
import { DUMP_REFUSED, deviceOf, idOf, vrfOf } from "./show.ts";

/** Runs `ip nexthop bucket`; without a command it lists all buckets. */
export async function nexthopBucket(ip: IpContext, words: Words): Promise<number> {
  const word = words.take();
  const command = word === undefined ? "list" : firstMatch(word, ["list", "show", "lst", "get", "help"]);
  if (command === undefined) throw usage(`Command "${word}" is unknown, try "ip nexthop help".\n`);
  if (command === "help") throw usage(NEXTHOP_USAGE);
  return print(ip, command === "get" ? [await getBucket(ip, words)] : await listBuckets(ip, words));
}

async function print(ip: IpContext, buckets: readonly NexthopBucket[]): Promise<number> {
  await ip.print((out) => {
    for (const bucket of buckets) {
      out.openObject();
      printBucket(out, bucket);
      out.closeObject();
    }
  });
  return 0;
}

async function listBuckets(ip: IpContext, words: Words): Promise<NexthopBucket[]> {
  let [id, oif, master, nhId]: (number | undefined)[] = [];
  for (let word = words.take(); word !== undefined; word = words.take()) {
    if (word === "dev") oif = await deviceOf(ip, words.value());
    else if (word === "master") master = await deviceOf(ip, words.value());
    else if (matches(word, "vrf")) master = await vrfOf(ip, words.value());
    // 0 stands for all.
    else if (word === "id") id = idOf(words.value()) || undefined;
    else if (word === "nhid") nhId = idOf(words.value()) || undefined;
    else if (matches(word, "help")) throw usage(NEXTHOP_USAGE);
    else throw wrongArgument(word, "");
  }
  return ip.dump(dumpNexthopBuckets(await ip.rtnl(), { id, oif, master, nhId }), DUMP_REFUSED);
}

async function getBucket(ip: IpContext, words: Words): Promise<NexthopBucket> {
  let [id, index]: (number | undefined)[] = [];
  for (let word = words.take(); word !== undefined; word = words.take()) {
    if (word === "id") id = idOf(words.value());
    else if (word === "index") {
      index = needed(words, (text) => unsigned(text, 16), "invalid bucket index value");
    } else throw usage(NEXTHOP_USAGE);
  }
  if (id === undefined || id === 0 || index === undefined) throw usage(NEXTHOP_USAGE);
  return ip.dump(getNexthopBucket(await ip.rtnl(), id, index), { code: EXIT_REFUSED, text: "" });
}
