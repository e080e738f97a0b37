// Node's http and https, and undici, over a namespace: each has one place where a socket is made, and that is all they need.

import { Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import { isIP } from "node:net";
import type { Duplex } from "node:stream";
import type { ConnectionOptions } from "node:tls";
import { connect as connectTls } from "node:tls";
import type { MachineNetns } from "../../index.ts";
import { NetlinkError } from "../../netlink/error.ts";
import { NetnsSocket } from "./netns-socket.ts";

/** Finds the address of a name in the lab. */
export type Resolve = (hostname: string) => string | Promise<string>;

/** How names are found, and what http's agents take. */
export interface AgentOptions {
  /** Finds the address of a name; without it only addresses are understood. */
  readonly resolve?: Resolve;
  readonly keepAlive?: boolean;
  readonly maxSockets?: number;
}

/** Opens a socket to a host by name or address. */
function connectTo(
  netns: MachineNetns,
  hostname: string,
  port: number,
  resolve: Resolve = refuseName,
): NetnsSocket {
  return new NetnsSocket(open(netns, hostname, port, resolve));
}

async function open(netns: MachineNetns, hostname: string, port: number, resolve: Resolve) {
  const name = hostname.replace(/^\[(.*)\]$/, "$1");
  const host = isIP(name.split("%")[0] ?? "") === 0 ? await resolve(name) : name;
  return netns.connect({ host, port, noDelay: true });
}

function refuseName(hostname: string): never {
  throw new NetlinkError("EINVAL", `"${hostname}" is no address: give a resolve function to use names`);
}

/** What an agent is told of the socket it is to make. */
interface SocketRequest {
  readonly host?: string | null;
  readonly hostname?: string | null;
  readonly port?: number | string | null;
}

class NetnsAgent extends HttpAgent {
  readonly #netns: MachineNetns;
  readonly #resolve: Resolve | undefined;

  constructor(netns: MachineNetns, { resolve, ...options }: AgentOptions) {
    super(options);
    this.#netns = netns;
    this.#resolve = resolve;
  }

  createConnection(request: SocketRequest): Duplex {
    return connectTo(this.#netns, hostOf(request), Number(request.port ?? 80), this.#resolve);
  }
}

class NetnsTlsAgent extends HttpsAgent {
  readonly #netns: MachineNetns;
  readonly #resolve: Resolve | undefined;

  constructor(netns: MachineNetns, { resolve, ...options }: AgentOptions) {
    super(options);
    this.#netns = netns;
    this.#resolve = resolve;
  }

  createConnection(request: SocketRequest & ConnectionOptions): Duplex {
    const socket = connectTo(this.#netns, hostOf(request), Number(request.port ?? 443), this.#resolve);
    return connectTls({ ...request, socket });
  }
}

function hostOf({ host, hostname }: SocketRequest): string {
  return host ?? hostname ?? "127.0.0.1";
}

/** An agent for `http.request` (and `ws`): `http.get(url, { agent: agent(netns) })`. */
export function agent(netns: MachineNetns, options: AgentOptions = {}): HttpAgent {
  return new NetnsAgent(netns, options);
}

/** As `agent`, for `https.request`. */
export function httpsAgent(netns: MachineNetns, options: AgentOptions = {}): HttpsAgent {
  return new NetnsTlsAgent(netns, options);
}

/** What undici asks a connector for. */
interface ConnectorRequest {
  readonly hostname: string;
  readonly port?: string;
  readonly protocol?: string;
  readonly servername?: string;
}

/** Makes sockets for undici: `new Agent({ connect: connector(netns) })`. */
export function connector(netns: MachineNetns, { resolve }: Pick<AgentOptions, "resolve"> = {}) {
  return (
    { hostname, port, protocol, servername }: ConnectorRequest,
    callback: (error: Error | null, socket: Duplex | null) => void,
  ): void => {
    const isTls = protocol === "https:";
    const number = Number(port !== undefined && port !== "" ? port : isTls ? 443 : 80);
    const plain = connectTo(netns, hostname, number, resolve);
    const name = servername ?? (isIP(hostname) === 0 ? hostname : undefined);
    const socket: Duplex = isTls
      ? connectTls({
          socket: plain,
          ALPNProtocols: ["http/1.1"],
          ...(name === undefined ? {} : { servername: name }),
        })
      : plain;
    const failed = (error: Error): void => callback(error, null);
    socket.once("error", failed);
    socket.once(isTls ? "secureConnect" : "connect", () => {
      socket.off("error", failed);
      callback(null, socket);
    });
  };
}
