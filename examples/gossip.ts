// Gossip in virtual time: a hundred hosts on ten sites tell one another what they have heard, over wires that lose and delay,
// while a partition comes and goes. An hour of it takes a fraction of a minute, and the same seed gives the same hour.
//
//   npm run gossip                  100 hosts, one hour, a seed of its own
//   UVETH_SEED=7 npm run gossip

import type { Host, Lab } from "../src/lab/index.ts";
import { createLab } from "../src/lab/index.ts";

/** What to run. */
export interface GossipOptions {
  readonly seed: number;
  readonly hosts: number;
  /** How long it goes on, in the lab's time. */
  readonly seconds: number;
  /** How often each host tells somebody. */
  readonly everySeconds: number;
}

/** What came of it. */
export interface GossipResult {
  /** Messages that were sent and that arrived. */
  readonly sent: number;
  readonly received: number;
  /** Seconds from a rumour's start until every host had heard it, for each rumour that got so far. */
  readonly spreadSeconds: readonly number[];
  /** Rumours that began in the partition, and how many hosts they had reached when it was healed. */
  readonly reachedInPartition: number;
  /** Wall-clock time. */
  readonly tookMs: number;
}

const port = 7_946;
const perSite = 10;
const partitionSeconds = 60;

/** Runs the protocol and says what came of it. */
export async function gossip({
  seed,
  hosts: count,
  seconds,
  everySeconds,
}: GossipOptions): Promise<GossipResult> {
  const startedMs = performance.now();
  const lab = createLab({ seed, time: "virtual", ipv6: false });
  try {
    const hosts = sites(lab, count);
    await lab.start();
    const world = new World(lab, hosts, everySeconds);
    world.start();
    await lab.advance(`${seconds / 4}s`);
    const half = hosts.slice(0, count / 2);
    const cut = await lab.partition(half, hosts.slice(count / 2));
    const rumour = world.begin(half[0]);
    await lab.advance(`${partitionSeconds}s`);
    const reachedInPartition = world.reached(rumour);
    await cut.heal();
    await lab.advance(`${(seconds * 3) / 4 - partitionSeconds}s`);
    world.stop();
    return { ...world.result(), reachedInPartition, tookMs: performance.now() - startedMs };
  } finally {
    await lab.close();
  }
}

/** Sites of ten hosts on a switch each, and a router between them: wires within a site are good, those between are not. */
function sites(lab: Lab, count: number): Host[] {
  const router = lab.router("r");
  const hosts: Host[] = [];
  for (let site = 1; hosts.length < count; site++) {
    const node = lab.switch(`s${site}`);
    lab.link(node, router, { delay: "20ms", jitter: "5ms", loss: "1%" });
    for (let number = 1; number <= perSite && hosts.length < count; number++) {
      const host = lab.host(`h${site}-${number}`);
      lab.link(host, node, { delay: "100us" });
      hosts.push(host);
    }
  }
  return hosts;
}

/** A rumour, by number: when it began, and who has heard it. */
interface Rumour {
  readonly number: number;
  readonly atNs: number;
  readonly heard: Set<Host>;
  completeNs: number | undefined;
}

class World {
  readonly #lab: Lab;
  readonly #hosts: readonly Host[];
  readonly #everyNs: number;
  readonly #rumours: Rumour[] = [];
  readonly #known = new Map<Host, Set<number>>();
  readonly #sockets: ReturnType<Host["udp"]>[] = [];
  readonly #random: () => number;
  #isStopped = false;
  #sent = 0;
  #received = 0;

  constructor(lab: Lab, hosts: readonly Host[], everySeconds: number) {
    this.#lab = lab;
    this.#hosts = hosts;
    this.#everyNs = everySeconds * 1e9;
    this.#random = () => lab.machine.core.random.u32() / 2 ** 32;
  }

  start(): void {
    for (const host of this.#hosts) {
      this.#known.set(host, new Set());
      const socket = host.udp({ port });
      this.#sockets.push(socket);
      void this.#listen(host, socket);
      this.#tellLater(host, socket);
    }
    this.begin(this.#hosts[0]);
  }

  /** A host has something to tell. */
  begin(host: Host | undefined): Rumour {
    const rumour = {
      number: this.#rumours.length,
      atNs: this.#lab.now(),
      heard: new Set<Host>(),
      completeNs: undefined,
    };
    this.#rumours.push(rumour);
    if (host !== undefined) this.#hear(host, rumour.number);
    return rumour;
  }

  reached({ heard }: Rumour): number {
    return heard.size;
  }

  stop(): void {
    this.#isStopped = true;
    for (const socket of this.#sockets) socket.close();
  }

  result() {
    const spreadSeconds = this.#rumours.flatMap(({ atNs, completeNs }) =>
      completeNs === undefined ? [] : [(completeNs - atNs) / 1e9],
    );
    return { sent: this.#sent, received: this.#received, spreadSeconds };
  }

  #hear(host: Host, number: number): void {
    const rumour = this.#rumours[number];
    this.#known.get(host)?.add(number);
    if (rumour === undefined || rumour.heard.has(host)) return;
    rumour.heard.add(host);
    if (rumour.heard.size === this.#hosts.length) rumour.completeNs = this.#lab.now();
  }

  async #listen(host: Host, socket: ReturnType<Host["udp"]>): Promise<void> {
    for await (const { payload } of socket) {
      this.#received++;
      for (const number of payload) this.#hear(host, number);
    }
  }

  /** Tells a host at random all that is known, again and again. */
  #tellLater(host: Host, socket: ReturnType<Host["udp"]>): void {
    this.#lab.after(Math.floor(this.#everyNs * (0.5 + this.#random())), () => {
      if (this.#isStopped) return;
      const peer = this.#hosts[Math.floor(this.#random() * this.#hosts.length)];
      if (peer !== undefined && peer !== host) {
        this.#sent++;
        socket.send(Uint8Array.from(this.#known.get(host) ?? []), { host: peer.ip, port });
      }
      this.#tellLater(host, socket);
    });
  }
}

/** The hour, as `npm run gossip` runs it. */
export async function main(): Promise<void> {
  const seed = Number(process.env["UVETH_SEED"] ?? Math.floor(Date.now() % 1e9));
  const seconds = 3_600;
  const result = await gossip({ seed, hosts: 100, seconds, everySeconds: 5 });
  const faster = seconds / (result.tookMs / 1_000);
  console.log(
    `UVETH_SEED=${seed}: 100 hosts, one hour, ${(result.tookMs / 1_000).toFixed(1)} s: ${faster.toFixed(0)} times faster than real time`,
  );
  console.log(
    `${result.sent} messages, ${result.received} arrived; everybody had heard after ${result.spreadSeconds.map((spread) => spread.toFixed(1)).join(", ")} s`,
  );
  console.log(`The partition kept a rumour to ${result.reachedInPartition} hosts until it was healed`);
}

if (process.argv[1]?.includes("gossip") === true) await main();
