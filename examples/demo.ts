// The main job in a few seconds (`npm run demo`): two namespaces, a veth pair between them, addresses of both families,
// pings, statistics and a capture – every step a command that can be typed. It uses a daemon of its own and leaves nothing
// behind but the capture.

import type { ChildProcess, StdioOptions } from "node:child_process";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const uveth = fileURLToPath(new URL("../../bin/uveth", import.meta.url));
const captureFile = "uveth-demo.pcapng";
const isTerminal = process.stdout.isTTY;

/** Two hosts on one wire; `nodad` spares the second that duplicate address detection waits. */
const preparation = [
  "ip netns add red",
  "ip netns add blue",
  "ip -n red link add eth0 type veth peer name eth0 netns blue",
  "ip -n red addr add 10.0.0.1/24 dev eth0",
  "ip -n red addr add fd00::1/64 dev eth0 nodad",
  "ip -n red link set eth0 up",
  "ip -n blue addr add 10.0.0.2/24 dev eth0",
  "ip -n blue addr add fd00::2/64 dev eth0 nodad",
  "ip -n blue link set eth0 up",
] as const;
const pings = [
  "ip netns exec red uveth ping -c 3 -i 0.1 10.0.0.2",
  "ip netns exec red uveth ping -c 3 -i 0.1 fd00::2",
] as const;
/** One command for both ends: hosts speak by themselves now and then, and what is counted between two would differ. */
const look = "ip -all netns exec uveth ip -s link show eth0";

const folder = mkdtempSync(join(tmpdir(), "uveth-demo-"));
const env = { ...process.env, UVETH_SOCKET: join(folder, "daemon.sock") };
let isInterrupted = false;
process.on("SIGINT", () => {
  isInterrupted = true;
});
try {
  await demo();
} finally {
  await run("daemon stop", { isShown: false });
  rmSync(folder, { recursive: true, force: true });
}

async function demo(): Promise<void> {
  for (const line of preparation) await run(line);
  const capture = start(`ip netns exec red uveth capture -w ${captureFile}`);
  await listening(capture.child);
  for (const line of pings) await run(line);
  capture.child.kill("SIGINT");
  await capture.ended;
  await run(look);
  explain();
}

/** Waits until a capture says that it is in place, and lets the rest it says pass. */
function listening(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    child.stderr?.on("data", (text: Buffer) => {
      process.stderr.write(text);
      if (text.includes("listening")) resolve();
    });
    child.on("close", () => reject(new Error("The capture ended before it began")));
  });
}

/** Runs one command line of uveth and shows it with its output; a failure ends the demo. */
async function run(line: string, { isShown = true } = {}): Promise<void> {
  const { ended } = start(line, isShown);
  const code = await ended;
  if (isInterrupted && isShown) throw new Error("Interrupted");
  if (code !== 0 && isShown) throw new Error(`"uveth ${line}" ended with code ${code}`);
}

function start(line: string, isShown = true) {
  if (isShown) console.log(isTerminal ? `\u001b[1m$ uveth ${line}\u001b[0m` : `$ uveth ${line}`);
  const stdio: StdioOptions = isShown
    ? ["inherit", "inherit", line.includes("capture") ? "pipe" : "inherit"]
    : "ignore";
  const child = spawn(process.execPath, [uveth, ...line.split(" ")], { env, stdio });
  const ended = once(child, "close").then(([code]) => Number(code));
  return { child, ended };
}

/** What was seen, and what to type next. */
function explain(): void {
  const command = relative(process.cwd(), uveth);
  console.log(`
Two network namespaces talked over a veth pair that no kernel made: no root, no module, no container.
"ip" and "ping" printed what they print on Linux; the counters of both ends mirror each other.
Every frame that red's eth0 saw is in ${captureFile}: open it with Wireshark, or "tcpdump -nr ${captureFile}".
Make your own: "${command} ip netns add red" starts a daemon by itself; "${command} daemon stop" ends it.
Next: "${command} --help", and the examples in README.md.`);
}
