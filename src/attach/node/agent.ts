// Node's http and https, and undici, over a namespace: each has one place where a socket is made, and that is all they need.

import { Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import { isIP } from "node:net";
import type { Duplex } from "node:stream";
import type { ConnectionOptions } from "node:tls";
import { connect as connectTls } from "node:tls";
import { MachineNetns } from "../../index.ts";
import { NetlinkError } from "../../netlink/error.ts";
import type { NativeNamespace } from "./native/open-native.ts";
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

/** Where sockets are made: in a namespace of a machine, over uveth's stack, or in one that programs run in, over the kernel's. */
export type SocketSpace = MachineNetns | NativeNamespace;

/** What is told of a socket that has been asked for. */
type Opened = (error: Error | null, socket: Duplex | undefined) => void;

/** Opens a socket to a host by name or address: returns it at once where it may be had so, else it comes by `opened`. */
function connectTo(
  space: SocketSpace,
  hostname: string,
  port: number,
  resolve: Resolve | undefined,
  opened: Opened,
): Duplex | undefined {
  const address = addressOf(hostname, resolve);
  if (space instanceof MachineNetns)
    return new NetnsSocket(address.then((host) => space.connect({ host, port, noDelay: true })));
  address
    .then((host) => space.connect({ host, port }))
    .then(
      (socket) => opened(null, socket.setNoDelay(true)),
      (error: unknown) => opened(error instanceof Error ? error : new Error(String(error)), undefined),
    );
  return undefined;
}

async function addressOf(hostname: string, resolve: Resolve = refuseName): Promise<string> {
  const name = hostname.replace(/^\[(.*)\]$/, "$1");
  return isIP(name.split("%")[0] ?? "") === 0 ? resolve(name) : name;
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
  readonly #space: SocketSpace;
  readonly #resolve: Resolve | undefined;

  constructor(space: SocketSpace, { resolve, ...options }: AgentOptions) {
    super(options);
    this.#space = space;
    this.#resolve = resolve;
  }

  createConnection(request: SocketRequest, opened: Opened): Duplex | undefined {
    return connectTo(this.#space, hostOf(request), Number(request.port ?? 80), this.#resolve, opened);
  }
}

class NetnsTlsAgent extends HttpsAgent {
  readonly #space: SocketSpace;
  readonly #resolve: Resolve | undefined;

  constructor(space: SocketSpace, { resolve, ...options }: AgentOptions) {
    super(options);
    this.#space = space;
    this.#resolve = resolve;
  }

  createConnection(request: SocketRequest & ConnectionOptions, opened: Opened): Duplex | undefined {
    const secure = (socket: Duplex | undefined) => socket && connectTls({ ...request, socket });
    const port = Number(request.port ?? 443);
    return secure(
      connectTo(this.#space, hostOf(request), port, this.#resolve, (error, socket) =>
        opened(error, secure(socket)),
      ),
    );
  }
}

function hostOf({ host, hostname }: SocketRequest): string {
  return host ?? hostname ?? "127.0.0.1";
}

/** An agent for `http.request` (and `ws`): `http.get(url, { agent: agent(netns) })`. */
export function agent(space: SocketSpace, options: AgentOptions = {}): HttpAgent {
  return new NetnsAgent(space, options);
}

/** As `agent`, for `https.request`. */
export function httpsAgent(space: SocketSpace, options: AgentOptions = {}): HttpsAgent {
  return new NetnsTlsAgent(space, options);
}

/** What undici asks a connector for. */
interface ConnectorRequest {
  readonly hostname: string;
  readonly port?: string;
  readonly protocol?: string;
  readonly servername?: string;
}

/** Makes sockets for undici: `new Agent({ connect: connector(netns) })`. */
export function connector(space: SocketSpace, { resolve }: Pick<AgentOptions, "resolve"> = {}) {
  return (
    { hostname, port, protocol, servername }: ConnectorRequest,
    callback: (error: Error | null, socket: Duplex | null) => void,
  ): void => {
    const isTls = protocol === "https:";
    const number = Number(port !== undefined && port !== "" ? port : isTls ? 443 : 80);
    const name = servername ?? (isIP(hostname) === 0 ? hostname : undefined);
    const failed = (error: Error): void => callback(error, null);
    const take = (plain: Duplex): void => {
      const socket: Duplex = isTls
        ? connectTls({
            socket: plain,
            ALPNProtocols: ["http/1.1"],
            ...(name === undefined ? {} : { servername: name }),
          })
        : plain;
      const done = (): void => {
        socket.off("error", failed);
        callback(null, socket);
      };
      socket.once("error", failed);
      if (isTls || isConnecting(plain)) socket.once(isTls ? "secureConnect" : "connect", done);
      else done();
    };
    const plain = connectTo(space, hostname, number, resolve, (error, socket) => {
      if (socket === undefined) callback(error, null);
      else take(socket);
    });
    if (plain !== undefined) take(plain);
  };
}

function isConnecting(socket: Duplex): boolean {
  return "connecting" in socket && socket.connecting === true;
}
