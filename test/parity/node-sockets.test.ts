// What: sockets of a namespace do what node:net and node:dgram do on Linux: the same errors, the same events in the same order.
//
//   [v0] 10.0.0.1/24, fd00::1/64 ────[v1], both in one namespace, and its lo
//
// Source: node:net and node:dgram on the live kernel, which wrote the expectations; tcp(7), udp(7), ip(7), socket(7).

import { execFileSync } from "node:child_process";
import { closeSync } from "node:fs";
import { expect, test } from "vitest";
import { loadLibc } from "../../src/attach/node/libc.ts";
import { newKernelNetns } from "../kernel-netns.ts";
import { canMakeNamespaces } from "./kernel-child.ts";
import type { Side, TestStream } from "./node-sockets.ts";
import { kernelSide, uvethSide, watch } from "./node-sockets.ts";

/** Registers `body` on both sides; it writes lines, which must be `expected` on each. */
function both(
  text: string,
  body: (side: Side, say: (line: string) => void) => Promise<void>,
  expected: string[],
): void {
  test(`kernel: ${text}`, { timeout: 20_000 }, async (context) => {
    if (!canMakeNamespaces()) return context.skip("making a namespace takes root");
    const fd = await newKernelNetns(await loadLibc());
    const setUp = [
      "link set lo up",
      "link add v0 type veth peer name v1",
      "link set v0 up",
      "link set v1 up",
      "addr add 10.0.0.1/24 dev v0",
      "addr add fd00::1/64 dev v0 nodad",
    ];
    for (const line of setUp) execFileSync("ip", line.split(" "));
    await run(kernelSide());
    closeSync(fd);
  });
  test(`uveth: ${text}`, async () => {
    await run(await uvethSide());
  });

  async function run(side: Side): Promise<void> {
    const lines: string[] = [];
    try {
      await body(side, (line) => lines.push(line));
    } finally {
      await side.close();
    }
    expect(lines).toEqual(expected);
  }
}

both(
  "where TCP may listen, and who is refused",
  async ({ listen }, say) => {
    const first = await listen({ host: "127.0.0.1", port: 80 });
    say(`at 127.0.0.1: ${first.errno || first.host}`);
    const hosts = [
      "127.0.0.1",
      "0.0.0.0",
      "::",
      "10.0.0.1",
      "10.0.0.9",
      "fd00::9",
      "fe80::1",
      "ff02::1",
      "ff0e::1",
    ];
    for (const host of [...hosts, "224.0.0.1", "10.0.0.255", "255.255.255.255"]) {
      const other = await listen({ host, port: 80 });
      say(`at ${host} too: ${other.errno}`);
      other.close();
    }
    first.close();
  },
  [
    "at 127.0.0.1: 127.0.0.1",
    "at 127.0.0.1 too: EADDRINUSE",
    "at 0.0.0.0 too: EADDRINUSE",
    "at :: too: EADDRINUSE",
    "at 10.0.0.1 too: ",
    "at 10.0.0.9 too: EADDRNOTAVAIL",
    "at fd00::9 too: EADDRNOTAVAIL",
    "at fe80::1 too: EINVAL",
    "at ff02::1 too: EINVAL",
    "at ff0e::1 too: EINVAL",
    "at 224.0.0.1 too: ",
    "at 10.0.0.255 too: ",
    "at 255.255.255.255 too: ",
  ],
);

both(
  "who connects where nobody is, or from where it may not",
  async ({ connect, listen, sleep }, say) => {
    const server = await listen({ host: "127.0.0.1", port: 80 });
    const tries = [
      { host: "127.0.0.1", port: 81 },
      { host: "::1", port: 80 },
      { host: "0.0.0.0", port: 80 },
      { host: "192.0.2.1", port: 80 },
      { host: "2001:db8::1", port: 80 },
      { host: "224.0.0.1", port: 80 },
      { host: "10.0.0.255", port: 80 },
      { host: "255.255.255.255", port: 80 },
      { host: "ff02::1", port: 80 },
      { host: "fe80::1", port: 80 },
      { host: "127.0.0.1", port: 80, localAddress: "10.0.0.9" },
      { host: "127.0.0.1", port: 80, localAddress: "10.0.0.1" },
      { host: "127.0.0.1", port: 80, localPort: 80, localAddress: "127.0.0.1" },
      { host: "127.0.0.1", port: 80, localPort: 80 },
      { host: "127.0.0.1", port: 80, localPort: 81, localAddress: "127.0.0.1" },
      { host: "127.0.0.1", port: 80, localPort: 81, localAddress: "127.0.0.1" },
      { host: "::", port: 80 },
    ];
    // All stay open to the end: how soon the addresses of one that is closed may be had again, its last acknowledgement decides.
    const sockets: TestStream[] = [];
    for (const options of tries) {
      const socket = connect(options);
      sockets.push(socket);
      const log = watch(socket);
      await sleep(30);
      const from = options.localAddress === undefined ? "" : ` from ${options.localAddress}`;
      const port = options.localPort === undefined ? "" : ` port ${options.localPort}`;
      say(`${options.host} ${options.port}${from}${port}: ${log[0] ?? "–"}`);
    }
    for (const socket of sockets) socket.destroy();
    server.close();
  },
  [
    "127.0.0.1 81: error ECONNREFUSED",
    "::1 80: error ECONNREFUSED",
    "0.0.0.0 80: connect",
    "192.0.2.1 80: error ENETUNREACH",
    "2001:db8::1 80: error ENETUNREACH",
    "224.0.0.1 80: error ENETUNREACH",
    "10.0.0.255 80: error ENETUNREACH",
    "255.255.255.255 80: error ENETUNREACH",
    "ff02::1 80: error ENETUNREACH",
    "fe80::1 80: error EINVAL",
    "127.0.0.1 80 from 10.0.0.9: error EADDRNOTAVAIL",
    "127.0.0.1 80 from 10.0.0.1: connect",
    "127.0.0.1 80 from 127.0.0.1 port 80: error EADDRINUSE",
    "127.0.0.1 80 port 80: error EADDRINUSE",
    "127.0.0.1 80 from 127.0.0.1 port 81: connect",
    "127.0.0.1 80 from 127.0.0.1 port 81: error EADDRNOTAVAIL",
    ":: 80: error ECONNREFUSED",
  ],
);

/** Both ends of a connection to a server of its own, and what each sees. */
async function pairOf(
  { connect, listen, sleep }: Side,
  options: { readonly allowHalfOpen?: boolean } = {},
): Promise<{ client: TestStream; server: TestStream; seen: string[]; close: () => void }> {
  const listener = await listen({ host: "127.0.0.1", port: 80, ...options });
  const client = connect({ host: "127.0.0.1", port: 80, ...options });
  const seen: string[] = [];
  watch(client, (line) => seen.push(`client ${line}`));
  await sleep(20);
  const server = listener.accepted[0];
  if (server === undefined) throw new Error("Nobody was accepted");
  watch(server, (line) => seen.push(`server ${line}`));
  seen.length = 0;
  return { client, server, seen, close: () => listener.close() };
}

/** What one of the two has seen. */
function eventsOf(who: string, seen: readonly string[]): string {
  const mine = seen.filter((line) => line.startsWith(who)).map((line) => line.slice(who.length + 1));
  return `${who} ${mine.join(", ")}`;
}

both(
  "an end is answered by an end, unless halves may stay open",
  async (side, say) => {
    for (const allowHalfOpen of [false, true]) {
      const { client, server, seen, close } = await pairOf(side, { allowHalfOpen });
      client.end("last words");
      await side.sleep(30);
      if (allowHalfOpen) server.end("more");
      await side.sleep(30);
      for (const who of ["client", "server"]) say(`${allowHalfOpen}: ${eventsOf(who, seen)}`);
      client.destroy();
      server.destroy();
      close();
    }
  },
  [
    "false: client end, close",
    "false: server data last words, end, close",
    "true: client data more, end, close",
    "true: server data last words, end, close",
  ],
);

both(
  "a reset is told to who reads and to who writes",
  async (side, say) => {
    const first = await pairOf(side);
    first.client.resetAndDestroy();
    await side.sleep(30);
    say(`reset: ${eventsOf("server", first.seen)}`);
    first.close();
    const third = await pairOf(side, { allowHalfOpen: true });
    third.server.destroy();
    await side.sleep(30);
    third.client.write("to nobody");
    await side.sleep(30);
    third.client.write("once more");
    await side.sleep(30);
    say(`written to nobody: ${eventsOf("client", third.seen)}`);
    third.client.destroy();
    third.close();
  },
  ["reset: server error ECONNRESET, close", "written to nobody: client end, error EPIPE, close"],
);

both(
  "an abort signal ends a connection that is being made, and one that is",
  async ({ connect, listen, sleep }, say) => {
    const listener = await listen({ host: "127.0.0.1", port: 80 });
    for (const when of ["while", "after"]) {
      const controller = new AbortController();
      const socket = connect({ host: "127.0.0.1", port: 80, signal: controller.signal });
      const log = watch(socket);
      if (when === "while") controller.abort();
      await sleep(20);
      if (when === "after") controller.abort();
      await sleep(20);
      say(`${when}: ${log.join(", ")}`);
    }
    listener.close();
  },
  ["while: error ABORT_ERR, close", "after: connect, error ABORT_ERR, close"],
);

both(
  "where UDP may be bound",
  async ({ udp }, say) => {
    const first = await udp({ host: "127.0.0.1", port: 53 });
    const hosts = [
      "127.0.0.1",
      "0.0.0.0",
      "::",
      "10.0.0.1",
      "10.0.0.9",
      "fd00::9",
      "fe80::1",
      "ff02::1",
      "ff0e::1",
    ];
    for (const host of [...hosts, "224.0.0.1", "10.0.0.255", "255.255.255.255"]) {
      const other = await udp({ host, port: 53 });
      say(`${host}: ${other.errno}`);
      other.close();
    }
    first.close();
    const shared = await udp({ host: "127.0.0.1", port: 53, reuseAddr: true });
    const [same, alone] = [
      await udp({ host: "127.0.0.1", port: 53, reuseAddr: true }),
      await udp({ host: "127.0.0.1", port: 53 }),
    ];
    say(`shared: ${same.errno || "yes"}, with who does not share: ${alone.errno}`);
    for (const each of [shared, same, alone]) each.close();
  },
  [
    "127.0.0.1: EADDRINUSE",
    "0.0.0.0: EADDRINUSE",
    "::: EADDRINUSE",
    "10.0.0.1: ",
    "10.0.0.9: EADDRNOTAVAIL",
    "fd00::9: EADDRNOTAVAIL",
    "fe80::1: EINVAL",
    "ff02::1: EINVAL",
    "ff0e::1: ",
    "224.0.0.1: ",
    "10.0.0.255: ",
    "255.255.255.255: ",
    "shared: yes, with who does not share: EADDRINUSE",
  ],
);

both(
  "what UDP refuses to send, and what to set",
  async ({ udp, sleep }, say) => {
    const socket = await udp({ host: "0.0.0.0", port: 53 });
    const sent = async (size: number, host: string) =>
      say(`${size} to ${host}: ${await socket.send(size, host, 9)}`);
    await sent(10, "10.0.0.255");
    await sent(10, "255.255.255.255");
    await sent(65_507, "127.0.0.1");
    await sent(65_508, "127.0.0.1");
    await sent(10, "192.0.2.1");
    socket.setBroadcast(true);
    await sent(10, "10.0.0.255");
    say(`connect to a broadcast: ${await socket.connect("10.0.0.255", 9)}`);
    socket.disconnect();
    socket.setBroadcast(false);
    say(`connect to a broadcast that is not allowed: ${await socket.connect("10.0.0.255", 9)}`);
    for (const ttl of [0, 1, 255, 256]) say(`ttl ${ttl}: ${socket.setTtl(ttl)}`);
    for (const ttl of [0, 1, 255, 256]) say(`multicast ttl ${ttl}: ${socket.setMulticastTtl(ttl)}`);
    socket.close();
    const six = await udp({ host: "::", port: 53 });
    say(`65,528 over IPv6: ${await six.send(65_528, "::1", 9)}`);
    for (const ttl of [1, 255, 256]) say(`hops ${ttl}: ${six.setTtl(ttl)}`);
    six.close();
    await sleep(5);
  },
  [
    "10 to 10.0.0.255: EACCES",
    "10 to 255.255.255.255: ENETUNREACH",
    "65507 to 127.0.0.1: ",
    "65508 to 127.0.0.1: EMSGSIZE",
    "10 to 192.0.2.1: ENETUNREACH",
    "10 to 10.0.0.255: ",
    "connect to a broadcast: ",
    "connect to a broadcast that is not allowed: EACCES",
    "ttl 0: EINVAL",
    "ttl 1: ",
    "ttl 255: ",
    "ttl 256: EINVAL",
    "multicast ttl 0: ",
    "multicast ttl 1: ",
    "multicast ttl 255: ",
    "multicast ttl 256: EINVAL",
    "65,528 over IPv6: EMSGSIZE",
    "hops 1: ",
    "hops 255: ",
    "hops 256: EINVAL",
  ],
);

both(
  "who is connected hears that nobody is there, and where it is; letting go undoes that",
  async ({ udp, sleep }, say) => {
    for (const [any, host] of [
      ["0.0.0.0", "127.0.0.1"],
      ["::", "::1"],
    ] as const) {
      const socket = await udp({ host: any, port: 0 });
      say(`${host} connects: ${await socket.connect(host, 9)}, at ${socket.address().replace(/ \d+$/, "")}`);
      say(`sends: ${await socket.send(3)}`);
      await sleep(20);
      say(`sends again: ${socket.errors.splice(0).join(" ") || (await socket.send(3))}`);
      socket.disconnect();
      say(`lets go: ${socket.address().replace(/ [1-9]\d*$/, " a port")}`);
      socket.close();
      const bound = await udp({ host, port: 53 });
      await bound.connect(host, 9);
      bound.disconnect();
      say(`bound lets go: ${bound.address()}`);
      bound.close();
    }
  },
  [
    "127.0.0.1 connects: , at 127.0.0.1",
    "sends: ",
    "sends again: ECONNREFUSED",
    "lets go: 0.0.0.0 0",
    "bound lets go: 127.0.0.1 53",
    "::1 connects: , at ::1",
    "sends: ",
    "sends again: ECONNREFUSED",
    "lets go: :: 0",
    "bound lets go: ::1 53",
  ],
);

both(
  "groups are joined once and left once",
  async ({ udp, sleep }, say) => {
    const member = await udp({ host: "0.0.0.0", port: 5_353 });
    say(`join: ${member.join("239.1.2.3", "10.0.0.1")}`);
    say(`join again: ${member.join("239.1.2.3", "10.0.0.1")}`);
    say(`join no group: ${member.join("10.0.0.1", "10.0.0.1")}`);
    say(`leave another: ${member.leave("239.1.2.4", "10.0.0.1")}`);
    const sender = await udp({ host: "10.0.0.1", port: 0 });
    sender.setMulticastInterface("10.0.0.1");
    await sender.send(3, "239.1.2.3", 5_353);
    await sleep(20);
    say(`with loop: ${member.received.splice(0).join(" ")}`);
    sender.setMulticastLoop(false);
    await sender.send(3, "239.1.2.3", 5_353);
    await sleep(20);
    say(`without loop: ${member.received.splice(0).join(" ")}`);
    sender.setMulticastLoop(true);
    sender.setMulticastTtl(0);
    await sender.send(4, "239.1.2.3", 5_353);
    await sleep(20);
    say(`no further than here: ${member.received.splice(0).join(" ")}`);
    say(`leave: ${member.leave("239.1.2.3", "10.0.0.1")}`);
    say(`leave again: ${member.leave("239.1.2.3", "10.0.0.1")}`);
    member.close();
    sender.close();
  },
  [
    "join: ",
    "join again: EADDRINUSE",
    "join no group: EINVAL",
    "leave another: EADDRNOTAVAIL",
    "with loop: 3",
    "without loop: ",
    "no further than here: 4",
    "leave: ",
    "leave again: EADDRNOTAVAIL",
  ],
);
