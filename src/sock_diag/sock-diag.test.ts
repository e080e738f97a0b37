// What: NETLINK_SOCK_DIAG tells of the sockets there are, and `uveth ss` shows them in ss's columns.
//
//   red [v0] 10.0.0.1 ──────[v1] 10.0.0.2 blue
//
// Source: net/ipv4/inet_diag.c; the columns are those that iproute2 6.1's ss writes to a pipe for sockets of the same kind.

import { expect, test } from "vitest";
import { setU16, setU32 } from "../bytes/endian.ts";
import { run } from "../cli/command.ts";
import { NetlinkClient } from "../netlink/client.ts";
import { createTestMachine } from "../testkit/index.ts";
import * as diag from "../uapi/inet_diag.ts";
import { NETLINK_SOCK_DIAG } from "../uapi/netlink.ts";

async function connect() {
  const { machine, clock } = createTestMachine();
  const [red, blue] = [await machine.netns("red"), await machine.netns("blue")];
  await red.link.add({ kind: "veth", name: "v0", peer: { name: "v1", netns: "blue" } });
  await red.addr.add("10.0.0.1/24", { dev: "v0" });
  await blue.addr.add("10.0.0.2/24", { dev: "v1" });
  await red.link.set("v0", { isUp: true });
  await blue.link.set("v1", { isUp: true });
  blue.listen({ host: "10.0.0.2", port: 8080, backlog: 5 });
  blue.listen({ port: 9090, backlog: 7 });
  blue.udp({ host: "0.0.0.0", port: 53 });
  const opening = red.connect({ host: "10.0.0.2", port: 8080, localPort: 38_008 });
  await clock.advance(1e9);
  await opening;
  const ss = async (...words: string[]) => {
    let stdout = "";
    let stderr = "";
    const code = await run(["ss", ...words, "--netns", "blue"], {
      stdout: (text) => void (stdout += text),
      stderr: (text) => void (stderr += text),
      isTTY: false,
      env: {},
      provider: machine,
      listNetns: async () => [],
      readFile: () => Promise.reject(new Error("none")),
      createFile: () => Promise.reject(new Error("none")),
      now: () => new Date(0),
      onInterrupt: () => () => {},
    });
    return { stdout, stderr, code };
  };
  return { machine, ss };
}

test("ss shows sockets in ss's columns", async () => {
  const { machine, ss } = await connect();
  expect((await ss("-tln")).stdout).toBe(
    "State  Recv-Q Send-Q Local Address:Port Peer Address:PortProcess\n" +
      "LISTEN 1      5           10.0.0.2:8080      0.0.0.0:*          \n" +
      "LISTEN 0      7                  *:9090            *:*          \n",
  );
  expect((await ss("-tn")).stdout).toBe(
    "State Recv-Q Send-Q Local Address:Port Peer Address:Port Process\n" +
      "ESTAB 0      0           10.0.0.2:8080     10.0.0.1:38008       \n",
  );
  expect((await ss("-tlnH")).stdout).toBe(
    "LISTEN 1      5      10.0.0.2:8080 0.0.0.0:*\nLISTEN 0      7             *:9090       *:*\n",
  );
  expect((await ss("-uan")).stdout).toContain(
    "UNCONN 0      0            0.0.0.0:53        0.0.0.0:*          \n",
  );
  machine.close();
});

test("states and ports filter, what is not there is refused by name", async () => {
  const { machine, ss } = await connect();
  expect(JSON.parse((await ss("-tanj", "sport", "=", ":9090")).stdout)).toMatchObject([{ localPort: 9090 }]);
  expect(
    JSON.parse((await ss("-tanj", "dport", ">=", ":38000", "and", "sport", "!=", ":1")).stdout),
  ).toHaveLength(1);
  expect(JSON.parse((await ss("-tj", "state", "established")).stdout)).toHaveLength(1);
  expect((await ss("-x")).code).toBe(255);
  expect((await ss("src", "10.0.0.1")).stderr).toContain('"src" is not among what uveth reads');
  expect((await ss("-s")).stdout).toContain("TCP:   3 (estab 1, closed 0, orphaned 0, timewait 0)\n");
  machine.close();
});

test("a filter program is run, one that leads out of itself refused", async () => {
  const { machine } = await connect();
  const socket = await machine.openSocket({ protocol: NETLINK_SOCK_DIAG, netns: "blue" });
  const client = new NetlinkClient(socket, { strict: false });
  const dump = (code: readonly (readonly [number, number, number])[]) =>
    client.dump(diag.SOCK_DIAG_BY_FAMILY, (writer) => {
      const at = writer.reserve(56);
      writer.bytes[at] = 2;
      writer.bytes[at + 1] = 6;
      setU32(writer.bytes, at + 4, 0xfff);
      const program = writer.attribute(diag.INET_DIAG_REQ_BYTECODE, code.length * 4);
      for (const [index, [op, yes, no]] of code.entries()) {
        writer.bytes[program + 4 * index] = op;
        writer.bytes[program + 4 * index + 1] = yes;
        setU16(writer.bytes, program + 4 * index + 2, no);
      }
    });
  const { INET_DIAG_BC_D_GE, INET_DIAG_BC_NOP } = diag;
  expect(
    (
      await dump([
        [INET_DIAG_BC_D_GE, 8, 12],
        [INET_DIAG_BC_NOP, 4, 38_000],
      ])
    ).messages,
  ).toHaveLength(1);
  await expect(dump([[INET_DIAG_BC_NOP, 12, 4]])).rejects.toMatchObject({ code: "EINVAL" });
  client.close();
  machine.close();
});
