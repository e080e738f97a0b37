// Where a wire leads to, as a word: `listen:/run/vm0.sock`, `connect:127.0.0.1:5000`, `udp:5000,10.0.0.1:5000`, `vde:/run/vde.ctl`.

import { NetlinkError } from "../../../netlink/error.ts";

/** An address of a stream: a path of a Unix socket, or a host and a port. */
export type StreamAddress = { readonly path: string } | { readonly host: string; readonly port: number };

/** What a word says. */
export type OutsideEndpoint =
  /** QEMU's framing over a stream, of which one end listens and the other connects. */
  | { readonly type: "listen"; readonly address: StreamAddress }
  | { readonly type: "connect"; readonly address: StreamAddress }
  /** A frame for each datagram. */
  | { readonly type: "udp"; readonly local: InetAddress; readonly remote: InetAddress }
  | { readonly type: "dgram"; readonly local: string; readonly remote: string }
  /** A port of a vde_switch; 0 for any. */
  | { readonly type: "vde"; readonly folder: string; readonly port: number };

interface InetAddress {
  readonly host: string;
  readonly port: number;
}

const loopback = "127.0.0.1";
/** sizeof(sun_path), with its NUL. */
const longestPath = 107;

/** Reads a word; NetlinkError EINVAL that says what is wrong with it, ENAMETOOLONG for a path that no socket can have. */
export function parseEndpoint(text: string): OutsideEndpoint {
  const colon = text.indexOf(":");
  const type = text.slice(0, Math.max(0, colon));
  const rest = text.slice(colon + 1);
  switch (type) {
    case "listen":
    case "connect":
      return { type, address: streamAddress(rest) };
    case "udp": {
      const [local, remote] = twoOf(text, rest);
      return { type, local: inetAddress(local), remote: inetAddress(remote) };
    }
    case "dgram": {
      const [local, remote] = twoOf(text, rest);
      return { type, local: pathOf(local), remote: pathOf(remote) };
    }
    case "vde": {
      const [, folder = rest, port = "0"] = /^(.*)\[(\d+)\]$/.exec(rest) ?? [];
      return { type, folder: pathOf(folder), port: Number(port) };
    }
    default:
      throw wrong(`"${text}" is no endpoint: it begins with listen:, connect:, dgram:, udp: or vde:`);
  }
}

function streamAddress(text: string): StreamAddress {
  return text.includes("/") ? { path: pathOf(text) } : inetAddress(text);
}

function inetAddress(text: string): InetAddress {
  const [, bracketed, plain, digits = text] = /^(?:\[([^\]]*)\]:|([^:]*):)?(\d+)$/.exec(text) ?? [];
  const port = Number(digits);
  if (!/^\d+$/.test(digits) || port < 1 || port > 65_535) {
    throw wrong(`"${text}" is neither a path nor [HOST:]PORT with a port from 1 to 65535`);
  }
  return { host: bracketed ?? (plain === undefined || plain === "" ? loopback : plain), port };
}

function pathOf(text: string): string {
  if (text === "") throw wrong("A path is missing");
  if (Buffer.byteLength(text) > longestPath) {
    throw new NetlinkError("ENAMETOOLONG", `The path of a socket has ${longestPath} bytes at most: ${text}`);
  }
  return text;
}

function twoOf(text: string, rest: string): readonly [string, string] {
  const [first = "", second = "", ...more] = rest.split(",");
  if (second === "" || more.length > 0) throw wrong(`"${text}" needs two addresses with a comma between`);
  return [first, second];
}

function wrong(text: string): NetlinkError {
  return new NetlinkError("EINVAL", text);
}
