// The server's side of iperf3 for one stream of TCP from the client, on a listener of a machine: enough for the unmodified
// iperf3 to measure uveth's TCP with.
//
// Facts: iperf3's protocol: a cookie of 37 bytes on every connection; on the first one states of one byte, and JSON behind its
// length in four bytes.

import { getBe32, setBe32 } from "../src/bytes/endian.ts";
import type { Connection, Listener } from "../src/index.ts";

const cookieBytes = 37;
const TEST_START = 1;
const TEST_RUNNING = 2;
const TEST_END = 4;
const PARAM_EXCHANGE = 9;
const CREATE_STREAMS = 10;
const EXCHANGE_RESULTS = 13;
const DISPLAY_RESULTS = 14;

/** Serves one run of `iperf3 -c`; resolves with the bits a second that came. */
export async function serveIperf3(listener: Listener): Promise<number> {
  const control = await accepted(listener);
  await readExactly(control, cookieBytes);
  await say(control, PARAM_EXCHANGE);
  await readJson(control);
  await say(control, CREATE_STREAMS);
  const stream = await accepted(listener);
  await readExactly(stream, cookieBytes);
  await say(control, TEST_START);
  await say(control, TEST_RUNNING);
  const start = performance.now();
  let bytes = 0;
  let isOver = false;
  const draining = (async () => {
    const target = new Uint8Array(256 * 1024);
    for (let count = -1; count !== 0 && !isOver; bytes += Math.max(count, 0)) {
      count = await stream.readInto(target).catch(() => 0);
    }
  })();
  while ((await readExactly(control, 1))[0] !== TEST_END);
  const seconds = (performance.now() - start) / 1_000;
  const measured = bytes;
  await say(control, EXCHANGE_RESULTS);
  await readJson(control);
  await writeJson(control, {
    cpu_util_total: 0,
    cpu_util_user: 0,
    cpu_util_system: 0,
    sender_has_retransmits: -1,
    streams: [
      {
        id: 1,
        bytes: measured,
        retransmits: -1,
        jitter: 0,
        errors: 0,
        packets: 0,
        start_time: 0,
        end_time: seconds,
      },
    ],
  });
  await say(control, DISPLAY_RESULTS);
  await readExactly(control, 1);
  isOver = true;
  control.close();
  stream.reset();
  await draining;
  return (measured * 8) / seconds;
}

async function accepted(listener: Listener): Promise<Connection> {
  const connection = await listener.accept();
  if (connection === null) throw new Error("The listener was closed");
  return connection;
}

async function say(connection: Connection, state: number): Promise<void> {
  await connection.write(Uint8Array.of(state));
}

async function readExactly(connection: Connection, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; ) {
    const count = await connection.readInto(bytes.subarray(at));
    if (count === 0) throw new Error("iperf3 went away");
    at += count;
  }
  return bytes;
}

async function readJson(connection: Connection): Promise<void> {
  await readExactly(connection, getBe32(await readExactly(connection, 4), 0));
}

async function writeJson(connection: Connection, value: object): Promise<void> {
  const text = new TextEncoder().encode(JSON.stringify(value));
  const length = new Uint8Array(4);
  setBe32(length, 0, text.length);
  await connection.write(length);
  await connection.write(text);
}
