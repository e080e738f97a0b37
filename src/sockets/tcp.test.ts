// What: connections between namespaces carry bytes in order and once, in both directions, and end as their users say.
//
//   red [v0] 10.0.0.1 ────[v1] 10.0.0.2 blue
//            fd00::1           fd00::2
//
// Source: RFC 9293 3.5, 3.6, 3.10; tcp(7); tried on Linux 6.18 (errno).

import { describe, expect } from "vitest";
import { SECOND } from "../../test/fixtures.ts";
import { connectionTo, test } from "../../test/hosts.ts";
import type { Connection } from "./connection.ts";

const text = (bytes: Uint8Array | null | undefined) => new TextDecoder().decode(bytes ?? undefined);
const bytes = (words: string) => new TextEncoder().encode(words);

function pattern(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_none, index) => (index * 31 + (index >> 8)) & 0xff);
}

async function readAll(connection: Connection): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const part of connection) parts.push(part);
  return new Uint8Array(Buffer.concat(parts));
}

describe("a connection", () => {
  test.for(["10.0.0.2", "fd00::2"])(
    "to %s carries bytes both ways and ends",
    async (host, { blue, clock, red }) => {
      using listener = blue.listen({ port: 80 });
      const [client, server] = await connectionTo(red, listener, host, clock);
      expect(client.remoteAddress).toEqual({ host, port: 80 });
      expect(server.remoteAddress).toEqual(client.localAddress);
      await client.write(bytes("question"));
      await clock.advance(SECOND);
      expect(text(await server.read())).toBe("question");
      await server.write(bytes("answer"));
      server.end();
      await clock.advance(SECOND);
      expect(text(await client.read())).toBe("answer");
      expect(await client.read()).toBeNull();
      // The other half is still open.
      await client.write(bytes("thanks"));
      client.end();
      await clock.advance(SECOND);
      expect(text(await server.read())).toBe("thanks");
      expect(await server.read()).toBeNull();
      client.close();
      server.close();
      await clock.advance(61 * SECOND);
    },
  );

  test.for(["10.0.0.2", "fd00::2"])("to %s carries 3 MB whole", async (host, { blue, clock, red }) => {
    using listener = blue.listen({ port: 80 });
    const [client, server] = await connectionTo(red, listener, host, clock);
    const sent = pattern(3_000_000);
    const received = readAll(server);
    const writing = client.write(sent).then(() => client.end());
    await clock.advance(10 * SECOND);
    await writing;
    const got = await received;
    expect(got.length).toBe(sent.length);
    expect(Buffer.compare(got, sent)).toBe(0);
    client.close();
  });

  test("holds a writer back while nobody reads, and goes on when somebody does", async ({
    blue,
    clock,
    red,
  }) => {
    using listener = blue.listen({ port: 80, receiveBufferBytes: 65_536 });
    const [client, server] = await connectionTo(red, listener, "10.0.0.2", clock);
    let isWritten = false;
    const sent = pattern(2_000_000);
    const writing = client.write(sent).then(() => {
      isWritten = true;
      client.end();
    });
    await clock.advance(300 * SECOND);
    expect(isWritten).toBe(false);
    expect(server.readableBytes).toBeLessThanOrEqual(65_536);
    const received = readAll(server);
    await clock.advance(300 * SECOND);
    await writing;
    expect(Buffer.compare(await received, sent)).toBe(0);
    client.close();
  });

  test("is refused where nobody listens, and unreachable where there is no way", async ({
    clock,
    red,
    blue,
  }) => {
    expect(blue.name).toBe("blue");
    const refused = red.connect({ host: "10.0.0.2", port: 81 });
    const refused6 = red.connect({ host: "fd00::2", port: 81 });
    const silent = red.connect({ host: "10.0.0.9", port: 81 });
    const results = Promise.allSettled([refused, refused6, silent]);
    await clock.advance(10 * SECOND);
    expect((await results).map((result) => result.status === "rejected" && result.reason.code)).toEqual([
      "ECONNREFUSED",
      "ECONNREFUSED",
      "EHOSTUNREACH",
    ]);
    await expect(red.connect({ host: "192.0.2.1", port: 1 })).rejects.toMatchObject({ code: "ENETUNREACH" });
  });

  test("that is reset tells the reader, and the writer", async ({ blue, clock, red }) => {
    using listener = blue.listen({ port: 80 });
    const [client, server] = await connectionTo(red, listener, "10.0.0.2", clock);
    server.reset();
    const reading = client.read();
    await expect(reading).rejects.toMatchObject({ code: "ECONNRESET" });
    await expect(client.write(bytes("?"))).rejects.toMatchObject({ code: "EPIPE" });
    await client.closed;
    client.close();
  });

  test("closed with bytes unread is reset", async ({ blue, clock, red }) => {
    using listener = blue.listen({ port: 80 });
    const [client, server] = await connectionTo(red, listener, "10.0.0.2", clock);
    await client.write(bytes("unread"));
    await clock.advance(SECOND);
    server.close();
    await expect(client.read()).rejects.toMatchObject({ code: "ECONNRESET" });
    client.close();
  });

  test("over a wire that goes down gives up in the end", async ({ blue, clock, red }) => {
    using listener = blue.listen({ port: 80 });
    const [client, server] = await connectionTo(red, listener, "10.0.0.2", clock);
    await blue.addr.del("10.0.0.2/24", { dev: "v1" });
    await client.write(bytes("anybody?"));
    const reading = client.read();
    const outcome = expect(reading).rejects.toMatchObject({ code: "EHOSTUNREACH" });
    await clock.advance(2_000 * SECOND);
    await outcome;
    client.close();
    server.reset();
  });
});

describe("a listener", () => {
  test("gives connections to who accepts, and turns away what is too many", async ({ blue, clock, red }) => {
    const listener = blue.listen({ port: 80, backlog: 1 });
    const connecting = Array.from({ length: 5 }, () => red.connect({ host: "10.0.0.2", port: 80 }));
    const outcome = Promise.allSettled(connecting);
    await clock.advance(SECOND / 2);
    expect(listener.overflows).toBeGreaterThan(0);
    const accepted: Connection[] = [];
    for (let count = 0; count < 5; count++) {
      const next = listener.accept();
      await clock.advance(20 * SECOND);
      const connection = await next;
      if (connection !== null) accepted.push(connection);
    }
    expect(accepted).toHaveLength(5);
    for (const result of await outcome) if (result.status === "fulfilled") result.value.reset();
    for (const connection of accepted) connection.reset();
    expect(() => blue.listen({ port: 80 })).toThrow("EADDRINUSE");
    const waiting = listener.accept();
    listener.close();
    expect(await waiting).toBeNull();
    blue.listen({ port: 80 }).close();
  });
});
