// Three etcds in a lab: the leader is cut off from the others, which choose another one and go on taking writes; healed, it
// follows, and has what was written meanwhile.
//
//   n1 ──┐
//   n2 ──s1     a real etcd in each, 5 ms away from the switch
//   n3 ──┘
//
//   npm run etcd        as root, with the program etcd (Debian's package etcd-server)

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Host } from "../src/lab/index.ts";
import { createLab, Wait, waitFor } from "../src/lab/index.ts";

const names = ["n1", "n2", "n3"];
const clientPort = 2379;
const peerPort = 2380;

/** What the example saw. */
export interface EtcdReport {
  readonly firstLeader: string;
  /** Who led while the first one was cut off, and how long it took to be chosen. */
  readonly secondLeader: string;
  readonly electionMs: number;
  /** What the leader that was cut off said to a write. */
  readonly refusedWrite: string;
  /** What it has, healed, of what was written while it was cut off. */
  readonly caughtUp: string;
}

/** Runs the example; `say` is told what happens. */
export async function etcd(say: (text: string) => void): Promise<EtcdReport> {
  const folder = mkdtempSync(join(tmpdir(), "uveth-etcd-"));
  const lab = createLab({ seed: 1 });
  try {
    const hosts = lab.hosts(...names);
    lab.switch("s1");
    for (const host of hosts) lab.link(host, "s1", { delay: "5ms" });
    await lab.start();
    const cluster = hosts.map(({ name, ip }) => `${name}=http://${ip}:${peerPort}`).join(",");
    for (const host of hosts)
      await host.spawn(["etcd", ...options(host, folder, cluster)], { stdio: "ignore" });
    for (const host of hosts) await waitFor(host, Wait.forHttp("/health", clientPort));

    const leader = await leaderOf(hosts, "");
    await put(leader, "colour", "red");
    say(`${leader.name} leads; it took a write`);

    const others = hosts.filter((host) => host !== leader);
    const cut = await lab.partition([leader], others);
    const began = performance.now();
    const second = await leaderOf(others, leader.name);
    const electionMs = Math.round(performance.now() - began);
    await put(second, "colour", "blue");
    say(`${leader.name} is cut off; ${second.name} leads after ${electionMs} ms, and took a write`);
    const refusedWrite = await put(leader, "colour", "green").then(
      () => "taken",
      (error: unknown) =>
        error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error),
    );
    say(`${leader.name} on a write: ${refusedWrite}`);

    await cut.heal();
    await waitFor(leader, Wait.forHttp("/health", clientPort));
    const caughtUp = await get(leader, "colour");
    say(`healed: ${leader.name} says the colour is ${caughtUp}`);
    return { firstLeader: leader.name, secondLeader: second.name, electionMs, refusedWrite, caughtUp };
  } finally {
    await lab.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

function options({ name, ip }: Host, folder: string, cluster: string): string[] {
  const [client, peer] = [`http://${ip}:${clientPort}`, `http://${ip}:${peerPort}`];
  return [
    ...["--name", name, "--data-dir", join(folder, name), "--initial-cluster", cluster],
    ...["--listen-client-urls", client, "--advertise-client-urls", client],
    ...["--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer],
    ...["--initial-cluster-state", "new", "--heartbeat-interval", "50", "--election-timeout", "500"],
  ];
}

/** Who leads, as one of `hosts` says and once it is not `old`; each is asked in its own host, over its own loopback or link. */
async function leaderOf(hosts: readonly Host[], old: string): Promise<Host> {
  for (;;) {
    for (const host of hosts) {
      const { header, leader } = await ask(host, "maintenance/status", {});
      const isLeader = leader !== undefined && leader === header?.member_id;
      if (isLeader && host.name !== old) return host;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

interface Answer {
  readonly header?: { readonly member_id?: string };
  readonly leader?: string;
  readonly kvs?: readonly { readonly value: string }[];
}

/** Asks the etcd of a host by its gRPC gateway. */
async function ask(host: Host, what: string, body: object): Promise<Answer> {
  const answer = await host.fetch(`http://${host.ip}:${clientPort}/v3/${what}`, {
    method: "POST",
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(3_000),
  });
  if (!answer.ok) throw new Error(`${answer.status} ${(await answer.text()).slice(0, 100)}`);
  const read: Answer = JSON.parse(await answer.text());
  return read;
}

async function put(host: Host, key: string, value: string): Promise<void> {
  await ask(host, "kv/put", { key: btoa(key), value: btoa(value) });
}

async function get(host: Host, key: string): Promise<string> {
  const { kvs = [] } = await ask(host, "kv/range", { key: btoa(key) });
  return atob(kvs[0]?.value ?? "");
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await etcd((text) => console.log(text));
