// Hostile packets into a host that has listeners, connections and sockets: segments taken from real traffic and changed, floods of
// SYNs and of neighbours, fragments that are tiny or overlap. Nothing may throw, nothing may leak, and what can be filled stays
// inside its limits.
//
//   attacker [v0]──────[v1] victim

import { checksum } from "../../src/bytes/checksum.ts";
import { setBe16, setBe32 } from "../../src/bytes/endian.ts";
import { ipNetns } from "../../src/inet/slots.ts";
import { tcpTable } from "../../src/inet/tcp/table.ts";
import { frameFrom } from "../../src/net/frame.ts";
import type { Device } from "../../src/net/netdevice.ts";
import { CHECKSUM_UNNECESSARY } from "../../src/net/netdevice.ts";
import { randomBelow, SeededRandom } from "../../src/net/random.ts";
import { devQueueXmit } from "../../src/net/transmit.ts";
import { connectIn } from "../../src/sockets/connect.ts";
import type { Connection } from "../../src/sockets/connection.ts";
import { Listener } from "../../src/sockets/listener.ts";
import { Udp } from "../../src/sockets/udp.ts";
import { InetLab, S } from "../fixtures/inet.ts";
import { BrokenRule } from "./checkers.ts";

/** What a flood came to. */
export interface FloodResult {
  readonly packets: number;
  /** The most handshakes, neighbours and frames there were at a time. */
  readonly requests: number;
  readonly neighbours: number;
  readonly frames: number;
}

const backlog = 64;
/** net.ipv4.neigh.default.gc_thresh3, and the same for IPv6. */
const neighbourLimit = 2 * 1_024;
const connectionLimit = 2_000;
const frameLimit = 4_000;
const samplesKept = 400;

/** Sends so many packets; throws when a limit is passed. */
export async function flood(seed: number, packets: number): Promise<FloodResult> {
  const lab = new InetLab({ seed, frameMemoryBytes: 64 << 20 });
  const [attacker, victim] = [lab.netns(), lab.netns()];
  const [v0, v1] = lab.pair(attacker, "v0", victim, "v1");
  for (const [dev, four, six] of [
    [v0, "10.0.0.1/16", "fd00::1/64"],
    [v1, "10.0.0.2/16", "fd00::2/64"],
  ] as const) {
    lab.address(dev, four);
    lab.address(dev, six);
  }
  await lab.clock.advance(3 * S);
  const random = new SeededRandom(seed);
  const samples: Uint8Array[] = [];
  v1.taps = [
    {
      seen: (frame, _dev, isOutgoing) => {
        if (isOutgoing || frame.length > 1_600) return;
        const bytes = frame.bytes.slice(frame.macHeader, frame.end);
        if (samples.length < samplesKept) samples.push(bytes);
        else if (randomBelow(random, 50) === 0) samples[randomBelow(random, samplesKept)] = bytes;
      },
    },
  ];
  const listener = new Listener(victim, { port: 80, backlog, keepAliveMs: 10_000 });
  const echo = serve(listener);
  const udp = new Udp(victim, { port: 53 });
  const result = { packets, requests: 0, neighbours: 0, frames: 0 };
  const talk = async (host: string): Promise<void> => {
    const connection = await connectIn(attacker, { host, port: 80, keepAliveMs: 10_000 }).catch(
      () => undefined,
    );
    if (connection === undefined) return;
    await connection.write(new Uint8Array(1 + randomBelow(random, 3_000))).catch(() => {});
    connection.end();
    while ((await connection.read().catch(() => null)) !== null);
    connection.close();
  };
  for (let sent = 0; sent < packets; sent++) {
    if (sent % 500 === 0) {
      void talk("10.0.0.2");
      void talk("fd00::2");
      await lab.clock.advance(S / 10);
      if (sent % 50_000 === 0) await lab.clock.advance(20 * S);
      judge(lab, victim, result);
    }
    const kind = randomBelow(random, 10);
    if (kind < 6) send(v0, mutate(samples[randomBelow(random, samples.length)], random), random);
    else if (kind < 8) send(v0, synOf(v1, random), random);
    else send(v0, fragmentOf(v1, random), random);
  }
  await lab.clock.advance(200 * S);
  listener.close();
  udp.close();
  await echo;
  await lab.clock.advance(1_300 * S);
  const left = tcpTable(ipNetns(victim)).size + tcpTable(ipNetns(attacker)).size;
  if (left > 0) throw new BrokenRule(`${left} connections are left`);
  lab.close();
  return result;
}

async function serve(listener: Listener): Promise<void> {
  for await (const connection of listener) void echoBack(connection);
}

async function echoBack(connection: Connection): Promise<void> {
  try {
    for await (const bytes of connection) await connection.write(bytes);
  } catch {
    connection.reset();
  }
  connection.close();
}

function judge(
  lab: InetLab,
  victim: Device["netns"],
  result: { -readonly [Key in keyof FloodResult]: number },
): void {
  const table = tcpTable(ipNetns(victim));
  const requests = table.listeners().reduce((sum, each) => sum + each.requests, 0);
  const neighbours = lab.inet.arp.entries.size + lab.inet.nd.entries.size;
  result.requests = Math.max(result.requests, requests);
  result.neighbours = Math.max(result.neighbours, neighbours);
  result.frames = Math.max(result.frames, lab.machine.frames.inUse);
  if (requests > backlog + 1) throw new BrokenRule(`${requests} handshakes wait`);
  if (neighbours > 2 * neighbourLimit) throw new BrokenRule(`${neighbours} neighbours are known`);
  if (table.size > connectionLimit) throw new BrokenRule(`There are ${table.size} connections`);
  if (lab.machine.frames.inUse > frameLimit)
    throw new BrokenRule(`${lab.machine.frames.inUse} frames are held`);
}

/** Sends a frame, whose checksums count as right half of the time: most of them would stop it at once. */
function send(dev: Device, bytes: Uint8Array, random: SeededRandom): void {
  const frame = frameFrom(dev.machine.frames, bytes);
  if (frame === null) return;
  frame.dev = dev;
  if (randomBelow(random, 2) === 0) frame.checksum = CHECKSUM_UNNECESSARY;
  devQueueXmit(frame);
}

/** A packet like `sample`, with numbers near those it had, bytes changed, cut off or added. */
function mutate(sample: Uint8Array | undefined, random: SeededRandom): Uint8Array {
  const bytes = (sample ?? new Uint8Array(60)).slice();
  if (bytes.length < 54) return bytes;
  const tcp = 14 + ((bytes[12] ?? 0) === 0x86 ? 40 : ((bytes[14] ?? 0) & 15) * 4);
  for (let left = 1 + randomBelow(random, 4); left > 0; left--) {
    switch (randomBelow(random, 6)) {
      case 0: {
        // A sequence or acknowledgement number a little off, or far.
        const at = tcp + (randomBelow(random, 2) === 0 ? 4 : 8);
        const off = randomBelow(random, 2) === 0 ? randomBelow(random, 4_000) - 2_000 : random.u32();
        const old =
          ((bytes[at] ?? 0) << 24) |
          ((bytes[at + 1] ?? 0) << 16) |
          ((bytes[at + 2] ?? 0) << 8) |
          (bytes[at + 3] ?? 0);
        setBe32(bytes, at, (old + off) >>> 0);
        break;
      }
      case 1:
        bytes[tcp + 13] = randomBelow(random, 256);
        break;
      case 2:
        setBe16(bytes, tcp + 14, randomBelow(random, 0x10000));
        break;
      case 3:
        bytes[tcp + 20 + randomBelow(random, 20)] = randomBelow(random, 256);
        break;
      case 4:
        bytes[tcp + 12] = randomBelow(random, 256);
        break;
      default:
        bytes[14 + randomBelow(random, bytes.length - 14)] = randomBelow(random, 256);
    }
  }
  if (bytes[12] === 8 && randomBelow(random, 8) !== 0) fixHeader(bytes);
  return randomBelow(random, 20) === 0
    ? bytes.subarray(0, 14 + randomBelow(random, bytes.length - 14))
    : bytes;
}

function fixHeader(bytes: Uint8Array): void {
  const length = ((bytes[14] ?? 0) & 15) * 4;
  if (length < 20 || 14 + length > bytes.length) return;
  setBe16(bytes, 24, 0);
  setBe16(bytes, 24, checksum(bytes, 14, 14 + length));
}

function header(
  to: Device,
  protocol: number,
  fragment: number,
  payload: number,
  random: SeededRandom,
): Uint8Array {
  const bytes = new Uint8Array(34 + payload);
  for (let index = 0; index < 6; index++)
    bytes[index] = Math.floor(to.address / 2 ** (40 - 8 * index)) & 0xff;
  bytes[6] = 2;
  bytes[12] = 8;
  bytes[14] = 0x45;
  setBe16(bytes, 16, 20 + payload);
  setBe16(bytes, 18, randomBelow(random, 64));
  setBe16(bytes, 20, fragment);
  bytes[22] = 64;
  bytes[23] = protocol;
  // Any of the 65,536 addresses of the network: the answer needs a neighbour each.
  setBe32(bytes, 26, 0x0a000000 + randomBelow(random, 0x10000));
  setBe32(bytes, 30, 0x0a000002);
  fixHeader(bytes);
  return bytes;
}

function synOf(to: Device, random: SeededRandom): Uint8Array {
  const bytes = header(to, 6, 0, 24, random);
  setBe16(bytes, 34, 1_024 + randomBelow(random, 60_000));
  setBe16(bytes, 36, randomBelow(random, 4) === 0 ? 81 : 80);
  setBe32(bytes, 38, random.u32());
  bytes[46] = 6 << 4;
  bytes[47] = 2;
  setBe16(bytes, 48, 1_024);
  setBe32(bytes, 54, 0x020405b4);
  return bytes;
}

/** Fragments of 8 bytes that may overlap, of packets that never get whole or do. */
function fragmentOf(to: Device, random: SeededRandom): Uint8Array {
  const offset = randomBelow(random, 6);
  const isLast = randomBelow(random, 3) === 0;
  const size = 8 * (1 + randomBelow(random, 3));
  const bytes = header(
    to,
    randomBelow(random, 2) === 0 ? 6 : 17,
    offset | (isLast ? 0 : 0x2000),
    size,
    random,
  );
  setBe32(bytes, 26, 0x0a000001);
  for (let index = 34; index < bytes.length; index++) bytes[index] = randomBelow(random, 256);
  fixHeader(bytes);
  return bytes;
}
