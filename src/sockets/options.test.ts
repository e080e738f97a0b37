// What: what users set of sockets, and how long they wait: abort signals, times, looks ahead, ends of halves, keep-alive probes,
// shared ports, headers.
//
//   red [v0] 10.0.0.1 ────[v1] 10.0.0.2 blue
//            fd00::1           fd00::2
//
// Source: socket(7), tcp(7), ip(7), udp(7), recv(2) (MSG_PEEK); net/ipv4/tcp_timer.c; what Node's own sockets do is compared in
// test/parity/node-sockets.test.ts, what is on the wire in test/parity/odd-segments.test.ts.

import { describe, expect } from "vitest";
import { MS, SECOND } from "../../test/fixtures.ts";
import { connectionTo, onlySocket, test } from "../../test/hosts.ts";
import { ETH_P_IP, ETH_P_IPV6 } from "../uapi/if_ether.ts";
import { IPPROTO_TCP, IPPROTO_UDP } from "../uapi/in.ts";
import { ipv4Tos, ipv4Ttl } from "../wire/ipv4.ts";
import { ipv6HopLimit, ipv6TrafficClass } from "../wire/ipv6.ts";

const bytes = (words: string) => new TextEncoder().encode(words);
const text = (part: Uint8Array | null | undefined) => new TextDecoder().decode(part ?? undefined);

describe("waiting", () => {
  test("ends with a signal's reason, and with EAGAIN when the time is over; what comes then is for the next", async ({
    blue,
    clock,
    red,
  }) => {
    using listener = blue.listen({ port: 80 });
    const controller = new AbortController();
    const accepting = expect(listener.accept({ signal: controller.signal })).rejects.toThrow("enough");
    controller.abort(new Error("enough"));
    await accepting;
    const late = expect(listener.accept({ timeoutMs: 100 })).rejects.toMatchObject({ code: "EAGAIN" });
    await clock.advance(100 * MS);
    await late;
    const [client, server] = await connectionTo(red, listener, "10.0.0.2", clock);
    await expect(server.read({ signal: AbortSignal.abort(new Error("before")) })).rejects.toThrow("before");
    for (const read of [
      server.read({ timeoutMs: 50 }),
      server.readInto(new Uint8Array(4), { timeoutMs: 50 }),
    ]) {
      const given = expect(read).rejects.toMatchObject({ code: "EAGAIN" });
      await clock.advance(50 * MS);
      await given;
    }
    await client.write(bytes("now"));
    await clock.advance(MS);
    expect(text(await server.read({ timeoutMs: 50 }))).toBe("now");
    client.close();
    server.close();
  });

  test("for a connection ends it", async ({ blue, clock, machine, red }) => {
    expect(blue.name).toBe("blue");
    const late = expect(red.connect({ host: "10.0.0.99", port: 80, timeoutMs: 500 })).rejects.toMatchObject({
      code: "ETIMEDOUT",
    });
    await clock.advance(500 * MS);
    await late;
    const controller = new AbortController();
    const connecting = red.connect({ host: "10.0.0.99", port: 80, signal: controller.signal });
    const aborted = expect(connecting).rejects.toThrow("enough");
    expect(onlySocket(machine, "red").remotePort).toBe(80);
    controller.abort(new Error("enough"));
    await aborted;
    expect(() => onlySocket(machine, "red")).toThrow("Not one connection");
    await expect(red.connect({ host: "10.0.0.2", port: 80, timeoutMs: -1 })).rejects.toThrow("-1");
  });

  test("is over for a listener and a socket that a signal closes", async ({ blue }) => {
    const controller = new AbortController();
    const { signal } = controller;
    const [listener, socket] = [blue.listen({ port: 80, signal }), blue.udp({ port: 53, signal })];
    const waiting = [listener.accept(), socket.receive()];
    controller.abort();
    expect(await Promise.all(waiting)).toEqual([null, null]);
    blue.listen({ port: 80 }).close();
    await using _again = blue.udp({ port: 53 });
  });

  test("for a datagram ends with EAGAIN", async ({ blue, clock }) => {
    using socket = blue.udp({ port: 53 });
    const late = expect(socket.receive({ timeoutMs: 20 })).rejects.toMatchObject({ code: "EAGAIN" });
    await clock.advance(20 * MS);
    await late;
  });
});

describe("a look ahead", () => {
  test("takes nothing out", async ({ blue, clock, red }) => {
    using listener = blue.listen({ port: 80 });
    const [client, server] = await connectionTo(red, listener, "10.0.0.2", clock);
    const early = server.peek(3);
    for (const part of ["abc", "def"]) {
      await client.write(bytes(part));
      await clock.advance(SECOND);
    }
    expect(text(await early)).toBe("abc");
    expect(text(await server.peek(5))).toBe("abcde");
    expect(text(await server.peek(50))).toBe("abcdef");
    const target = new Uint8Array(6);
    expect(await server.readInto(target)).toBe(6);
    expect(text(target)).toBe("abcdef");
    client.end();
    await clock.advance(SECOND);
    expect(await server.peek(1)).toBeNull();
    client.close();
    server.close();
  });

  test("shows the datagram that is received next", async ({ blue, clock, red }) => {
    const [server, client] = [blue.udp({ port: 53 }), red.udp()];
    client.send(bytes("one"), { host: "10.0.0.2", port: 53 });
    client.send(bytes("two"), { host: "10.0.0.2", port: 53 });
    await clock.advance(SECOND);
    expect(text((await server.peek())?.payload)).toBe("one");
    expect(text((await server.receive())?.payload)).toBe("one");
    expect(text((await server.receive())?.payload)).toBe("two");
    server.close();
    client.close();
  });
});

describe("an end", () => {
  test("is answered by one where halves may not stay open", async ({ blue, clock, machine, red }) => {
    using listener = blue.listen({ port: 80, allowHalfOpen: false });
    const [client, server] = await connectionTo(red, listener, "10.0.0.2", clock);
    client.end();
    await clock.advance(SECOND);
    expect(await server.read()).toBeNull();
    await clock.advance(SECOND);
    expect(await client.read()).toBeNull();
    await expect(server.write(bytes("late"))).rejects.toMatchObject({ code: "EPIPE" });
    expect(() => onlySocket(machine, "blue")).toThrow("Not one connection");
    client.close();
    server.close();
  });

  test("without time to linger is a reset, bytes lost", async ({ blue, clock, red }) => {
    using listener = blue.listen({ port: 80 });
    const connecting = red.connect({ host: "10.0.0.2", port: 80, lingerMs: 0 });
    await clock.advance(SECOND);
    const [client, server] = [await connecting, await listener.accept()];
    client.close();
    await clock.advance(SECOND);
    await expect(server?.read()).rejects.toMatchObject({ code: "ECONNRESET" });
    server?.close();
  });

  test("is waited for by who leaves its scope: until all is acknowledged, or for the time to linger", async ({
    blue,
    clock,
    red,
  }) => {
    using listener = blue.listen({ port: 80 });
    for (const [lingerMs, isCut] of [
      [undefined, false],
      [5_000, true],
    ] as const) {
      const options = lingerMs === undefined ? {} : { lingerMs };
      const connecting = red.connect({ host: "10.0.0.2", port: 80, ...options });
      await clock.advance(SECOND);
      const [client, server] = [await connecting, await listener.accept()];
      if (isCut) await blue.link.set("v1", { isUp: false });
      await client.write(bytes("last words"));
      let isOver = false;
      const leaving = client[Symbol.asyncDispose]().then(() => {
        isOver = true;
      });
      await clock.advance(isCut ? 4_900 * MS : 0);
      if (isCut) expect(isOver).toBe(false);
      await clock.advance(isCut ? 200 * MS : 100 * MS);
      await leaving;
      if (!isCut) expect(text(await server?.read())).toBe("last words");
      if (isCut) await blue.link.set("v1", { isUp: true });
      await clock.advance(100 * SECOND);
      server?.close();
    }
    await clock.advance(200 * SECOND);
  });
});

describe("a silent peer", () => {
  test("is asked at the times that were set, and given up after as many probes", async ({
    blue,
    clock,
    machine,
    red,
  }) => {
    using listener = blue.listen({ port: 80 });
    const keepAlive = { keepAliveMs: 10_000, keepAliveIntervalMs: 2_000, keepAliveProbes: 3 };
    const connecting = red.connect({ host: "10.0.0.2", port: 80, ...keepAlive });
    await clock.advance(SECOND);
    const [client, server] = [await connecting, await listener.accept()];
    await red.neigh.replace("10.0.0.2", { dev: "v0", lladdr: "02:00:00:00:00:99" });
    const broken = expect(client.read()).rejects.toMatchObject({ code: "ETIMEDOUT" });
    const socket = onlySocket(machine, "red");
    const probes: number[] = [];
    for (let second = 1; second <= 20; second++) {
      await clock.advance(SECOND);
      probes.push(socket.probesOut);
    }
    // 10 s after the last segment, then every 2 s; the fourth time it is over.
    expect(probes).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 3, 3, 3, 3, 3, 3]);
    await broken;
    client.close();
    server?.reset();
  });

  test("that acknowledges nothing is given up after the user's time", async ({ blue, clock, red }) => {
    using listener = blue.listen({ port: 80 });
    const connecting = red.connect({ host: "10.0.0.2", port: 80, userTimeoutMs: 3_000 });
    await clock.advance(SECOND);
    const [client, server] = [await connecting, await listener.accept()];
    await red.neigh.replace("10.0.0.2", { dev: "v0", lladdr: "02:00:00:00:00:99" });
    await client.write(bytes("to nobody"));
    let isOver = false;
    const broken = expect(
      client.read().finally(() => {
        isOver = true;
      }),
    ).rejects.toMatchObject({ code: "ETIMEDOUT" });
    await clock.advance(3_000 * MS);
    expect(isOver).toBe(false);
    await clock.advance(500 * MS);
    await broken;
    client.close();
    server?.reset();
  });

  test("cannot be asked at times Linux has no room for", async ({ blue, clock, red }) => {
    using listener = blue.listen({ port: 80 });
    const [client, server] = await connectionTo(red, listener, "10.0.0.2", clock);
    for (const call of [
      () => client.setKeepAlive(true, -1),
      () => client.setKeepAlive(true, 32_768_000),
      () => client.setKeepAlive(true, 1_000, { probes: 128 }),
      () => client.setKeepAlive(true, 1_000, { intervalMs: 0 }),
      () => client.setUserTimeout(-1),
      () => client.setTtl(0),
      () => client.setTtl(256),
      () => client.setTos(256),
      () => blue.listen({ ttl: 300 }),
      () => blue.udp({ ttl: 300 }),
    ]) {
      expect(call).toThrow("EINVAL");
    }
    await expect(red.connect({ host: "10.0.0.2", port: 80, keepAliveProbes: 0 })).rejects.toThrow("EINVAL");
    client.close();
    server.close();
  });
});

test.for([
  ["10.0.0.2", "10.0.0.1"],
  ["fd00::2", "fd00::1"],
] as const)(
  "hops and type of service stand in every packet to %s",
  async ([host, back], { blue, clock, pair, red }) => {
    const seen = new Set<string>();
    const transports = new Set([IPPROTO_TCP, IPPROTO_UDP]);
    for (const dev of [pair.red, pair.blue]) {
      dev.taps = [
        {
          seen: ({ bytes: frame, networkHeader: at, protocol }, _dev, isOutgoing) => {
            if (!isOutgoing) return;
            if (protocol === ETH_P_IP && transports.has(frame[at + 9] ?? 0))
              seen.add(`${ipv4Ttl(frame, at)} ${ipv4Tos(frame, at)}`);
            if (protocol === ETH_P_IPV6 && transports.has(frame[at + 6] ?? 0))
              seen.add(`${ipv6HopLimit(frame, at)} ${ipv6TrafficClass(frame, at)}`);
          },
        },
      ];
    }
    using listener = blue.listen({ port: 80, ttl: 7, tos: 0x20 });
    const connecting = red.connect({ host, port: 80, ttl: 9, tos: 0x43 });
    await clock.advance(SECOND);
    const [client, server] = [await connecting, await listener.accept()];
    await server?.write(bytes("here"));
    await clock.advance(SECOND);
    expect(text(await client.read())).toBe("here");
    using socket = red.udp({ ttl: 11, tos: 0x43 });
    using other = blue.udp({ host, port: 53 });
    socket.send(bytes("there"), { host, port: 53 });
    await clock.advance(SECOND);
    expect(await other.receive()).toMatchObject({ ttl: 11, host: back });
    for (const dev of [pair.red, pair.blue]) dev.taps = null;
    client.close();
    server?.close();
    // The last two bits are TCP's own.
    expect([...seen].sort()).toEqual(["11 67", "7 32", "9 64"]);
  },
);

test.for(["10.0.0.2", "fd00::2"])(
  "who shares a port shares what comes to it, at %s",
  async (host, { blue, clock, red }) => {
    expect(() => blue.listen({ port: 80, reusePort: true }) && blue.listen({ port: 80 })).toThrow(
      "EADDRINUSE",
    );
    const listeners = Array.from({ length: 3 }, () => blue.listen({ port: 81, reusePort: true }));
    const sockets = Array.from({ length: 3 }, () => blue.udp({ port: 53, reusePort: true }));
    const clients = Array.from({ length: 60 }, () => red.udp());
    for (const client of clients) for (const word of ["a", "b"]) client.send(bytes(word), { host, port: 53 });
    const connecting = Array.from({ length: 60 }, () => red.connect({ host, port: 81 }));
    await clock.advance(SECOND);
    const connections = await Promise.all(connecting);
    for (const listener of listeners) {
      let accepted = 0;
      for (;;) {
        const next = await listener.accept({ timeoutMs: 0 }).catch(() => null);
        if (next === null) break;
        next.close();
        accepted++;
      }
      expect(accepted).toBeGreaterThan(8);
      listener.close();
    }
    for (const socket of sockets) {
      const senders: number[] = [];
      for (;;) {
        const next = await socket.receive({ timeoutMs: 0 }).catch(() => null);
        if (next === null) break;
        senders.push(next.port);
      }
      expect(senders.length).toBeGreaterThan(16);
      // What one sends goes to one.
      expect(senders.length).toBe(2 * new Set(senders).size);
      socket.close();
    }
    for (const each of [...clients, ...connections]) each.close();
    await clock.advance(100 * SECOND);
  },
);
