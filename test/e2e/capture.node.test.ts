// What: captures reach those who read them elsewhere: Wireshark through its extcap questions, anybody over TCP; a filter
// says which frames.
//
//   [v0]──────[v1]      uveth capture ─▶ FIFO, tcp://127.0.0.1:PORT
//
// Source: Wireshark's doc/extcap.adoc; draft-ietf-opsawg-pcapng; tcpdump, which reads what comes out.

import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { expect } from "vitest";
import type { Place } from "./uveth.ts";
import { COMMAND, test } from "./uveth.ts";

const hasTcpdump = spawnSync("tcpdump", ["--version"], { stdio: "ignore" }).status === 0;

/** A pair in the initial namespace, and one more namespace. */
async function makePair(place: Place): Promise<void> {
  const file = join(place.folder, "pair.batch");
  writeFileSync(
    file,
    `netns add red
link add v0 up type veth peer name v1
link set v1 up
addr add 10.0.0.1/24 dev v0
`,
  );
  await place.ok("ip", "-batch", file);
  rmSync(file);
}

/** Asks on the wire, in vain, who has an address. */
async function askForNobody(place: Place): Promise<void> {
  await place.uveth("ping", "-q", "-c", "1", "-W", "0.05", "10.0.0.9");
}

/** A capture that runs until it is told to end. */
async function startCapture(place: Place, words: readonly string[]) {
  const child = spawn(process.execPath, [COMMAND, ...words], {
    env: place.env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  child.stderr.on("data", (chunk) => {
    said += chunk;
  });
  const stop = async () => {
    child.kill("SIGTERM");
    await once(child, "close");
    return child.exitCode;
  };
  return { stop, said: () => said };
}

/** Somebody who reads a capture over TCP. */
interface Client {
  /** Bytes that have come. */
  size(): number;
  /** Resolves when the blocks that describe the capture have come, with how many bytes they have. */
  described(): Promise<number>;
  /** All that came. */
  readonly ended: Promise<Buffer>;
}

async function connectTo(port: number): Promise<Client> {
  const socket = connect(port, "127.0.0.1");
  const chunks: Buffer[] = [];
  const size = () => chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  socket.on("data", (chunk: Buffer) => chunks.push(chunk));
  const ended = once(socket, "close").then(() => Buffer.concat(chunks));
  const described = async () => {
    await expect.poll(size, { timeout: 10_000 }).toBeGreaterThan(0);
    return size();
  };
  await once(socket, "connect");
  return { size, described, ended };
}

/** What tcpdump reads out of a pcapng stream. */
function readBack(bytes: Buffer): string[] {
  const out = execFileSync("tcpdump", ["-tnr", "-"], { input: bytes, stdio: ["pipe", "pipe", "ignore"] });
  return String(out)
    .trim()
    .split("\n")
    .filter((line) => line !== "");
}

test("capture -w tcp:// hands the stream to whoever connects, from its header on", async ({
  place,
  skip,
}) => {
  if (!hasTcpdump) skip("tcpdump is not installed");
  await makePair(place);
  const port = 20_000 + (process.pid % 20_000);
  const words = ["capture", "-i", "v0", "-w", `tcp://127.0.0.1:${port}`, "arp"];
  const capture = await startCapture(place, words);
  await expect.poll(capture.said, { timeout: 10_000 }).toContain("listening");
  const early = await connectTo(port);
  const askAnew = async (client: Client, before: number) => {
    await expect
      .poll(
        async () => {
          await askForNobody(place);
          return client.size();
        },
        { timeout: 15_000 },
      )
      .toBeGreaterThan(before);
  };
  await askAnew(early, await early.described());
  const late = await connectTo(port);
  await askAnew(late, await late.described());
  expect(await capture.stop()).toBe(0);
  const asked = "ARP, Request who-has 10.0.0.9 tell 10.0.0.1, length 28";
  const [lines, lateLines] = [readBack(await early.ended), readBack(await late.ended)];
  expect(new Set(lines)).toEqual(new Set([asked]));
  expect(new Set(lateLines)).toEqual(new Set([asked]));
  expect(lateLines.length).toBeLessThan(lines.length);
});

test("capture -w tcp:// refuses an address that is none", async ({ place }) => {
  const { code, stderr } = await place.uveth("capture", "-w", "tcp://nowhere");
  expect(stderr).toBe('capture: tcp://nowhere: "tcp://nowhere" is not tcp://[HOST:]PORT\n');
  expect(code).toBe(1);
});

test("Wireshark's questions are answered when the command is started with nothing but options", async ({
  place,
}) => {
  await makePair(place);
  const listed = await place.ok("--extcap-interfaces", "--extcap-version=4.0");
  expect(listed.split("\n")).toEqual([
    expect.stringMatching(/^extcap \{version=\d+\.\d+\.\d+\}\{help=.*\}$/),
    "interface {value=uveth/-/any}{display=uveth: all devices}",
    "interface {value=uveth/-/lo}{display=uveth: lo}",
    "interface {value=uveth/-/v1}{display=uveth: v1}",
    "interface {value=uveth/-/v0}{display=uveth: v0}",
    "interface {value=uveth/red/any}{display=uveth: all devices in red}",
    "interface {value=uveth/red/lo}{display=uveth: lo in red}",
    "",
  ]);
  expect(await place.ok("--extcap-dlts", "--extcap-interface", "uveth/-/v0")).toBe(
    "dlt {number=1}{name=EN10MB}{display=Ethernet}\n",
  );
  const filtered = ["--extcap-interface=uveth/-/v0", "--extcap-capture-filter"];
  expect(await place.ok(...filtered, "tcp port 80")).toBe("");
  expect(await place.uveth(...filtered, "tcp port")).toEqual({
    code: 1,
    stdout: "",
    stderr: "can't parse filter expression: syntax error\n",
  });
});

test("Wireshark's capture goes into its FIFO until SIGTERM", async ({ place, skip }) => {
  if (!hasTcpdump) skip("tcpdump is not installed");
  await makePair(place);
  const fifo = join(place.folder, "fifo");
  execFileSync("mkfifo", [fifo]);
  const reader = spawn("cat", [fifo], { stdio: ["ignore", "pipe", "inherit"] });
  const chunks: Buffer[] = [];
  reader.stdout.on("data", (chunk) => chunks.push(chunk));
  const ended = once(reader, "close");
  const words = [
    "--capture",
    "--extcap-interface",
    "uveth/-/v0",
    "--fifo",
    fifo,
    "--extcap-capture-filter",
    "arp",
  ];
  const capture = await startCapture(place, words);
  const bytes = () => chunks.reduce((size, chunk) => size + chunk.length, 0);
  await expect.poll(bytes, { timeout: 10_000 }).toBeGreaterThan(0);
  const header = bytes();
  // Once the tap is in place, something comes through.
  const askAnew = async () => {
    await askForNobody(place);
    return bytes();
  };
  await expect.poll(askAnew, { timeout: 10_000 }).toBeGreaterThan(header);
  expect(await capture.stop()).toBe(0);
  await ended;
  const lines = readBack(Buffer.concat(chunks));
  expect(lines.length).toBeGreaterThan(0);
  expect(lines.every((line) => line.startsWith("ARP, "))).toBe(true);
  rmSync(fifo);
});
