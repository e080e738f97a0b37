// npm run soak: hosts that real programs run in come and go for minutes, as a user's would, and what stays behind is counted;
// ends with 1 when there was a leftover, or the daemon grew.
//
// A cycle makes hosts on a bridge, runs programs in them that end, that stay and that are killed, and deletes all of it; every
// tenth one ends the daemon by SIGKILL or by "daemon stop" in the midst of it, and looks for what is left of its processes. The
// daemon's memory and descriptors are read after each cycle, when it holds nothing.

import { rmSync } from "node:fs";
import { commandLine } from "../command-line.ts";
import { Growth } from "./growth.ts";
import { Place } from "./place.ts";

const USAGE = `Usage: npm run soak -- [--minutes N] [--hosts N]
Lets hosts with real programs come and go, and counts what stays behind; exit code 1 when there was a leftover, or the daemon grew.
  --minutes N  how long, 10 by default
  --hosts N    how many at once, 4 by default`;

const { values } = commandLine(USAGE, {
  minutes: { type: "string", default: "10" },
  hosts: { type: "string", default: "4" },
});
const minutes = Number(values.minutes);
const hosts = Number(values.hosts);
const restartInterval = 10;

const lasting = new Place();
const passing = new Place();
const growth = new Growth();
const complaints: string[] = [];
const began = performance.now();
const end = began + minutes * 60_000;
let cycles = 0;
let restarts = 0;
let toldMs = began;

try {
  for (; performance.now() < end && complaints.length === 0; cycles++) {
    await cycle(lasting);
    growth.add(lasting.use());
    complaints.push(...(await lasting.leftovers(1)));
    if (cycles % restartInterval === restartInterval - 1) {
      await hostsUp(passing);
      await passing.endDaemon(restarts % 2 === 0 ? "kill" : "stop");
      complaints.push(...(await passing.leftovers(0)));
      restarts++;
    }
    if (performance.now() - toldMs < 30_000) continue;
    toldMs = performance.now();
    const sofar = ((toldMs - began) / 60_000).toFixed(1);
    console.log(`${sofar} of ${minutes} minutes, ${cycles + 1} cycles, ${growth}`);
  }
  complaints.push(...growth.complaints());
  await lasting.endDaemon("stop");
  complaints.push(...(await lasting.leftovers(0)));
} finally {
  for (const place of [lasting, passing]) {
    await place.endDaemon("kill");
    rmSync(place.folder, { recursive: true, force: true });
  }
}
for (const complaint of complaints) console.log(`FAIL ${complaint}`);
console.log(
  `${complaints.length === 0 ? "ok" : "FAIL"}: ${cycles} cycles, ${restarts} daemons ended amidst, ${growth}`,
);
process.exitCode = complaints.length === 0 ? 0 : 1;

/** Makes hosts on a bridge and leaves a program running in each. */
async function hostsUp(place: Place): Promise<void> {
  const all = Array.from({ length: hosts }, (_, index) => index + 1);
  const made = all.map(
    (host) => `netns add h${host}\nlink add p${host} netns sw type veth peer name eth0 netns h${host}`,
  );
  const ports = all.map((host) => `link set p${host} master br0 up`);
  await place.uveth(["ip", "-batch", "-"], ["netns add sw", ...made].join("\n"));
  const bridge = ["link add br0 type bridge", "link set br0 up", ...ports];
  await place.uveth(["ip", "-n", "sw", "-batch", "-"], bridge.join("\n"));
  for (const host of all) {
    const inside = `ip addr add 10.0.0.${host}/24 dev eth0 && ip link set eth0 up && exec sleep 1000`;
    await place.uveth(["exec", "-d", `h${host}`, "--", "sh", "-c", inside]);
  }
}

async function cycle(place: Place): Promise<void> {
  await hostsUp(place);
  await place.uveth(["exec", "h1", "--", "ping", "-c", "1", "-w", "5", `10.0.0.${hosts}`]);
  await place.uveth(["exec", "h1", "--", "sh", "-c", "kill -9 $$"], "", "SIGKILL");
  const names = ["sw", ...Array.from({ length: hosts }, (_, index) => `h${index + 1}`)];
  await place.uveth(["ip", "-batch", "-"], names.map((name) => `netns del ${name}`).join("\n"));
}
