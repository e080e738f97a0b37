// What: `uveth attach` on the daemon: a device whose wire leads outside, what `ip` shows of it, what is refused, that nothing stays.
//
// Source: the live kernel's TAP for what the unmodified `ip` shows and refuses; without root that part is skipped.

import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { describe, expect } from "vitest";
import { canMakeNamespaces } from "../parity/kernel-child.ts";
import { isArpReply, requestFor2 } from "../tap.ts";
import { COMMAND, test } from "./uveth.ts";

describe("uveth attach", () => {
  test("joins a program to a bridge, until the device goes", async ({ place }) => {
    const path = join(place.folder, "vm.sock");
    for (const line of [
      "ip netns add sw",
      "ip -n sw link add br0 type bridge",
      "ip -n sw link set br0 up",
      "ip -n sw addr add 10.0.0.2/24 dev br0",
      `attach -n sw vm0 listen:${path}`,
      "ip -n sw link set vm0 master br0 up",
    ]) {
      await place.ok(...line.split(" "));
    }
    const socket = connect(path);
    const frames: Buffer[] = [];
    socket.on("data", (bytes) => frames.push(bytes));
    await once(socket, "connect");
    const request = Buffer.alloc(4 + requestFor2.length);
    request.writeUInt32BE(requestFor2.length);
    request.set(requestFor2, 4);
    socket.write(request);
    await expect.poll(() => framesOf(Buffer.concat(frames)).some(isArpReply)).toBe(true);
    expect(await place.ok("bridge", "-n", "sw", "fdb", "show", "dev", "vm0")).toContain(
      "02:00:00:00:00:09 master br0",
    );
    expect(await place.ok("ip", "-n", "sw", "-d", "link", "show", "vm0")).toMatch(`alias listen:${path}\n`);
    await place.ok("ip", "-n", "sw", "link", "del", "vm0");
    await expect.poll(() => socket.closed).toBe(true);
    await expect.poll(() => existsSync(path)).toBe(false);
  });

  test("understands paths as whoever types them", async ({ place }) => {
    await place.ok("ip", "netns", "add", "sw");
    const { status, stderr } = spawnSync(
      process.execPath,
      [COMMAND, "attach", "-n", "sw", "vm0", "listen:./vm.sock"],
      {
        cwd: place.folder,
        env: place.env,
        encoding: "utf8",
      },
    );
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(existsSync(join(place.folder, "vm.sock"))).toBe(true);
    await place.ok("ip", "netns", "del", "sw");
    await expect.poll(() => existsSync(join(place.folder, "vm.sock"))).toBe(false);
  });

  test("is what a program is pointed to that would make a TAP of the host", async ({ place }) => {
    const { stdout, stderr } = await place.uveth(
      "run",
      "--",
      "sh",
      "-c",
      "ip tuntap add dev uveth-tap mode tap; echo $?",
    );
    expect(stdout).toBe("1\n");
    expect(stderr).toContain("uveth attach makes one in a uveth namespace");
    expect(stderr).toMatch(/^open: No such device$/m);
    expect(existsSync("/sys/class/net/uveth-tap")).toBe(false);
  });

  test("refuses in a sentence, and leaves nothing", async ({ place }) => {
    await place.ok("ip", "netns", "add", "sw");
    const none = join(place.folder, "none.sock");
    const refusals = [
      [`vm0 connect:${none}`, `Cannot connect to ${none}: No such file or directory`],
      [
        "vm0 carrier:pigeon",
        '"carrier:pigeon" is no endpoint: it begins with listen:, connect:, dgram:, udp: or vde:',
      ],
      [`lo listen:${none}`, 'There is a device "lo" already'],
      [`mtu 65522 vm0 listen:${none}`, "mtu greater than device maximum"],
      [`mtu 67 vm0 listen:${none}`, "mtu less than device minimum"],
      [`-n nope vm0 listen:${none}`, 'There is no namespace "nope"'],
    ];
    for (const [words = "", sentence = ""] of refusals) {
      const { code, stderr } = await place.uveth("attach", "-n", "sw", ...words.split(" "));
      expect({ words, code, stderr }).toEqual({ words, code: 1, stderr: `attach: ${sentence}\n` });
    }
    expect(await place.ok("ip", "-n", "sw", "-br", "link")).toMatch(/^lo .*\n$/);
    const { code, stderr } = await place.uveth("attach", "vm0");
    expect({ code, stderr: stderr.split("\n")[0] }).toEqual({
      code: 1,
      stderr: "attach: An endpoint is missing",
    });
    expect(stderr).toContain("Usage: uveth attach");
  });
});

/** Lines about a TAP, whether it is the kernel's or one of uveth's. */
const lines = [
  "ip -d link show vm0",
  "ip -d -j link show vm0",
  "ip link set vm0 mtu 65522",
  "ip link set vm0 mtu 67",
  "ip link set vm0 mtu 65521",
  "ip link set vm0 type tun",
  "ip link add other type tun",
  "ip link set vm0 up",
  "ip -d link show vm0",
  "ip link set vm0 name vm1",
  "ethtool -i vm1",
  "ethtool vm1",
  "ethtool -k vm1",
  "ethtool -S vm1",
  "ip link del vm1",
];

test.skipIf(!canMakeNamespaces)("a TAP is to ip and ethtool what the kernel's is", async ({ place }) => {
  const script = lines.map((line) => `${line} 2>&1; echo "= $?"`).join("\n");
  const kernel = spawnSync(
    "unshare",
    ["-n", "sh", "-c", `ip tuntap add dev vm0 mode tap && { ${script}\n}`],
    {
      encoding: "utf8",
    },
  );
  await place.ok("ip", "netns", "add", "sw");
  await place.ok("attach", "-n", "sw", "vm0", `listen:${join(place.folder, "vm.sock")}`);
  await place.ok("ip", "-n", "sw", "link", "set", "vm0", "alias", "");
  const { stdout } = await place.uveth("run", "-n", "sw", "--", "sh", "-c", script);
  expect(masked(stdout)).toBe(masked(kernel.stdout));
});

/**
 * Without what is drawn, whether the device outlives its holder, which here it does not, and the level of messages in a kernel's
 * log, of which there is none here.
 */
function masked(text: string): string {
  return text
    .replaceAll(/([0-9a-f]{2}:){5}[0-9a-f]{2}/g, (mac) => (mac === "ff:ff:ff:ff:ff:ff" ? mac : "MAC"))
    .replaceAll(/^ +Current message level: .*\n +\n/gm, "")
    .replaceAll(/persist (on|off)/g, "persist")
    .replaceAll(/"persist":(true|false)/g, '"persist"');
}

function framesOf(bytes: Buffer): Buffer[] {
  const frames: Buffer[] = [];
  for (let at = 0; at + 4 <= bytes.length; ) {
    const end = at + 4 + bytes.readUInt32BE(at);
    if (end > bytes.length) break;
    frames.push(bytes.subarray(at + 4, end));
    at = end;
  }
  return frames;
}
