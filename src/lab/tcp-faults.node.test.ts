// What: each of Toxiproxy's toxics, as a lab has it, does to a connection what its README says.
//
//   client ──[link]── server, which answers what it reads
//
// Source: README.md of Shopify/toxiproxy, "Toxics"; RFC 9293 for what a reset does.

import { describe, expect, test } from "vitest";
import { nativeMissing, withReason } from "../../test/fixtures/native-missing.ts";
import type { Connection } from "../index.ts";
import type { Lab, LabLink } from "./index.ts";
import { createLab } from "./index.ts";

interface World {
  readonly lab: Lab;
  readonly link: LabLink;
  /** What the server has read of each connection. */
  readonly got: Uint8Array[][];
  /** How the server's connections ended: "end", or an errno. */
  readonly ends: string[];
  connect(): Promise<Connection>;
  /** Milliseconds of the lab's time that something takes. */
  took(run: () => Promise<unknown>): Promise<number>;
}

async function withWorld(run: (world: World) => Promise<void>): Promise<void> {
  const lab = createLab({ seed: 5, time: "virtual" });
  const [client, server] = [lab.host("client"), lab.host("server")];
  const link = lab.link(client, server);
  await lab.start();
  const got: Uint8Array[][] = [];
  const ends: string[] = [];
  const listener = server.listen({ port: 80 });
  void (async () => {
    for await (const connection of listener) {
      const read: Uint8Array[] = [];
      got.push(read);
      void (async () => {
        for (;;) {
          const bytes = await connection.read();
          if (bytes === null) break;
          read.push(bytes.slice());
          await connection.write(bytes);
        }
        ends.push("end");
        connection.close();
      })().catch((error: unknown) => ends.push(codeOf(error)));
    }
  })();
  try {
    await run({
      lab,
      link,
      got,
      ends,
      connect: () => lab.until(client.connect({ host: "server", port: 80 })),
      async took(what) {
        const began = lab.now();
        await lab.until(what());
        return (lab.now() - began) / 1e6;
      },
    });
  } finally {
    await lab.close();
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : String(error);
}

/** Reads so many bytes. */
async function readSome(connection: Connection, count: number): Promise<number> {
  let size = 0;
  while (size < count) {
    const bytes = await connection.read();
    if (bytes === null) break;
    size += bytes.length;
  }
  return size;
}

const sizeOf = (parts: readonly Uint8Array[] = []) => parts.reduce((sum, { length }) => sum + length, 0);

describe("the toxics", () => {
  test("latency: every answer is late, by more or less", () =>
    withWorld(async ({ link, connect, took }) => {
      await link.netem({ delay: "100ms", jitter: "10ms" });
      const connection = await connect();
      const ms = await took(async () => {
        await connection.write(new Uint8Array(10));
        await readSome(connection, 10);
      });
      expect(ms).toBeGreaterThanOrEqual(180);
      expect(ms).toBeLessThanOrEqual(220);
    }));

  test("bandwidth: 1,000 kbit/s carry 100,000 bytes in 0.8 s and their headers", () =>
    withWorld(async ({ link, got, connect, took }) => {
      const connection = await connect();
      await link.netem({ rate: "1mbit", direction: "to" });
      const ms = await took(async () => {
        await connection.write(new Uint8Array(100_000));
        await readSome(connection, 100_000);
      });
      expect(sizeOf(got[0])).toBe(100_000);
      expect(ms).toBeGreaterThan(800);
      expect(ms).toBeLessThan(1_000);
    }));

  test("slow_close: data comes at once, the end later", () =>
    withWorld(async ({ link, ends, lab, connect }) => {
      const connection = await connect();
      await link.tcp({ slowClose: "2s" });
      await lab.until(connection.write(new Uint8Array(10)));
      await lab.until(readSome(connection, 10));
      void connection.end();
      await lab.advance("1900ms");
      expect(ends).toEqual([]);
      await lab.advance("200ms");
      expect(ends).toEqual(["end"]);
    }));

  test("timeout: nothing gets through, and the connection ends when it is over", () =>
    withWorld(async ({ link, got, ends, lab, connect }) => {
      const connection = await connect();
      await link.tcp({ timeout: "5s" });
      await lab.until(connection.write(new Uint8Array(10)));
      const failed = connection.read().catch(codeOf);
      await lab.advance("4900ms");
      expect({ got: sizeOf(got[0]), ends }).toEqual({ got: 0, ends: [] });
      await lab.advance("200ms");
      expect(ends).toEqual(["ECONNRESET"]);
      expect(await lab.until(failed)).toBe("ECONNRESET");
    }));

  test("timeout 0: nothing gets through until it is taken away, and the connection goes on", () =>
    withWorld(async ({ link, got, lab, connect }) => {
      const connection = await connect();
      const fault = await link.tcp({ timeout: 0 });
      await lab.until(connection.write(new Uint8Array(10)));
      await lab.advance("20s");
      expect(sizeOf(got[0])).toBe(0);
      await fault.heal();
      expect(await lab.until(readSome(connection, 10))).toBe(10);
    }));

  test("reset_peer: connections are reset at once, or after a time, new ones when they open", () =>
    withWorld(async ({ link, ends, lab, connect }) => {
      const connection = await connect();
      const fault = await link.tcp({ resetPeer: "3s" });
      await lab.until(connection.write(new Uint8Array(10)));
      await lab.until(readSome(connection, 10));
      const failed = connection.read().catch(codeOf);
      await lab.advance("2900ms");
      expect(ends).toEqual([]);
      await lab.advance("200ms");
      expect(ends).toEqual(["ECONNRESET"]);
      expect(await lab.until(failed)).toBe("ECONNRESET");
      await fault.heal();
      await link.tcp({ resetPeer: 0 });
      await expect(connect()).rejects.toMatchObject({ code: "ECONNREFUSED" });
    }));

  test("slicer: data comes in small segments with pauses, whole and in order", () =>
    withWorld(async ({ link, got, connect, took }) => {
      const connection = await connect();
      await link.tcp({ slicer: { averageSize: 50, sizeVariation: 20, delay: "10ms" }, direction: "to" });
      const sizes: number[] = [];
      link.tap((frame) => {
        const size = frame.from === "client" ? (frame.payload?.length ?? 0) : 0;
        if (size > 0) sizes.push(size);
      });
      const sent = Uint8Array.from({ length: 1_000 }, (_, index) => index & 0xff);
      const ms = await took(async () => {
        await connection.write(sent);
        await readSome(connection, 1_000);
      });
      expect(Buffer.concat(got[0] ?? [])).toEqual(Buffer.from(sent));
      expect(Math.min(...sizes.slice(0, -1))).toBeGreaterThanOrEqual(30);
      expect(Math.max(...sizes)).toBeLessThanOrEqual(70);
      // 15 pieces at least, with 14 pauses between.
      expect(ms).toBeGreaterThanOrEqual(140);
    }));

  test("limit_data: so many bytes get through, then the connection is reset", () =>
    withWorld(async ({ link, got, ends, lab, connect }) => {
      const connection = await connect();
      await link.tcp({ limitData: 12_345, direction: "to" });
      await lab.until(connection.write(new Uint8Array(50_000)).catch(() => {}));
      await lab.advance("5s");
      expect({ got: sizeOf(got[0]), ends }).toEqual({ got: 12_345, ends: ["ECONNRESET"] });
    }));

  test("down: nobody gets through, and what was open goes on afterwards", () =>
    withWorld(async ({ link, lab, connect }) => {
      const connection = await connect();
      const down = await link.down();
      const opened = connect().then(
        () => "open",
        (error: unknown) => codeOf(error),
      );
      expect(await opened).toBe("ENETUNREACH");
      await down.heal();
      await lab.until(connection.write(new Uint8Array(10)));
      expect(await lab.until(readSome(connection, 10))).toBe(10);
    }));

  test("toxicity: a share of the connections, the same for the same seed", () =>
    withWorld(async ({ link, connect }) => {
      await link.tcp({ resetPeer: 0, toxicity: 0.5 });
      let opened = 0;
      for (let count = 0; count < 40; count++)
        opened += await connect().then(
          () => 1,
          () => 0,
        );
      expect(opened).toBeGreaterThan(8);
      expect(opened).toBeLessThan(32);
    }));

  test("a filter chooses, a partition holds for resets too, and what is no fault is refused", () =>
    withWorld(async ({ lab, link, connect, ends }) => {
      await link.tcp({ resetPeer: 0, filter: "tcp port 81" });
      const connection = await connect();
      await lab.partition(["client"], ["server"]);
      await link.tcp({ resetPeer: "1s" });
      await lab.until(connection.write(new Uint8Array(10)));
      await lab.advance("3s");
      expect(ends).toEqual([]);
      // @ts-expect-error a word that is none
      await expect(link.tcp({ slow_close: 1 })).rejects.toThrow('There is no "slow_close"');
      await expect(link.tcp({ limitData: -1 })).rejects.toThrow("limitData is a number of bytes, not -1");
      await expect(link.tcp({ toxicity: 2 })).rejects.toThrow("toxicity is 0 to 1, not 2");
    }));
});

describe.skipIf(nativeMissing !== undefined)(withReason("the kernel's connections", nativeMissing), () => {
  test("are reset, limited and sliced as uveth's own", async () => {
    const lab = createLab({ seed: 5 });
    try {
      const [client, server] = [lab.host("client"), lab.host("server")];
      const link = lab.link(client, server);
      await lab.start();
      const script = `import socket
s = socket.create_server(("", 80))
while True:
    c, _ = s.accept()
    size = 0
    try:
        while True:
            b = c.recv(65536)
            if not b: break
            size += len(b)
        print("end", size, flush=True)
    except OSError as e:
        print(e.errno, size, flush=True)
    c.close()`;
      const child = await server.spawn(["python3", "-c", script], { stdio: ["ignore", "pipe", "inherit"] });
      let told = "";
      child.stdout?.on("data", (text) => {
        told += text;
      });
      const send = (size: number) =>
        client.exec([
          "python3",
          "-c",
          `import socket,time
for _ in range(100):
    try:
        s = socket.create_connection(("${server.ip}", 80)); break
    except ConnectionRefusedError: time.sleep(0.05)
try:
    s.sendall(b"x" * ${size}); s.shutdown(1); print(s.recv(1))
except OSError as e: print(e.errno)`,
        ]);
      expect((await send(100)).stdout).toBe("b''\n");
      await expect.poll(() => told).toBe("end 100\n");
      const limit = await link.tcp({ limitData: 70_000 });
      expect((await send(10_000_000)).stdout).toBe("104\n");
      await expect.poll(() => told).toMatch(/^end 100\n104 \d+\n$/);
      await limit.heal();
      await link.tcp({ slicer: { averageSize: 100, sizeVariation: 50 } });
      expect((await send(5_000)).stdout).toBe("b''\n");
      await expect.poll(() => told).toMatch(/end 5000\n$/);
    } finally {
      await lab.close();
    }
  });
});
