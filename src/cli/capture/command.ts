// `uveth capture`: the frames of a namespace as lines in tcpdump's words while they pass, or as a pcapng file that tcpdump
// and Wireshark read, with directions, packet ids and the reasons of drops.

import { sightingOf } from "../../client/capture.ts";
import { UvethClient } from "../../client/uveth.ts";
import { NetlinkClient } from "../../netlink/client.ts";
import { NetlinkError } from "../../netlink/error.ts";
import { errnoText } from "../../uapi/errno.ts";
import { NETLINK_GENERIC } from "../../uapi/netlink.ts";
import type { Sighting } from "../../wire/capture-file.ts";
import { CaptureFile } from "../../wire/capture-file.ts";
import { describe } from "../../wire/describe.ts";
import { CommandExit, EXIT_FAILURE, noSuchDevice } from "../exit.ts";
import type { CommandIo } from "../io.ts";
import type { CaptureOptions } from "./options.ts";
import { CAPTURE_USAGE, parseCapture } from "./options.ts";

/** Takes sightings as they come. */
interface Sink {
  add(sighting: Sighting): void;
  end(): Promise<void>;
}

/** Runs a capture until its count is reached or it is interrupted. */
export async function runCapture(argv: readonly string[], io: CommandIo): Promise<number> {
  const options = parseCapture(argv);
  if (options.isHelp) {
    io.stdout(CAPTURE_USAGE);
    return 0;
  }
  const client = new NetlinkClient(await io.provider.openSocket({ protocol: NETLINK_GENERIC }));
  try {
    return await capture(io, options, await UvethClient.open(client));
  } finally {
    client.close();
  }
}

async function capture(io: CommandIo, options: CaptureOptions, uveth: UvethClient): Promise<number> {
  const { epochNs = 0n } = await uveth.info();
  const sink =
    options.file === undefined ? textSink(io, options, epochNs) : await fileSink(io, options.file, epochNs);
  let isStopped = false;
  let frames = 0;
  let lost = 0;
  const stopListening = io.onInterrupt(() => {
    isStopped = true;
    uveth.close();
  });
  try {
    const captured = uveth.capture(options, (frame) => {
      frames++;
      lost += frame.lost ?? 0;
      sink.add(sightingOf(frame));
    });
    // A request sent behind it has been answered: the capture is in place, or was refused.
    let isRefused = false;
    captured.catch(() => {
      isRefused = true;
    });
    await Promise.race([captured, uveth.info()]);
    if (!options.isQuiet && !isRefused) io.stderr(`capture: listening on ${options.ifname ?? "any"}\n`);
    await captured;
  } catch (error) {
    if (!isStopped) throw refusal(error, options);
  } finally {
    stopListening();
    await sink.end();
  }
  if (!options.isQuiet) io.stderr(`${frames} frames captured${lost > 0 ? `, ${lost} lost` : ""}\n`);
  return 0;
}

function refusal(error: unknown, { ifname }: CaptureOptions): unknown {
  if (!(error instanceof NetlinkError)) return error;
  if (error.code === "ENODEV" && ifname !== undefined) return noSuchDevice(ifname);
  return new CommandExit(EXIT_FAILURE, `capture: ${error.message || errnoText(-error.errno)}\n`);
}

/** Lines on standard output, each written as it comes. */
function textSink(io: CommandIo, options: CaptureOptions, epochNs: bigint): Sink {
  const line = options.isJson ? jsonLine : textLine;
  return {
    add: (sighting) => io.stdout(`${line(sighting, options, epochNs)}\n`),
    end: async () => {},
  };
}

/** `12:00:00.000000 v0 Out ARP, Request who-has 10.0.0.2 tell 10.0.0.1, length 28` */
function textLine(sighting: Sighting, { hasLinkLevel, hasTime }: CaptureOptions, epochNs: bigint): string {
  const { bytes, length, ifname, isOutgoing, dropReason } = sighting;
  const time = hasTime ? `${timeOfDay(epochNs + BigInt(Math.round(sighting.timeNs)))} ` : "";
  const text = describe(bytes, 0, bytes.length, { linkLevel: hasLinkLevel, wireLength: length });
  const dropped = dropReason === undefined ? "" : ` [dropped: ${dropReason}]`;
  return `${time}${ifname} ${isOutgoing ? "Out" : "In"} ${text}${dropped}`;
}

function jsonLine(sighting: Sighting, _options: CaptureOptions, epochNs: bigint): string {
  const { bytes, timeNs, ...rest } = sighting;
  const timestampNs = String(epochNs + BigInt(Math.round(timeNs)));
  return JSON.stringify({
    timestampNs,
    ...rest,
    text: describe(bytes, 0, bytes.length, { wireLength: rest.length }),
  });
}

/** Local time to the microsecond, as tcpdump stamps. */
function timeOfDay(ns: bigint): string {
  const milliseconds = Number(ns / 1_000_000n);
  const date = new Date(milliseconds);
  const two = (value: number) => String(value).padStart(2, "0");
  const micros = String((ns / 1_000n) % 1_000_000n).padStart(6, "0");
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${micros}`;
}

/** A pcapng file, written as frames come. */
async function fileSink(io: CommandIo, path: string, epochNs: bigint): Promise<Sink> {
  const output = await io.createFile(path).catch((error: unknown) => {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CommandExit(EXIT_FAILURE, `capture: ${path}: ${reason}\n`);
  });
  const file = new CaptureFile((bytes) => output.write(bytes), { epochNs });
  return {
    add: (sighting) => file.add(sighting),
    end: async () => {
      file.end();
      await output.close();
    },
  };
}
