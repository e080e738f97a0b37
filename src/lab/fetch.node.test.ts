// What: host.fetch() asks servers of the lab by the names of its hosts, from hosts over uveth's own stack in real and in virtual
// time, and from hosts where programs run; what waits for servers finds both.
//
//   client ── server
//
// Source: the Fetch standard; Testcontainers' wait strategies; connect(2).

import { createServer } from "node:http";
import { expect, test } from "vitest";
import { nativeMissing, withReason } from "../../test/fixtures/native-missing.ts";
import { NetnsSocket } from "../attach/node/index.ts";
import type { Host, LabOptions } from "./index.ts";
import { createLab, type Lab, Wait, waitFor } from "./index.ts";

async function inLab(
  options: LabOptions,
  body: (lab: Lab, client: Host, server: Host) => Promise<void>,
): Promise<void> {
  const lab = createLab({ seed: 1, ...options });
  const [client, server] = [lab.host("client"), lab.host("server")];
  lab.link(client, server, { delay: "10ms" });
  await lab.start();
  try {
    await body(lab, client, server);
  } finally {
    await lab.close();
  }
}

/** A server of Node's in a host. */
async function serve(host: Host, port: number): Promise<void> {
  const server = createServer((request, response) => {
    if (request.url === "/moved") response.writeHead(302, { location: "/here" }).end();
    else response.end(`${request.method} ${request.headers.host} ${request.url}`);
  });
  for await (const connection of host.listen({ port }))
    server.emit("connection", new NetnsSocket(connection, { allowHalfOpen: true }));
}

test("a host fetches by name, follows redirects, and hears why it cannot", () =>
  inLab({}, async (_, client, server) => {
    void serve(server, 80);
    const answer = await client.fetch("http://server/moved");
    expect([answer.status, await answer.text()]).toEqual([200, "GET server /here"]);
    const posted = await client.fetch(`http://[${server.ip6}]/`, { method: "POST", body: "x" });
    expect(await posted.text()).toBe(`POST [${server.ip6}] /`);
    expect(await (await server.fetch("http://localhost/self")).text()).toBe("GET localhost /self");
    await expect(client.fetch("http://server:81/")).rejects.toMatchObject({
      cause: { code: "ECONNREFUSED" },
    });
    await expect(client.fetch("http://nobody/")).rejects.toMatchObject({
      cause: { message: 'There is no host "nobody" in the lab' },
    });
    await waitFor(server, Wait.forAll(Wait.forListeningPorts(80), Wait.forHttp("/moved", 80)));
    await expect(waitFor(server, Wait.forListeningPorts(81), { timeoutMs: 100 })).rejects.toThrow(
      "a listener on port 81",
    );
  }));

test("in virtual time an answer takes the wire's time, to the nanosecond, whole", () =>
  inLab({ time: "virtual" }, async (lab, client, server) => {
    void serve(server, 80);
    await client.ping("server");
    const before = lab.now();
    const answer = await client.fetch("http://server/virtual");
    expect(await answer.text()).toBe("GET server /virtual");
    // The handshake and the request: two round trips of 20 ms, and no more than the rest of a step until it is seen.
    expect(lab.now() - before).toBeGreaterThanOrEqual(40_000_000);
    expect(lab.now() - before).toBeLessThanOrEqual(50_000_000);
  }));

test.skipIf(nativeMissing !== undefined)(
  withReason("a host where programs run fetches over the kernel's stack", nativeMissing),
  () =>
    inLab({}, async (_, client, server) => {
      void serve(client, 80);
      const program = await server.spawn(["sleep", "60"]);
      expect(await (await server.fetch("http://client/native")).text()).toBe("GET client /native");
      const direct = await server.fetch(`http://[${client.ip6}]/six`);
      expect(await direct.text()).toBe(`GET [${client.ip6}] /six`);
      await expect(server.fetch("http://client:81/")).rejects.toMatchObject({
        cause: { code: "ECONNREFUSED" },
      });
      await expect(server.createConnection({ host: "localhost", port: 80 })).rejects.toMatchObject({
        code: "ECONNREFUSED",
      });
      expect(() => server.listen({ port: 1 })).toThrow("it has the kernel's");
      expect(() => server.connect({ host: "client", port: 80 })).toThrow("it has the kernel's");
      program.kill();
    }),
);

test.skipIf(nativeMissing !== undefined)(
  withReason("a program that listens is waited for, in its own host", nativeMissing),
  () =>
    inLab({}, async (_, client, server) => {
      const program = await server.spawn([
        process.execPath,
        "-e",
        "require('node:http').createServer((_, answer) => answer.end('up')).listen(80)",
      ]);
      await waitFor(server, Wait.forAll(Wait.forListeningPorts(80), Wait.forHttp("/", 80)), { program });
      expect(await (await client.fetch("http://server/")).text()).toBe("up");
      expect(await (await server.fetch("http://localhost/")).text()).toBe("up");
    }),
);
