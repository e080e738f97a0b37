// `tc`: options, then an object, then the object's own command.
//
// Facts: iproute2 6.1. *Omitted:* the objects action and exec, which refuse by name.

import { CommandExit, EXIT_FAILURE, EXIT_USAGE, reportEnd, usage } from "../exit.ts";
import type { CommandIo } from "../io.ts";
import { runBatch } from "../ip/batch.ts";
import type { IpContext, RunIn } from "../ip/context.ts";
import { matches, Words } from "../words.ts";
import { TcContext } from "./context.ts";
import { TC_USAGE } from "./help.ts";
import { parseTcOptions } from "./options.ts";

type TcObject = (tc: TcContext, words: Words) => Promise<number>;

const OBJECTS: readonly (readonly [name: string, load?: () => Promise<TcObject>])[] = [
  ["qdisc", async () => (await import("./qdisc.ts")).qdisc],
  ["class", async () => (await import("./class.ts")).tclass],
  ["filter", async () => (await import("./filter.ts")).filter],
  ["chain", async () => (await import("./chain.ts")).chain],
  ["actions"],
  ["monitor", async () => (await import("./monitor.ts")).monitor],
  ["exec"],
];

/** Runs `tc` with the words behind it; returns the exit code. */
export async function runTc(argv: readonly string[], io: CommandIo, run: RunIn): Promise<number> {
  const words = new Words(argv);
  let tc: TcContext | undefined;
  try {
    const { options, isRaw } = await parseTcOptions(words, io);
    tc = new TcContext(io, options, run);
    tc.isRaw = isRaw;
    const context = tc;
    const runLine = (_: IpContext, line: Words) => runObject(context, line);
    if (options.batch !== undefined) return await runBatch(tc, options.batch, runLine);
    return await runObject(tc, words);
  } catch (error) {
    return reportEnd(error, io, "tc utility, iproute2-6.1.0, uveth");
  } finally {
    await tc?.close();
  }
}

async function runObject(tc: TcContext, words: Words): Promise<number> {
  const word = words.take();
  if (word === undefined || matches(word, "help")) throw usage(TC_USAGE, 0);
  const object = OBJECTS.find(([name]) => matches(word, name));
  if (object === undefined) {
    throw new CommandExit(EXIT_USAGE, `Object "${word}" is unknown, try "tc help".\n`, false);
  }
  const [name, load] = object;
  if (load === undefined)
    throw new CommandExit(EXIT_FAILURE, `Object "${name}" is not supported by uveth.\n`);
  const run = await load();
  return run(tc, words);
}
