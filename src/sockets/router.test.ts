// What: a namespace that tells a link it is a router, and a host that takes it in: addresses, routes, their ends; a flood stays
// within its limits.
//
//   router [lan]──────[eth0] host
//
// Source: RFC 4861 6.2 and 6.3, RFC 4862 5.5, radvd.conf(5).

import { expect, test } from "vitest";
import { createTestMachine } from "../testkit/index.ts";
import { MachineNetns } from "./netns.ts";
import type { RouterOptions } from "./router.ts";

const S = 1e9;
const AF_INET6 = 10;

async function connect() {
  const { machine, clock } = createTestMachine();
  const [router, host] = [await machine.netns("router"), await machine.netns("host")];
  await router.link.add({ kind: "veth", name: "lan", peer: { name: "eth0", netns: "host" } });
  await router.link.set("lan", { isUp: true });
  await host.link.set("eth0", { isUp: true });
  await clock.advance(3 * S);
  return { machine, clock, router, host };
}

type Setup = Awaited<ReturnType<typeof connect>>;

async function dsts({ host }: Setup): Promise<string[]> {
  return (await host.route.list({ family: AF_INET6 })).map(({ dst }) => dst).sort();
}

async function globals({ host }: Setup): Promise<string[]> {
  const list = await host.addr.list();
  return list.map(({ address }) => `${address}`).filter((text) => text.includes("2001:db8"));
}

async function withRouter(
  options: Omit<RouterOptions, "dev">,
  body: (setup: Setup, close: () => void) => Promise<void>,
) {
  const setup = await connect();
  expect(setup.router).toBeInstanceOf(MachineNetns);
  const advertising = setup.router.advertiseRouter({ dev: "lan", ...options });
  try {
    await body(setup, () => advertising.close());
  } finally {
    setup.machine.close();
  }
}

test("a host gets an address, a route to the prefix and a default route", async () => {
  await withRouter({ prefixes: ["2001:db8:1::/64"] }, async (setup) => {
    await setup.clock.advance(5 * S);
    expect(await dsts(setup)).toEqual(["2001:db8:1::/64", "default", "fe80::/64"]);
    expect(await globals(setup)).toHaveLength(1);
  });
});

test("a router that closes is a default router no longer, its prefix lives on", async () => {
  await withRouter({ prefixes: ["2001:db8:1::/64"] }, async (setup, close) => {
    await setup.clock.advance(5 * S);
    close();
    await setup.clock.advance(S);
    expect(await dsts(setup)).toEqual(["2001:db8:1::/64", "fe80::/64"]);
  });
});

test("what is not renewed ends with its lifetime", async () => {
  const prefixes = [{ prefix: "2001:db8:1::/64", validS: 30, preferredS: 20 }];
  await withRouter({ prefixes, lifetimeS: 25, maxIntervalS: 1_000 }, async (setup) => {
    await setup.clock.advance(5 * S);
    expect(await globals(setup)).toHaveLength(1);
    await setup.router.link.set("lan", { isUp: false });
    await setup.router.link.set("lan", { isUp: true });
    setup.router.advertiseRouter({ dev: "lan", lifetimeS: 0, maxIntervalS: 9_000 });
    await setup.clock.advance(60 * S);
    expect(await globals(setup)).toEqual([]);
    expect(await dsts(setup)).toEqual(["fe80::/64"]);
  });
});

test("a host that asks is answered before the next advertisement is due", async () => {
  await withRouter({ prefixes: ["2001:db8:1::/64"], maxIntervalS: 1_800 }, async (setup) => {
    await setup.clock.advance(200 * S);
    await setup.host.link.set("eth0", { isUp: false });
    await setup.host.link.set("eth0", { isUp: true });
    await setup.clock.advance(10 * S);
    expect(await globals(setup)).toHaveLength(1);
  });
});

test("a flood of prefixes makes no more addresses than max_addresses and no more routes than 1,024", async () => {
  const setup = await connect();
  for (let batch = 0; batch < 60; batch++) {
    const prefixes = Array.from(
      { length: 30 },
      (_, index) => `2001:db8:${(batch * 30 + index).toString(16)}::/64`,
    );
    const advertising = setup.router.advertiseRouter({ dev: "lan", prefixes });
    await setup.clock.advance(S / 10);
    advertising.close();
  }
  expect(await globals(setup)).toHaveLength(15);
  expect((await dsts(setup)).length).toBeLessThanOrEqual(1_024 + 1);
  setup.machine.close();
}, 20_000);
