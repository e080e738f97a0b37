// What: programs of the system run in a namespace of the machine as they would in one of the kernel's, and one truth is seen
// from both sides.
//
//   netns red [v0]──────[v1] netns blue        ip, ping, sh … inside, `uveth ip` outside
//
// Source: the live kernel, whose namespaces these are. Devices take /dev/net/tun, which is root's alone on some systems; what an
// ordinary user has of them is in exec-user.node.test.ts.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect } from "vitest";
import { nativeMissing, withReason } from "../fixtures/native-missing.ts";
import type { Place, Run } from "./uveth.ts";
import { COMMAND, test } from "./uveth.ts";

const pair = `netns add red
netns add blue
link add v0 netns red type veth peer name v1 netns blue
`;

/** A pair whose ends are up in red and blue, with addresses 10.0.0.1 and 10.0.0.2, fd00::1 and fd00::2. */
async function addPair(place: Place): Promise<void> {
  await batch(place, [], pair);
  for (const [netns, dev, host] of [
    ["red", "v0", 1],
    ["blue", "v1", 2],
  ] as const) {
    const address = (prefix: string) => `addr add ${prefix} dev ${dev}\n`;
    await batch(
      place,
      ["-n", netns],
      `${address(`10.0.0.${host}/24`)}${address(`fd00::${host}/64 nodad`)}link set ${dev} up\n`,
    );
  }
}

/** Runs lines of `ip`, which must all succeed. */
async function batch(place: Place, options: readonly string[], lines: string): Promise<void> {
  const file = join(place.folder, "daemon.log.batch");
  writeFileSync(file, lines);
  await place.ok("ip", ...options, "-batch", file);
  rmSync(file);
}

/** Runs a line of the shell in a namespace. */
function inside(place: Place, netns: string, line: string): Promise<Run> {
  return place.uveth("exec", netns, "--", "sh", "-c", line);
}

describe.skipIf(nativeMissing !== undefined)(withReason("uveth exec", nativeMissing), () => {
  test("carries pings of both families, and shows the same addresses, routes and neighbours on both sides", async ({
    place,
  }) => {
    await addPair(place);
    await batch(
      place,
      ["-n", "red"],
      `route add 10.9.0.0/16 via 10.0.0.2 metric 7
route add fd09::/48 via fd00::2
neigh add 10.0.0.9 lladdr 02:00:00:00:00:09 dev v0
route add 10.11.0.0/16 nexthop via 10.0.0.2 nexthop via 10.0.0.3 weight 2
nexthop add id 5 via 10.0.0.2 dev v0
nexthop add id 3 group 5
route add 10.12.0.0/16 nhid 3
rule add from 10.9.0.0/16 table 77 pref 100
rule del pref 32767
`,
    );
    await place.ok(
      "sysctl",
      "--netns",
      "red",
      "-w",
      "net.ipv4.ip_forward=1",
      "net.ipv4.conf.v0.forwarding=0",
    );
    await inside(place, "blue", "true");
    const pings = await inside(place, "red", "ping -qc 1 10.0.0.2 && ping -qc 1 fd00::2");
    expect(pings).toMatchObject({ code: 0, stderr: "" });
    const words = ["addr show dev v0", "route", "route show table all", "rule", "nexthop"];
    const told = await inside(
      place,
      "red",
      `for words in ${words.map((word) => `'${word}'`).join(" ")}; do ip $words; done`,
    );
    const file = join(place.folder, "daemon.log.batch");
    writeFileSync(file, words.map((word) => `${word}\n`).join(""));
    const outside = await place.ok("ip", "-n", "red", "-batch", file);
    rmSync(file);
    // The link itself is another thing on either side, and its own address may still be looked into.
    const apart = /^.*( mtu |link\/ether |local fe80).*\n/gm;
    const plain = (text: string) => text.replace(apart, "").replace(" tentative", "");
    expect(plain(outside)).toBe(plain(told.stdout));
    const { stdout: routes } = await inside(
      place,
      "red",
      "ip route; ip -6 route; ip neigh show nud permanent",
    );
    expect(routes).toContain("10.12.0.0/16 nhid 3");
    const settings = ["net.ipv4.ip_forward", "net.ipv4.conf.v0.forwarding", "net.ipv4.conf.lo.forwarding"];
    expect(await place.ok("sysctl", "--netns", "red", "-n", ...settings)).toBe("1\n0\n1\n");
    expect((await inside(place, "red", `sysctl -nw net.ipv4.ip_forward=0 ${settings[1]}=1`)).stdout).toBe(
      "0\n1\n",
    );
    expect(await place.ok("sysctl", "--netns", "red", "-n", ...settings)).toBe("0\n1\n0\n");
    expect(routes).toContain("10.9.0.0/16 via 10.0.0.2 dev v0 metric 7");
    expect(routes).toContain("fd09::/48 via fd00::2 dev v0");
    expect(routes).toContain("10.0.0.9 dev v0 lladdr 02:00:00:00:00:09");
    const files = ["/proc/net/route", "/proc/net/fib_trie"];
    const shown = await place.uveth("run", "-n", "red", "--", "cat", ...files);
    expect(shown).toMatchObject({ code: 0, stderr: "" });
    expect(shown.stdout).toBe((await inside(place, "red", `cat ${files.join(" ")}`)).stdout);
    expect(shown.stdout).toContain("v0\t0000090A\t0200000A");
  });

  test("gives a program its exit code, its signal, its folder, its standard streams and its own network", async ({
    place,
  }) => {
    await addPair(place);
    const exec = (...words: readonly string[]) => place.uveth("exec", "red", ...words);
    expect(await exec("--", "sh", "-c", "echo out; echo err >&2; pwd; exit 42")).toEqual({
      code: 42,
      stdout: `out\n${process.cwd()}\n`,
      stderr: "err\n",
    });
    expect(await exec("nosuch")).toEqual({
      code: 127,
      stdout: "",
      stderr: 'uveth: Cannot run "nosuch": No such file or directory\n',
    });
    expect((await exec("/etc")).code).toBe(126);
    const child = spawn(process.execPath, [COMMAND, "exec", "red", "cat"], { env: place.env });
    child.stdin.end("through");
    expect(String(await once(child.stdout, "data"))).toBe("through");
    const asleep = spawn(process.execPath, [COMMAND, "exec", "red", "sh", "-c", "echo up; exec sleep 99"], {
      env: place.env,
      stdio: ["ignore", "pipe", "inherit"],
    });
    await once(asleep.stdout, "data");
    asleep.kill("SIGTERM");
    expect(await once(asleep, "exit")).toEqual([null, "SIGTERM"]);
    expect((await exec("ls", "/sys/class/net")).stdout).toBe("lo\nv0\n");
    expect((await exec("sh", "-c", "echo $$")).stdout.length).toBeLessThan(4);
    expect(await place.uveth("exec", "nosuch", "true")).toMatchObject({
      code: 1,
      stderr: 'Cannot open network namespace "nosuch": No such file or directory\n',
    });
    expect((await place.uveth("exec", "red")).code).toBe(255);
  });

  test("leaves a detached program running until its namespace is deleted", async ({ place }) => {
    await addPair(place);
    await place.ok("exec", "-d", "blue", "--", "sleep", "4242");
    const sleeping = () => processesWith("sleep\x004242");
    await expect.poll(sleeping).toHaveLength(1);
    await place.ok("ip", "netns", "del", "blue");
    await expect.poll(sleeping).toEqual([]);
    expect(await place.ok("ip", "-n", "red", "link")).not.toContain("v0");
  });

  test.for(["daemon", "holder", "client"])(
    "leaves nothing when the %s is killed",
    async (victim, { place }) => {
      await addPair(place);
      await inside(place, "blue", "true");
      const client = spawn(
        process.execPath,
        [COMMAND, "exec", "red", "sh", "-c", "echo up; sleep 4343; true"],
        {
          env: place.env,
          stdio: ["ignore", "pipe", "inherit"],
        },
      );
      await once(client.stdout, "data");
      const before = namespacesOf(place);
      expect(before.size).toBe(2);
      const status = await place.status();
      const [sleeper = 0] = processesWith("sleep\x004343");
      if (victim === "daemon") process.kill(Number(status["pid"]), "SIGKILL");
      else if (victim === "client") client.kill("SIGKILL");
      else process.kill(firstProcessOf(sleeper), "SIGKILL");
      await once(client, "exit");
      if (victim === "client") {
        // The program goes with its client; what it started goes with the namespace.
        await place.ok("ip", "netns", "del", "red");
      }
      await expect.poll(() => processesWith("sleep\x004343")).toEqual([]);
      if (victim === "daemon") {
        await place.ended();
        // A daemon that was killed leaves its socket and lock, which the next one takes over.
        await place.uveth("daemon", "restart");
      } else await expect.poll(() => namespacesOf(place).size).toBe(1);
      if (victim === "holder") {
        // The links are there still, and the next program begins anew.
        expect((await inside(place, "red", "ip -o link show v0")).stdout).toContain(
          "v0: <BROADCAST,MULTICAST,UP",
        );
      }
    },
  );
});

/** Process ids whose command line is these words, each but the last with a NUL behind it. */
function processesWith(words: string): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => read(`/proc/${pid}/cmdline`) === `${words}\0`)
    .map(Number);
}

/** The network namespaces that processes of a place are in, other than this one. */
function namespacesOf(place: Place): Set<number> {
  const own = statSync("/proc/self/ns/net").ino;
  const all = place.processes().flatMap((pid) => {
    try {
      return [statSync(`/proc/${pid}/ns/net`).ino];
    } catch {
      return [];
    }
  });
  return new Set(all.filter((inode) => inode !== own));
}

/** The process that is number 1 where `pid` lives. */
function firstProcessOf(pid: number): number {
  const inode = statSync(`/proc/${pid}/ns/pid`).ino;
  const found = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .find((each) => {
      const isThere = existsSync(`/proc/${each}/ns/pid`) && statSync(`/proc/${each}/ns/pid`).ino === inode;
      return isThere && /^NSpid:\s+\d+\s+1$/m.test(read(`/proc/${each}/status`));
    });
  return Number(found);
}

function read(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return "";
  }
}
