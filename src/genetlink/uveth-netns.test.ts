// What: the family `uveth` makes, lists, opens and deletes namespaces as `ip netns` and setns do on Linux, and tells of it.
//
// Reference: man ip-netns, man 7 network_namespaces ("freed when the last process in it ends"); the names refused as iproute2
// refuses them.

import { describe, expect, test } from "vitest";
import { createMachine, type Machine, NetlinkError, SeededRandom, VirtualClock } from "../index.ts";
import { NetlinkClient } from "../netlink/client.ts";
import type { Message } from "../netlink/message.ts";
import type { MessageWriter } from "../netlink/writer.ts";
import * as genl from "../uapi/genetlink.ts";
import { NETLINK_GENERIC, NETLINK_ROUTE } from "../uapi/netlink.ts";
import * as uveth from "../uapi/uveth.ts";

const HEADER = genl.GENLMSGHDR_SIZE;

interface Bench {
  readonly machine: Machine;
  readonly client: NetlinkClient;
  ask(cmd: number, attributes?: (writer: MessageWriter) => unknown): Promise<readonly Message[]>;
  list(): Promise<(string | undefined)[]>;
}

const named = (name: string) => (writer: MessageWriter) => writer.string(uveth.UVETH_A_NETNS, name);

async function familyId(client: NetlinkClient): Promise<{ id: number; group: number }> {
  const { messages } = await client.request(genl.GENL_ID_CTRL, 0, (writer) => {
    writer.bytes[writer.reserve(HEADER)] = genl.CTRL_CMD_GETFAMILY;
    writer.string(genl.CTRL_ATTR_FAMILY_NAME, uveth.UVETH_GENL_NAME);
  });
  const groups = messages[0]?.attribute(genl.CTRL_ATTR_MCAST_GROUPS, HEADER);
  return {
    id: messages[0]?.attribute(genl.CTRL_ATTR_FAMILY_ID, HEADER)?.u16() ?? 0,
    group: groups?.child(1)?.child(genl.CTRL_ATTR_MCAST_GRP_ID)?.u32() ?? 0,
  };
}

async function bench(netns?: string, machine = start()): Promise<Bench> {
  const client = new NetlinkClient(await machine.openSocket({ protocol: NETLINK_GENERIC, netns }));
  const { id } = await familyId(client);
  const body = (cmd: number, attributes?: (writer: MessageWriter) => unknown) => (writer: MessageWriter) => {
    writer.bytes[writer.reserve(HEADER)] = cmd;
    attributes?.(writer);
  };
  return {
    machine,
    client,
    ask: async (cmd, attributes) => (await client.request(id, 0, body(cmd, attributes))).messages,
    list: async () => {
      const { messages } = await client.dump(id, body(uveth.UVETH_CMD_NETNS_GET));
      return messages.map((message) => message.attribute(uveth.UVETH_A_NETNS, HEADER)?.text());
    },
  };
}

function start(): Machine {
  const clock = new VirtualClock();
  return createMachine({ clock, scheduler: clock, random: new SeededRandom(1) });
}

const codeOf = async (answer: Promise<unknown>): Promise<string | undefined> => {
  const error: unknown = await answer.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return error instanceof NetlinkError ? error.code : undefined;
};

describe("NETNS_NEW", () => {
  test("makes a namespace that holds a lo and nothing else", async () => {
    const { machine, ask } = await bench();
    await ask(uveth.UVETH_CMD_NETNS_NEW, named("red"));
    expect([...(machine.core.netnsNames.get("red")?.names.keys() ?? [])]).toEqual(["lo"]);
    machine.close();
  });

  test("refuses a name that is taken", async () => {
    const { machine, ask } = await bench();
    await ask(uveth.UVETH_CMD_NETNS_NEW, named("red"));
    expect(await codeOf(ask(uveth.UVETH_CMD_NETNS_NEW, named("red")))).toBe("EEXIST");
    expect(machine.core.namespaces.size).toBe(2);
    machine.close();
  });

  test.each(["", ".", "..", "a/b"])("refuses %j, which can name no file", async (name) => {
    const { machine, ask } = await bench();
    expect(await codeOf(ask(uveth.UVETH_CMD_NETNS_NEW, named(name)))).toBe("EINVAL");
    expect(machine.core.namespaces.size).toBe(1);
    machine.close();
  });

  test("takes a name of 255 bytes and none longer", async () => {
    const { machine, ask } = await bench();
    await ask(uveth.UVETH_CMD_NETNS_NEW, named("x".repeat(255)));
    expect(await codeOf(ask(uveth.UVETH_CMD_NETNS_NEW, named("x".repeat(256))))).toBe("EINVAL");
    machine.close();
  });

  test("needs a name, and says which attribute is missing", async () => {
    const { machine, ask } = await bench();
    await expect(ask(uveth.UVETH_CMD_NETNS_NEW)).rejects.toMatchObject({
      code: "EINVAL",
      missing: { type: uveth.UVETH_A_NETNS },
    });
    machine.close();
  });

  test("is for administrators", async () => {
    const { machine } = await bench();
    const session = machine.openSession({ pid: 7, isAdmin: false });
    const client = new NetlinkClient(await session.openSocket({ protocol: NETLINK_GENERIC }));
    const { id } = await familyId(client);
    const answer = client.request(id, 0, (writer) => {
      writer.bytes[writer.reserve(HEADER)] = uveth.UVETH_CMD_NETNS_NEW;
      writer.string(uveth.UVETH_A_NETNS, "red");
    });
    expect(await codeOf(answer)).toBe("EPERM");
    machine.close();
  });
});

describe("NETNS_GET", () => {
  test("lists names in the order they were given", async () => {
    const { machine, ask, list } = await bench();
    for (const name of ["alpha", "beta", "gamma"]) await ask(uveth.UVETH_CMD_NETNS_NEW, named(name));
    expect(await list()).toEqual(["alpha", "beta", "gamma"]);
    await ask(uveth.UVETH_CMD_NETNS_DEL, named("beta"));
    await ask(uveth.UVETH_CMD_NETNS_NEW, named("beta"));
    expect(await list()).toEqual(["alpha", "gamma", "beta"]);
    machine.close();
  });

  test("tells the sender's own namespace when none is named", async () => {
    const { machine, ask } = await bench();
    await ask(uveth.UVETH_CMD_NETNS_NEW, named("red"));
    const inside = await bench("red", machine);
    const [message] = await inside.ask(uveth.UVETH_CMD_NETNS_GET);
    expect(message?.attribute(uveth.UVETH_A_NETNS, HEADER)?.text()).toBe("red");
    expect(message?.attribute(uveth.UVETH_A_LINK_COUNT, HEADER)?.u32()).toBe(1);
    machine.close();
  });

  test("does not find what is not there", async () => {
    const { machine, ask } = await bench();
    expect(await codeOf(ask(uveth.UVETH_CMD_NETNS_GET, named("nosuch")))).toBe("ENOENT");
    machine.close();
  });
});

describe("NETNS_DEL", () => {
  test("takes the namespace down with its devices", async () => {
    const { machine, ask } = await bench();
    await ask(uveth.UVETH_CMD_NETNS_NEW, named("red"));
    await ask(uveth.UVETH_CMD_NETNS_DEL, named("red"));
    expect(machine.core.namespaces.size).toBe(1);
    expect(await codeOf(ask(uveth.UVETH_CMD_NETNS_DEL, named("red")))).toBe("ENOENT");
    machine.close();
  });

  test("leaves it alive, without a name, as long as a socket is in it", async () => {
    const { machine, ask } = await bench();
    await ask(uveth.UVETH_CMD_NETNS_NEW, named("red"));
    const socket = await machine.openSocket({ protocol: NETLINK_ROUTE, netns: "red" });
    await ask(uveth.UVETH_CMD_NETNS_DEL, named("red"));
    expect(await codeOf(ask(uveth.UVETH_CMD_NETNS_GET, named("red")))).toBe("ENOENT");
    expect(machine.core.namespaces.size).toBe(2);
    socket.close();
    expect(machine.core.namespaces.size).toBe(1);
    machine.close();
  });
});

describe("NETNS_OPEN", () => {
  test("gives a descriptor that keeps the namespace alive until it is closed", async () => {
    const { machine, ask } = await bench();
    await ask(uveth.UVETH_CMD_NETNS_NEW, named("red"));
    const [answer] = await ask(uveth.UVETH_CMD_NETNS_OPEN, named("red"));
    const fd = answer?.attribute(uveth.UVETH_A_NETNS_FD, HEADER)?.u32() ?? 0;
    await ask(uveth.UVETH_CMD_NETNS_DEL, named("red"));
    expect(machine.core.namespaces.size).toBe(2);
    const close = () => ask(uveth.UVETH_CMD_NETNS_CLOSE, (writer) => writer.u32(uveth.UVETH_A_NETNS_FD, fd));
    await close();
    expect(machine.core.namespaces.size).toBe(1);
    expect(await codeOf(close())).toBe("EBADF");
    machine.close();
  });
});

describe("NETNS_ENTER", () => {
  test("moves the sockets that the process opens later", async () => {
    const { machine, ask } = await bench();
    await ask(uveth.UVETH_CMD_NETNS_NEW, named("red"));
    const session = machine.openSession({ pid: 7 });
    const client = new NetlinkClient(await session.openSocket({ protocol: NETLINK_GENERIC }));
    const { id } = await familyId(client);
    await client.request(id, 0, (writer) => {
      writer.bytes[writer.reserve(HEADER)] = uveth.UVETH_CMD_NETNS_ENTER;
      writer.string(uveth.UVETH_A_NETNS, "red");
    });
    const inside = new NetlinkClient(await session.openSocket({ protocol: NETLINK_GENERIC }));
    const { messages } = await inside.request(id, 0, (writer) => {
      writer.bytes[writer.reserve(HEADER)] = uveth.UVETH_CMD_NETNS_GET;
    });
    expect(messages[0]?.attribute(uveth.UVETH_A_NETNS, HEADER)?.text()).toBe("red");
    session.close();
    machine.close();
  });
});

describe("the group netns", () => {
  test("hears of names that come and go, in every namespace", async () => {
    const { machine, ask } = await bench();
    await ask(uveth.UVETH_CMD_NETNS_NEW, named("red"));
    const listener = (await bench("red", machine)).client;
    const heard: [number | undefined, string | undefined][] = [];
    listener.onNotification = (message) => {
      heard.push([message.bytes[16], message.attribute(uveth.UVETH_A_NETNS, HEADER)?.text()]);
    };
    listener.join((await familyId(listener)).group);
    await ask(uveth.UVETH_CMD_NETNS_NEW, named("blue"));
    await ask(uveth.UVETH_CMD_NETNS_DEL, named("blue"));
    expect(heard).toEqual([
      [uveth.UVETH_CMD_NETNS_NEW, "blue"],
      [uveth.UVETH_CMD_NETNS_DEL, "blue"],
    ]);
    machine.close();
  });
});
