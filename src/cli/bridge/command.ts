// `bridge`: options, then an object, then the object's own command, as iproute2's bridge(8).
//
// Facts: iproute2 6.1, whose failures end in 255 where those of `ip` end in 2.

import { CommandExit, EXIT_USAGE, reportEnd } from "../exit.ts";
import type { CommandIo } from "../io.ts";
import { runBatch } from "../ip/batch.ts";
import type { IpObject, RunIn } from "../ip/context.ts";
import { IpContext } from "../ip/context.ts";
import { matches, Words } from "../words.ts";
import { fdb } from "./fdb.ts";
import { BRIDGE_USAGE } from "./help.ts";
import { link } from "./link.ts";
import { mdb } from "./mdb.ts";
import { monitor } from "./monitor.ts";
import { parseBridgeOptions } from "./options.ts";
import { vlan } from "./vlan.ts";
import { vni } from "./vni.ts";

/** Runs `bridge` with the words behind it; returns the exit code. */
export async function runBridge(argv: readonly string[], io: CommandIo, run: RunIn): Promise<number> {
  const words = new Words(argv);
  let ip: IpContext | undefined;
  try {
    const { options, isCompressed } = await parseBridgeOptions(words, io);
    ip = new IpContext(io, options, run);
    const objects: readonly (readonly [name: string, object: IpObject])[] = [
      ["link", link],
      ["fdb", fdb],
      ["mdb", mdb],
      ["vlan", (context, rest) => vlan(context, rest, isCompressed)],
      ["vni", vni],
      ["monitor", monitor],
    ];
    const runObject: IpObject = (context, rest) => pick(context, rest, objects);
    if (options.batch !== undefined) return await runBatch(ip, options.batch, runObject);
    return await runObject(ip, words);
  } catch (error) {
    return reportEnd(error, io, "bridge utility, 6.1.0, uveth", EXIT_USAGE);
  } finally {
    await ip?.close();
  }
}

function pick(
  ip: IpContext,
  words: Words,
  objects: readonly (readonly [name: string, object: IpObject])[],
): Promise<number> {
  const word = words.take();
  if (word === undefined || matches(word, "help")) throw new CommandExit(EXIT_USAGE, BRIDGE_USAGE);
  const object = objects.find(([name]) => matches(word, name));
  if (object === undefined) {
    throw new CommandExit(EXIT_USAGE, `Object "${word}" is unknown, try "bridge help".\n`);
  }
  return object[1](ip, words);
}
