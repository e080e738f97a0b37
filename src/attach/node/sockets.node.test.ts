// What: Node's own http, fetch, undici, ws and web streams run unchanged over the wires of a machine, and a port of the real
// machine can lead there.
//
//   red [v0] 10.0.0.1 ────[v1] 10.0.0.2 blue
//
// Source: the documentation of node:http, undici and ws.

import { createSocket as createDatagramSocket } from "node:dgram";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { createServer, get } from "node:http";
import { createRequire } from "node:module";
import { connect as connectOutside } from "node:net";
import { gzipSync } from "node:zlib";
import { test as base, describe, expect } from "vitest";
import type { Listener, Machine, MachineNetns } from "../../index.ts";
import { createMachine } from "../../index.ts";
import { realTime } from "../index.ts";
import { agent, connect, connector, fetch, forward, NetnsSocket, uplink, webStreams } from "./index.ts";

interface Lab {
  readonly machine: Machine;
  readonly red: MachineNetns;
  readonly blue: MachineNetns;
}

const test = base.extend<{ lab: Lab }>({
  // biome-ignore lint/correctness/noEmptyPattern: Vitest reads the pattern to learn what a fixture needs
  lab: async ({}, use) => {
    const machine = createMachine(realTime());
    const [red, blue] = [await machine.netns("red"), await machine.netns("blue")];
    await red.link.add({ kind: "veth", name: "v0", isUp: true, peer: { name: "v1", netns: "blue" } });
    await blue.link.set("v1", { isUp: true });
    await red.addr.add("10.0.0.1/24", { dev: "v0" });
    await blue.addr.add("10.0.0.2/24", { dev: "v1" });
    await use({ machine, red, blue });
    machine.close();
  },
});

/** Has an http server take the connections of a listener. */
async function serve(listener: Listener, server: Server): Promise<void> {
  for await (const connection of listener) {
    server.emit("connection", new NetnsSocket(connection, { allowHalfOpen: true }));
  }
}

function answer(request: IncomingMessage, response: ServerResponse): void {
  if (request.url === "/old") response.writeHead(302, { location: "/gzip" }).end();
  else if (request.url === "/gzip") {
    response.writeHead(200, { "content-encoding": "gzip", "content-type": "text/plain" });
    response.end(gzipSync("squeezed"));
  } else {
    let body = "";
    request.on("data", (part) => {
      body += String(part);
    });
    request.on("end", () =>
      response.end(`${request.method} ${request.url} from ${request.socket.remoteAddress} ${body}`),
    );
  }
}

const require = createRequire(import.meta.url);

/** A package that tests alone need; undefined before `npm ci` has brought it. */
function packageOf(load: () => ReturnType<typeof require>) {
  try {
    return load();
  } catch {
    return undefined;
  }
}

describe("http", () => {
  test("requests and serves, on one connection and many", async ({ lab: { blue, red } }) => {
    void serve(blue.listen({ port: 80 }), createServer(answer));
    const over = agent(red, { keepAlive: true });
    const ask = (path: string) =>
      new Promise<string>((resolve, reject) => {
        get({ host: "10.0.0.2", path, agent: over }, (response) => {
          let text = "";
          response.on("data", (part) => {
            text += String(part);
          });
          response.on("end", () => resolve(text));
        }).on("error", reject);
      });
    expect(await ask("/one")).toBe("GET /one from 10.0.0.1 ");
    expect(await Promise.all(["/a", "/b", "/c"].map(ask))).toHaveLength(3);
    over.destroy();
    await expect(
      new Promise((_resolve, reject) => {
        get({ host: "10.0.0.2", port: 81, agent: agent(red) }).on("error", reject);
      }),
    ).rejects.toMatchObject({ code: "ECONNREFUSED" });
  });
});

describe("fetch()", () => {
  test("posts, follows redirects, decodes, and tells why it failed", async ({ lab: { blue, red } }) => {
    void serve(blue.listen({ port: 80 }), createServer(answer));
    const posted = await fetch(red, "http://10.0.0.2/post", { method: "POST", body: "hello" });
    expect(await posted.text()).toBe("POST /post from 10.0.0.1 hello");
    const followed = await fetch(red, "http://blue.lab/old", { resolve: () => "10.0.0.2" });
    expect(followed.headers.get("content-type")).toBe("text/plain");
    expect(await followed.text()).toBe("squeezed");
    await expect(fetch(red, "http://10.0.0.2:81/")).rejects.toMatchObject({
      cause: { code: "ECONNREFUSED" },
    });
    await expect(fetch(red, "http://blue.lab/")).rejects.toMatchObject({ cause: { code: "EINVAL" } });
  });
});

describe("undici and ws", () => {
  test("undici takes the connector", async ({ lab: { blue, red }, skip }) => {
    const undici = packageOf(() => require("undici"));
    if (undici === undefined) skip("undici is not installed: npm ci");
    void serve(blue.listen({ port: 80 }), createServer(answer));
    const dispatcher = new undici.Agent({ connect: connector(red) });
    const { body, statusCode } = await undici.request("http://10.0.0.2/undici", { dispatcher });
    expect(statusCode).toBe(200);
    expect(await body.text()).toBe("GET /undici from 10.0.0.1 ");
    const response = await undici.fetch("http://10.0.0.2/fetch", { dispatcher });
    expect(await response.text()).toBe("GET /fetch from 10.0.0.1 ");
    await dispatcher.close();
  });

  test("ws opens and serves web sockets", async ({ lab: { blue, red }, skip }) => {
    const ws = packageOf(() => require("ws"));
    if (ws === undefined) skip("ws is not installed: npm ci");
    const server = createServer(answer);
    const sockets = new ws.WebSocketServer({ server });
    sockets.on("connection", (socket: NodeJS.EventEmitter & { send(text: string): void }) => {
      socket.on("message", (data) => socket.send(`echo ${String(data)}`));
    });
    void serve(blue.listen({ port: 80 }), server);
    const client = new ws.WebSocket("ws://10.0.0.2/", { agent: agent(red) });
    const heard = new Promise((resolve) => client.on("message", (data: Buffer) => resolve(String(data))));
    await new Promise((resolve) => client.on("open", resolve));
    client.send("hello");
    expect(await heard).toBe("echo hello");
    client.terminate();
    sockets.close();
  });
});

describe("streams", () => {
  test("a Duplex is piped, and its end is the peer's", async ({ lab: { blue, red } }) => {
    const listener = blue.listen({ port: 9 });
    const client = connect(red, { host: "10.0.0.2", port: 9 });
    await new Promise((resolve) => client.once("connect", resolve));
    const connection = await listener.accept();
    if (connection === null) expect.fail("Nobody came");
    const echo = new NetnsSocket(connection, { allowHalfOpen: true });
    echo.pipe(echo);
    client.end("there and back");
    let text = "";
    for await (const part of client) text += String(part);
    expect(text).toBe("there and back");
    expect(client.bytesRead).toBe(14);
  });

  test("web streams carry both directions", async ({ lab: { blue, red } }) => {
    const listener = blue.listen({ port: 9 });
    const [client, server] = await Promise.all([
      red.connect({ host: "10.0.0.2", port: 9 }),
      listener.accept(),
    ]);
    if (server === null) expect.fail("Nobody came");
    const one = webStreams(client);
    const other = webStreams(server);
    void other.readable.pipeTo(other.writable);
    const writer = one.writable.getWriter();
    await writer.write(new TextEncoder().encode("web"));
    await writer.close();
    let text = "";
    for await (const part of one.readable) text += new TextDecoder().decode(part);
    expect(text).toBe("web");
  });
});

describe("forward()", () => {
  test("leads from a port of the real machine into the lab", async ({ lab: { blue, red } }) => {
    void serve(blue.listen({ port: 80 }), createServer(answer));
    const forwarded = await forward(red, { from: "127.0.0.1:0", to: "10.0.0.2:80" });
    const response = await globalThis.fetch(`http://127.0.0.1:${forwarded.address.port}/outside`);
    expect(await response.text()).toBe("GET /outside from 10.0.0.1 ");
    const dead = await forward(red, { from: "0", to: "10.0.0.2:81" });
    const socket = connectOutside(dead.address.port, "127.0.0.1");
    const ended = await new Promise((resolve) => {
      socket.on("error", () => resolve("error"));
      socket.on("close", () => resolve("close"));
      socket.on("data", () => resolve("data"));
    });
    expect(["error", "close"]).toContain(ended);
    await forwarded.close();
    await dead.close();
    await expect(forward(red, { from: "nowhere", to: "10.0.0.2:80" })).rejects.toMatchObject({
      code: "EINVAL",
    });
  });
});

describe("uplink()", () => {
  test("leads from the lab to servers of the real machine, where that is allowed", async ({
    lab: { blue, red },
  }) => {
    // A lab host behind the one that has the uplink.
    await blue.setSysctl("net.ipv4.ip_forward", 1);
    await red.route.add({ dst: "0.0.0.0/0", via: "10.0.0.2", dev: "v0" });
    const server = createServer(answer);
    const datagrams = createDatagramSocket("udp4");
    datagrams.on("message", (payload, from) =>
      datagrams.send(`echo ${String(payload)}`, from.port, from.address),
    );
    const listening = new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    await Promise.all([listening, new Promise<void>((resolve) => datagrams.bind(0, "127.0.0.1", resolve))]);
    const bound = server.address();
    const port = typeof bound === "object" && bound !== null ? bound.port : 0;
    const dns = { host: "127.0.0.1", port: datagrams.address().port };
    const up = await uplink(blue, { hostLoopback: true, dns, allow: () => false });
    expect(await (await fetch(red, `http://10.0.2.2:${port}/up`)).text()).toBe("GET /up from 127.0.0.1 ");
    const client = red.udp();
    for (const word of ["one", "two"]) {
      client.send(new TextEncoder().encode(word), { host: "10.0.2.3", port: 53 });
      const reply = await client.receive();
      expect(`${reply?.host} ${new TextDecoder().decode(reply?.payload)}`).toBe(`10.0.2.3 echo ${word}`);
    }
    await expect(fetch(red, "http://192.0.2.1/")).rejects.toMatchObject({ cause: { code: "ECONNRESET" } });
    client.close();
    await up.close();
    expect((await blue.link.list()).map(({ ifname }) => ifname)).not.toContain("uplink0");
    datagrams.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
});
