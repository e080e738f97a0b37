// A port of the real machine that leads into a lab: what connects to it is connected on to a host there.

import type { Server, Socket } from "node:net";
import { createServer } from "node:net";
import { pipeline } from "node:stream";
import type { Endpoint, MachineNetns } from "../../index.ts";
import { invalid } from "../../netlink/error.ts";
import { connect } from "./netns-socket.ts";

/** What to forward: `address:port`, IPv6 in brackets, or both apart. */
export interface ForwardOptions {
  /** Where to listen on the real machine; a port alone means the loopback, port 0 any that is free. */
  readonly from: string | Endpoint;
  /** Where it leads to, as seen from the namespace. */
  readonly to: string | Endpoint;
}

/** A forwarded port; `close()` it. */
export interface Forwarded {
  /** Where it listens. */
  readonly address: Endpoint;
  /** Listens no more, and breaks off what is connected. */
  close(): Promise<void>;
}

/** Reads `10.0.0.2:80`, `[fd00::2]:80` or `80`; EINVAL for anything else. */
function endpointFrom(text: string | Endpoint, defaultHost: string): Endpoint {
  if (typeof text !== "string") return text;
  const match = /^(?:\[([^\]]+)\]:|([^:]+):)?(\d{1,5})$/.exec(text);
  if (match === null) throw invalid(`"${text}" is not an address and a port`);
  const [, six, four, port] = match;
  return { host: six ?? four ?? defaultHost, port: Number(port) };
}

/** Forwards a TCP port of the real machine into `netns`; resolves when it listens, rejects as `net.Server.listen` would. */
export async function forward(netns: MachineNetns, { from, to }: ForwardOptions): Promise<Forwarded> {
  const target = endpointFrom(to, "127.0.0.1");
  const { host, port } = endpointFrom(from, "127.0.0.1");
  const open = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (outside) => {
    open.add(outside);
    outside.once("close", () => open.delete(outside));
    join(netns, outside, target);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host, port }, () => {
      server.off("error", reject);
      resolve();
    });
  });
  return {
    address: addressOf(server, host),
    close: () =>
      new Promise((resolve) => {
        for (const socket of open) socket.destroy();
        server.close(() => resolve());
      }),
  };
}

function addressOf(server: Server, host: string): Endpoint {
  const bound = server.address();
  return bound === null || typeof bound === "string"
    ? { host, port: 0 }
    : { host: bound.address, port: bound.port };
}

/** Carries both directions; each ends by itself, an error ends both. */
function join(netns: MachineNetns, outside: Socket, target: Endpoint): void {
  const inside = connect(netns, { ...target, noDelay: true });
  inside.allowHalfOpen = true;
  const ended = (error: Error | null): void => {
    if (error === null) return;
    inside.destroy();
    outside.resetAndDestroy();
  };
  pipeline(outside, inside, (error) => ended(error ?? null));
  pipeline(inside, outside, (error) => ended(error ?? null));
}
