// tcp, against the kernel: iperf3 sends from the kernel's TCP through a TAP to uveth's, and, in the same run, to iperf3 over a
// veth pair of the kernel.

import { spawn, spawnSync } from "node:child_process";
import { realTime } from "../src/attach/index.ts";
import { attachTap } from "../src/attach/node/attach-tap.ts";
import { Tap } from "../src/attach/node/tap.ts";
import { loadTapCalls } from "../src/attach/node/tap-calls.ts";
import { TapLoop } from "../src/attach/node/tap-loop.ts";
import { createMachine } from "../src/index.ts";
import { serveIperf3 } from "./iperf3.ts";
import type { BenchContext } from "./main.ts";
import { compare } from "./rounds.ts";

const seconds = 2;
const port = "5201";

export async function run({ rounds = 3, hasKernel, report, say }: BenchContext): Promise<void> {
  if (!hasKernel || spawnSync("iperf3", ["--version"]).status !== 0) {
    console.error("tcp-tap: left out, it takes namespaces and iperf3");
    return;
  }
  say("tcp/iperf3 through a TAP");
  const machine = createMachine(realTime());
  const [red, outside] = [await machine.netns("red"), await machine.netns("outside")];
  await red.link.add({ kind: "veth", name: "v0", isUp: true, peer: { name: "v1", netns: "outside" } });
  await outside.link.set("v1", { isUp: true });
  await red.addr.add("10.9.0.1/24", { dev: "v0" });
  const dev = machine.core.netnsNames.get("outside")?.names.get("v1");
  if (dev === undefined) throw new Error("No v1");
  const calls = await loadTapCalls();
  const loop = await TapLoop.open(calls, machine.core);
  attachTap(loop, Tap.open(calls, { name: "t0" }), dev);
  for (const line of ["link set lo up", "addr add 10.9.0.2/24 dev t0", "link set t0 up"]) ip(line);
  const other = spawn("unshare", ["-n", "sleep", "600"], { stdio: "ignore" });
  await new Promise((resolve) => setTimeout(resolve, 200));
  ip(`link add k0 type veth peer name k1 netns ${other.pid}`);
  for (const line of ["addr add 10.8.0.2/24 dev k0", "link set k0 up"]) ip(line);
  const inside = ["-t", String(other.pid), "-n"];
  for (const line of ["link set lo up", "addr add 10.8.0.1/24 dev k1", "link set k1 up"]) {
    spawnSync("nsenter", [...inside, "ip", ...line.split(" ")]);
  }
  const listener = red.listen({ port: Number(port) });
  const uveth = async () => {
    const [figure] = await Promise.all([serveIperf3(listener), iperf3("10.9.0.1")]);
    return figure;
  };
  const kernel = async () => {
    const server = spawn("nsenter", [...inside, "iperf3", "-s", "-1", "-p", port], { stdio: "ignore" });
    await new Promise((resolve) => setTimeout(resolve, 200));
    const text = await iperf3("10.8.0.1");
    server.kill();
    return Number(JSON.parse(text).end.sum_received.bits_per_second);
  };
  const name = "tcp/iperf3 through a TAP";
  report(await compare({ name, unit: "bit/s", isMoreBetter: true, uveth, peers: { kernel } }, rounds));
  listener.close();
  dev.rxHandler = null;
  loop.close();
  machine.close();
  other.kill();
}

async function iperf3(host: string): Promise<string> {
  const client = spawn("iperf3", ["-c", host, "-p", port, "-t", String(seconds), "-J"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let text = "";
  for await (const part of client.stdout) text += String(part);
  return text;
}

function ip(line: string): void {
  const { status, stderr } = spawnSync("ip", line.split(" "), { encoding: "utf8" });
  if (status !== 0) throw new Error(`ip ${line}: ${stderr}`);
}
