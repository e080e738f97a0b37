// What: datagrams go from socket to socket over both families, whole, to the one socket that fits best or to all of a group;
// who sends where nobody listens is told.
//
//   red [v0] 10.0.0.1 ────[v1] 10.0.0.2 blue
//            fd00::1           fd00::2
//
// Source: RFC 768, RFC 1122 4.1, RFC 8200 8.1; udp(7), ip(7); tried on Linux 6.18 (errno and order of match).

import { describe, expect } from "vitest";
import { SECOND } from "../../test/fixtures.ts";
import { test } from "../../test/hosts.ts";

const text = (bytes: Uint8Array | undefined) => new TextDecoder().decode(bytes);
const bytes = (words: string) => new TextEncoder().encode(words);

describe("a datagram", () => {
  test.for(["10.0.0.2", "fd00::2"])("goes to %s and is answered", async (host, { blue, clock, red }) => {
    const server = blue.udp({ port: 53 });
    const client = red.udp();
    client.send(bytes("who"), { host, port: 53 });
    await clock.advance(SECOND);
    const question = await server.receive();
    expect(text(question?.payload)).toBe("who");
    expect(question).toMatchObject({ destination: host, ttl: 64, port: client.address.port });
    server.send(bytes("me"), question ?? undefined);
    await clock.advance(SECOND);
    expect(await client.receive()).toMatchObject({ host, port: 53, payload: bytes("me") });
    server.close();
    client.close();
  });

  test.for(["10.0.0.2", "fd00::2"])(
    "of 60,000 bytes comes whole to %s",
    async (host, { blue, clock, red }) => {
      const server = blue.udp({ port: 53 });
      const client = red.udp();
      const payload = Uint8Array.from({ length: 60_000 }, (_none, index) => (index * 7) >> 3);
      client.send(payload, { host, port: 53 });
      await clock.advance(SECOND);
      expect((await server.receive())?.payload).toEqual(payload);
      expect(() => client.send(new Uint8Array(65_508), { host: "10.0.0.2", port: 53 })).toThrow("EMSGSIZE");
      server.close();
      client.close();
    },
  );

  test("goes to the socket of its address before that of every address, and to a connected one before both", async ({
    blue,
    clock,
    red,
  }) => {
    const any = blue.udp({ port: 53, reuseAddress: true });
    const own = blue.udp({ host: "10.0.0.2", port: 53, reuseAddress: true });
    const client = red.udp({ host: "10.0.0.1" });
    const to = { host: "10.0.0.2", port: 53 };
    client.send(bytes("to the address"), to);
    await clock.advance(SECOND);
    const connected = blue.udp({ host: "10.0.0.2", port: 53, reuseAddress: true });
    connected.connect(client.address);
    client.send(bytes("to the connected"), to);
    await clock.advance(SECOND);
    expect(text((await own.receive())?.payload)).toBe("to the address");
    expect(text((await connected.receive())?.payload)).toBe("to the connected");
    for (const socket of [any, own, connected, client]) socket.close();
    expect(await any.receive()).toBeNull();
  });

  test("that nobody reads is lost once the queue is full", async ({ blue, clock, red }) => {
    const server = blue.udp({ port: 53, receiveBufferBytes: 10_000 });
    const client = red.udp();
    for (let count = 0; count < 20; count++)
      client.send(new Uint8Array(1_000), { host: "10.0.0.2", port: 53 });
    await clock.advance(SECOND);
    expect(server.dropped).toBe(13);
    server.close();
    client.close();
  });
});

describe("binding", () => {
  test("refuses what is taken and what is not ours", async ({ red }) => {
    const first = red.udp({ port: 53 });
    expect(() => red.udp({ port: 53 })).toThrow("EADDRINUSE");
    expect(() => red.udp({ host: "10.0.0.1", port: 53 })).toThrow("EADDRINUSE");
    expect(() => red.udp({ host: "10.9.9.9" })).toThrow("EADDRNOTAVAIL");
    first.close();
    const four = red.udp({ host: "0.0.0.0", port: 53 });
    const six = red.udp({ host: "::", port: 53, ipv6Only: true });
    four.close();
    six.close();
    red.udp({ port: 53 }).close();
  });
});

describe("errors", () => {
  test.for(["10.0.0.2", "fd00::2"])(
    "from %s reach a connected socket, not one that is none",
    async (host, { blue, clock, red }) => {
      expect(blue.name).toBe("blue");
      const loose = red.udp();
      loose.send(bytes("?"), { host, port: 9 });
      await clock.advance(SECOND);
      loose.send(bytes("?"), { host, port: 9 });
      const client = red.udp();
      client.connect({ host, port: 9 });
      client.send(bytes("?"));
      await clock.advance(SECOND);
      await expect(client.receive()).rejects.toMatchObject({ code: "ECONNREFUSED" });
      client.send(bytes("?"));
      loose.close();
      client.close();
    },
  );

  test("of routing are thrown at once", async ({ red }) => {
    const client = red.udp();
    expect(() => client.send(bytes("?"), { host: "192.0.2.1", port: 9 })).toThrow("ENETUNREACH");
    expect(() => client.send(bytes("?"), { host: "fe80::1", port: 9 })).toThrow("EINVAL");
    expect(() => client.send(bytes("?"))).toThrow("EDESTADDRREQ");
    client.close();
  });
});

describe("a datagram to many", () => {
  test.for(["10.0.0.255", "255.255.255.255"])(
    "to %s reaches every socket of its port",
    async (host, { blue, clock, red }) => {
      const [one, other] = [
        blue.udp({ port: 67, reuseAddress: true }),
        blue.udp({ host: "0.0.0.0", port: 67, reuseAddress: true }),
      ];
      const client = red.udp({ dev: "v0" });
      expect(() => client.send(bytes("all"), { host, port: 67 })).toThrow("EACCES");
      const allowed = red.udp({ dev: "v0", broadcast: true });
      allowed.send(bytes("all"), { host, port: 67 });
      await clock.advance(SECOND);
      expect(await one.receive()).toMatchObject({ destination: host });
      expect(await other.receive()).toMatchObject({ destination: host });
      for (const socket of [one, other, client, allowed]) socket.close();
    },
  );

  test.for([
    ["239.1.2.3", "v1"],
    ["ff02::1:3", "v1"],
  ] as const)("of the group %s reaches who joined", async ([group, dev], { blue, clock, red }) => {
    const isFour = !group.includes(":");
    const member = blue.udp({ host: isFour ? "0.0.0.0" : "::", port: 5355 });
    const client = red.udp({ host: isFour ? "0.0.0.0" : "::", dev: "v0" });
    client.send(bytes("early"), { host: group, port: 5355 });
    await clock.advance(SECOND);
    member.join(group, dev);
    expect(() => member.join(group, dev)).toThrow("EADDRINUSE");
    client.send(bytes("now"), { host: group, port: 5355 });
    await clock.advance(SECOND);
    expect(text((await member.receive())?.payload)).toBe("now");
    member.leave(group, dev);
    client.send(bytes("late"), { host: group, port: 5355 });
    await clock.advance(SECOND);
    client.close();
    const nothing = member.receive();
    member.close();
    expect(await nothing).toBeNull();
  });
});
