// The two ends of a stream with frames: one listens and takes one connection at a time, one connects and does so again when the
// other side has gone. The TAP has carrier while they are connected.

import { existsSync } from "node:fs";
import type { Server, Socket } from "node:net";
import { connect, createServer } from "node:net";
import { dirname } from "node:path";
import type { Tap } from "../../../index.ts";
import { NetlinkError } from "../../../netlink/error.ts";
import type { Attached } from "../../attached.ts";
import type { StreamAddress } from "./endpoint.ts";
import { refusal } from "./refusal.ts";
import { removeSocket } from "./stale.ts";
import { StreamWire } from "./stream-wire.ts";

/** A connection that was lost is tried again so often. */
const retryMs = 1_000;

/** Waits for connections; rejects with a NetlinkError: EADDRINUSE, EACCES and what else bind(2) says. */
export async function listenOn(tap: Tap, address: StreamAddress): Promise<Attached> {
  let current: Socket | undefined;
  const server = createServer((socket) => {
    // One wire has one other end. QEMU and passt do the same.
    if (current !== undefined) return void socket.destroy();
    current = socket;
    carry(tap, socket, () => {
      current = undefined;
    });
  });
  if ("path" in address) await makeWay(address.path);
  await listening(server, address);
  return {
    close() {
      server.close();
      current?.destroy();
    },
  };
}

function listening(server: Server, address: StreamAddress): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error) => reject(refusal(error, `Cannot listen on ${textOf(address)}`)));
    server.listen(address, () => {
      server.removeAllListeners("error");
      // A connection that cannot be accepted, for want of descriptors, is its sender's to try again.
      server.on("error", () => {});
      resolve();
    });
  });
}

/** Takes away a socket on which nobody listens any more; refuses a folder that is not there, which Node calls EACCES. */
async function makeWay(path: string): Promise<void> {
  if (!existsSync(dirname(path))) {
    throw new NetlinkError("ENOENT", `Cannot listen on ${path}: No such file or directory`);
  }
  const isStale = await new Promise<boolean>((resolve) => {
    const probe = connect(path);
    probe.once("connect", () => {
      probe.destroy();
      resolve(false);
    });
    probe.once("error", (error) => resolve("code" in error && error.code === "ECONNREFUSED"));
  });
  if (isStale) removeSocket(path);
}

/** Connects, and again whenever the connection is lost; rejects with a NetlinkError when there is none at first. */
export async function connectTo(tap: Tap, address: StreamAddress): Promise<Attached> {
  let isClosed = false;
  let current = await connected(address);
  let timer: NodeJS.Timeout | undefined;
  const lost = (): void => {
    if (isClosed) return;
    timer = setTimeout(again, retryMs);
  };
  const again = (): void => {
    connected(address).then((socket) => {
      if (isClosed) return void socket.destroy();
      current = socket;
      carry(tap, socket, lost);
    }, lost);
  };
  carry(tap, current, lost);
  return {
    close() {
      isClosed = true;
      clearTimeout(timer);
      current.destroy();
    },
  };
}

function connected(address: StreamAddress): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(address);
    const refused = (error: Error): void => reject(refusal(error, `Cannot connect to ${textOf(address)}`));
    socket.once("error", refused);
    socket.once("connect", () => {
      socket.off("error", refused);
      resolve(socket);
    });
  });
}

/** Lets a connection be the wire of `tap` until it is lost. */
function carry(tap: Tap, socket: Socket, onLost: () => void): void {
  socket.setNoDelay(true);
  // What is the matter does not matter: "close" follows.
  socket.on("error", () => {});
  socket.once("close", () => {
    tap.onFrame = () => false;
    tap.setCarrier(false);
    onLost();
  });
  new StreamWire(tap, socket);
  tap.setCarrier(true);
}

function textOf(address: StreamAddress): string {
  if ("path" in address) return address.path;
  return address.host.includes(":") ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`;
}
