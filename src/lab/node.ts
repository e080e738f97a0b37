// The nodes of a lab: hosts, routers and switches, each a namespace of its own.

import type { ChildProcess, SpawnOptions } from "node:child_process";
import type { Duplex } from "node:stream";
import type { FrameChannel } from "../attach/index.ts";
import type { NativeNamespace } from "../attach/node/index.ts";
import type { Endpoint, MachineNetns, PingOptions, PingResult } from "../index.ts";
import { bare, prefixOf } from "./address-plan.ts";
import { LabError } from "./lab-error.ts";
import type { NodeKind } from "./node-kind.ts";

/** A link as its nodes see it (link.ts). */
export interface NodeLink {
  readonly name: string;
  endOf(node: LabNode): NodeEnd;
}

/** A node's end of a link. */
export interface NodeEnd {
  readonly ifname: string;
  readonly mac: string;
  readonly addresses: readonly string[];
}

/** What a node needs of its lab. */
export interface NodeOwner {
  readonly isVirtual: boolean;
  start(): Promise<void>;
  /** The address of a name, as `from` reaches it best. */
  resolve(name: string, from?: Host): string;
  /** Runs time on, when it is virtual, until a promise is settled; `settle`: see VirtualClock.advance. */
  until<Result>(promise: Promise<Result>, settle?: () => Promise<void>): Promise<Result>;
  /** The namespace of the kernel that a host's programs run in; undefined as long as it has had none. */
  nativeOf(node: Host): NativeNamespace | undefined;
  spawnIn(node: Host, argv: readonly string[], options: SpawnOptions): Promise<ChildProcess>;
}

/** What a node may be called. */
export const nodeNameForm = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/** What an interface may be called: dev_valid_name() without what is hard to type. */
export const interfaceNameForm = /^(?!\.\.?$)[A-Za-z0-9._-]{1,15}$/;

/** The device of an outside node whose wire leads out of the lab. */
export const OUTSIDE_DEVICE = "out0";

/** What hosts, routers and switches have in common. */
export class LabNode {
  readonly name: string;
  readonly kind: NodeKind;
  readonly links: NodeLink[] = [];
  protected readonly lab: NodeOwner;
  #netns: MachineNetns | undefined;

  constructor(lab: NodeOwner, name: string, kind: NodeKind) {
    this.lab = lab;
    this.name = name;
    this.kind = kind;
  }

  /** Its namespace: links, addresses, routes, sockets. The lab must have started. */
  get netns(): MachineNetns {
    if (this.#netns === undefined)
      throw new LabError(`"${this.name}" is not there yet: await lab.start() first`);
    return this.#netns;
  }

  /** Set by the lab when the namespace is made, and when it has gone. */
  set netns(netns: MachineNetns | undefined) {
    this.#netns = netns;
  }

  get isMade(): boolean {
    return this.#netns !== undefined;
  }

  /** Its ends of links. */
  get ends(): NodeEnd[] {
    return this.links.map((link) => link.endOf(this));
  }

  /** The next of eth0, eth1, … that no link of the node has. */
  freeName(): string {
    const next = `eth${this.links.length}`;
    if (this.hasNameFree(next)) return next;
    for (let number = 0; ; number++) if (this.hasNameFree(`eth${number}`)) return `eth${number}`;
  }

  /** Whether a link's end can be called so here. */
  hasNameFree(ifname: string): boolean {
    return !["lo", "br0", OUTSIDE_DEVICE].includes(ifname) && !this.ends.some((end) => end.ifname === ifname);
  }
}

/** What a program did. */
export interface ExecResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A computer of a lab. In it runs TypeScript over uveth's own stack, or, where the system allows, a real program. */
export class Host extends LabNode {
  #isPaused = false;
  readonly #programs = new Map<
    ChildProcess,
    { readonly argv: readonly string[]; readonly options: SpawnOptions }
  >();

  constructor(lab: NodeOwner, name: string, kind: "host" | "router" = "host") {
    super(lab, name, kind);
  }

  /** Its first IPv4 address. */
  get ip(): string {
    return this.#address((address) => !address.includes(":"));
  }

  /** The IPv4 address that `from` has a link to, if there is one, else its first. */
  ipFrom(from: Host): string {
    const near = new Set(from.ends.flatMap(({ addresses }) => addresses.map(prefixOf)));
    const isNear = (address: string) => !address.includes(":") && near.has(prefixOf(address));
    const address = this.ends.flatMap(({ addresses }) => addresses).find(isNear);
    return address === undefined ? this.ip : bare(address);
  }

  /** Its first IPv6 address that is not link-local. */
  get ip6(): string {
    return this.#address((address) => address.includes(":"));
  }

  #address(isWanted: (address: string) => boolean): string {
    for (const end of this.ends) {
      const address = end.addresses.find(isWanted);
      if (address !== undefined) return bare(address);
    }
    throw new LabError(`"${this.name}" has no address: link it to something and await lab.start()`);
  }

  /** All its addresses, without prefixes. */
  get addresses(): string[] {
    return this.ends.flatMap((end) => end.addresses.map(bare));
  }

  /** Pings a host by name or an address. */
  async ping(target: Host | string, options: PingOptions = {}): Promise<PingResult> {
    await this.lab.start();
    const address = this.lab.resolve(typeof target === "string" ? target : target.name, this);
    return this.lab.until(this.netns.ping(address, options));
  }

  /** Listens for TCP connections on all addresses, or on `host`. LabError where programs run. */
  listen(options: Parameters<MachineNetns["listen"]>[0]): ReturnType<MachineNetns["listen"]> {
    return this.#own("listen").listen(options);
  }

  /** Opens a TCP connection to a host by name or an address. LabError where programs run: see `createConnection`. */
  connect(options: Parameters<MachineNetns["connect"]>[0]): ReturnType<MachineNetns["connect"]> {
    const { host } = options;
    return this.#own("connect").connect(
      host === undefined ? options : { ...options, host: this.lab.resolve(host, this) },
    );
  }

  /** Opens a UDP socket. LabError where programs run. */
  udp(options: Parameters<MachineNetns["udp"]>[0] = {}): ReturnType<MachineNetns["udp"]> {
    return this.#own("open a UDP socket").udp(options);
  }

  /** Its namespace, which must have uveth's own stack. */
  #own(what: string): MachineNetns {
    if (this.lab.nativeOf(this) === undefined) return this.netns;
    throw new LabError(
      `Cannot ${what} in "${this.name}" over uveth's stack: programs run there, so it has the kernel's. Use host.fetch, host.createConnection or host.exec, or another host`,
    );
  }

  /**
   * Opens a TCP connection to a host by name or an address, as a socket of Node's: over uveth's stack, or over the kernel's
   * where programs run. Resolves when it is open; the socket is the caller's. Rejects with a NetlinkError (ECONNREFUSED, …).
   */
  async createConnection({ host, port }: Endpoint): Promise<Duplex> {
    await this.lab.start();
    const to = { host: this.lab.resolve(host, this), port };
    const native = this.lab.nativeOf(this);
    if (native !== undefined) return native.connect(to);
    const { NetnsSocket } = await import("../attach/node/index.ts");
    return new NetnsSocket(await this.lab.until(this.netns.connect(to)));
  }

  /**
   * Fetches, as the platform's `fetch` does, over uveth's stack, or over the kernel's where programs run: the names of the
   * lab's hosts are known, and `localhost` is this host. In virtual time the answer is there to its last byte when the
   * promise resolves. Rejects with a TypeError whose cause says what went wrong.
   */
  async fetch(input: string | URL | Request, init: RequestInit = {}): Promise<Response> {
    await this.lab.start();
    const { fetch } = await import("../attach/node/index.ts");
    const resolve = (name: string) => this.lab.resolve(name, this);
    const answer = fetch(this.lab.nativeOf(this) ?? this.netns, input, { ...init, resolve });
    if (!this.lab.isVirtual) return answer;
    return this.lab.until(answer.then(inFull), nodeTurn);
  }

  /** Starts a real program here; LabError with the cause and the cure where that is not possible. */
  async spawn(argv: readonly string[], options: SpawnOptions = {}): Promise<ChildProcess> {
    await this.lab.start();
    const child = await this.lab.spawnIn(this, argv, options);
    this.#programs.set(child, { argv, options });
    child.once("exit", () => this.#programs.delete(child));
    return child;
  }

  /** Runs a real program here to its end. */
  async exec(argv: readonly string[], options: SpawnOptions = {}): Promise<ExecResult> {
    const child = await this.spawn(argv, { ...options, stdio: ["ignore", "pipe", "pipe"] });
    let stdout = "";
    let stderr = "";
    child.stdout?.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    child.stderr?.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    return new Promise((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (code) => resolve({ exitCode: code ?? 1, stdout, stderr }));
    });
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  /** Stops every program of the host where it is (SIGSTOP); connections stay open. */
  pause(): void {
    this.#isPaused = true;
    this.#signal("SIGSTOP");
  }

  unpause(): void {
    this.#isPaused = false;
    this.#signal("SIGCONT");
  }

  /** Ends every program of the host. Addresses stay. */
  kill(signal: NodeJS.Signals = "SIGKILL"): void {
    this.#signal(signal);
  }

  /** Ends every program of the host and starts each again; addresses and ports stay. */
  async restart(signal: NodeJS.Signals = "SIGKILL"): Promise<ChildProcess[]> {
    const programs = [...this.#programs];
    const ended = programs.map(([child]) => new Promise((resolve) => child.once("exit", resolve)));
    this.#signal(signal);
    await Promise.all(ended);
    return Promise.all(programs.map(([, { argv, options }]) => this.spawn(argv, options)));
  }

  #signal(signal: NodeJS.Signals): void {
    for (const child of this.#programs.keys()) child.kill(signal);
  }
}

/** Lets Node's queues run empty: its streams and http go by ticks, which come after promises. */
function nodeTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** An answer whose body has come. */
async function inFull(answer: Response): Promise<Response> {
  if (answer.body === null) return answer;
  const { status, statusText, headers } = answer;
  return new Response(await answer.arrayBuffer(), { status, statusText, headers });
}

/** A host that passes packets on. */
export class Router extends Host {
  constructor(lab: NodeOwner, name: string) {
    super(lab, name, "router");
  }
}

/** A learning switch: a bridge with a port for each link. */
export class Switch extends LabNode {
  /** It runs the spanning tree protocol. */
  readonly isStp: boolean;

  constructor(lab: NodeOwner, name: string, isStp: boolean, kind: "switch" | "outside" = "switch") {
    super(lab, name, kind);
    this.isStp = isStp;
  }
}

/**
 * What is not of the lab: a virtual machine, a switch of another program, another machine. Its links are those of any node, with
 * faults, captures and partitions; inside it joins them to the wire that leads out. It has no addresses: who is there has its own.
 */
export class Outside extends Switch {
  /** A word of attachEndpoint's (`listen:/tmp/vm0.sock`), or a channel of messages (attachChannel). */
  readonly endpoint: string | FrameChannel;
  /** Largest packet of the wire that leads out, in bytes. */
  readonly mtu: number;

  constructor(lab: NodeOwner, name: string, endpoint: string | FrameChannel, mtu: number) {
    super(lab, name, false, "outside");
    this.endpoint = endpoint;
    this.mtu = mtu;
  }
}
