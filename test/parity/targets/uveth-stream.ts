// TCP connections of a machine's namespace as sockets of a parity body.

import { closeListener, tcpAccept, tcpConnect, tcpListen } from "../../../src/inet/tcp/connect.ts";
import { setKeepAlive, setNoDelay, setUserTimeout } from "../../../src/inet/tcp/options.ts";
import type { TcpSocket } from "../../../src/inet/tcp/socket.ts";
import { TCP_CLOSE, TCP_SYN_SENT } from "../../../src/inet/tcp/state.ts";
import { readableAround } from "../../../src/inet/tcp/urgent.ts";
import {
  isAtEnd,
  takeError,
  tcpClose,
  tcpRead,
  tcpReset,
  tcpShutdown,
  tcpWrite,
} from "../../../src/inet/tcp/user.ts";
import type { Netns } from "../../../src/net/netdevice.ts";
import { NetlinkError } from "../../../src/netlink/error.ts";
import { AF_INET6 } from "../../../src/uapi/socket.ts";
import type { StreamListener, StreamOptions, StreamSocket } from "../targets.ts";
import { ipBytes } from "../vocabulary.ts";

/** Listens on every address of both families. */
export function listenUvethStream(netns: Netns, port: number, options: StreamOptions): StreamListener {
  const { backlog = 128 } = options;
  const listener = tcpListen(netns, {
    family: AF_INET6,
    isV6Only: false,
    local: null,
    port,
    ifindex: 0,
    backlog,
  });
  if (typeof listener === "string") throw new NetlinkError(listener);
  listener.receiveLimit = options.receiveBuffer;
  return {
    accept: () => {
      const socket = tcpAccept(listener);
      return socket === undefined ? undefined : streamOf(socket, options);
    },
    close: () => closeListener(listener),
  };
}

/** Begins a connection. */
export function connectUvethStream(
  netns: Netns,
  { host, ...to }: { readonly host: string; readonly port: number; readonly localPort: number },
  options: StreamOptions,
): StreamSocket {
  const socket = tcpConnect(netns, {
    remote: ipBytes(host),
    remotePort: to.port,
    localPort: to.localPort,
    receiveLimit: options.receiveBuffer,
  });
  if (typeof socket === "string") throw new NetlinkError(socket);
  return streamOf(socket, options);
}

function streamOf(socket: TcpSocket, options: StreamOptions): StreamSocket {
  const { keepAlive, noDelay, resetsOnClose, userTimeoutMs } = options;
  if (keepAlive !== undefined) {
    const { idleS, intervalS, probes } = keepAlive;
    setKeepAlive(socket, true, { idleMs: 1_000 * idleS, intervalMs: 1_000 * intervalS, probes });
  }
  if (noDelay === true) setNoDelay(socket, true);
  if (userTimeoutMs !== undefined) setUserTimeout(socket, userTimeoutMs);
  return {
    write: (text) => {
      if (socket.state === TCP_SYN_SENT) return "EAGAIN";
      const taken = tcpWrite(socket, new TextEncoder().encode(text), 0);
      if (taken < 0) return takeError(socket) || "EPIPE";
      return taken === 0 ? "EAGAIN" : taken;
    },
    read: () => {
      if (readableAround(socket) > 0) return new TextDecoder().decode(tcpRead(socket));
      if (socket.isFinReceived) return "end";
      return takeError(socket) || (isAtEnd(socket) ? "end" : "");
    },
    end: () => {
      if (socket.state === TCP_CLOSE) return "ENOTCONN";
      tcpShutdown(socket);
      return "";
    },
    error: () => takeError(socket),
    close: () => (resetsOnClose === true ? tcpReset(socket) : tcpClose(socket)),
  };
}
