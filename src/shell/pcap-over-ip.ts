// A capture for whoever connects: a TCP server that hands each client the pcapng stream from its header on
// (`wireshark -k -i TCP@127.0.0.1:57012`). A client that comes later misses frames, never the blocks that describe them.
//
// Mirrors pcap-over-IP as Wireshark, NetworkMiner and Arkime read it; the blocks are those of
// draft-ietf-opsawg-pcapng 4.

import { once } from "node:events";
import type { Socket } from "node:net";
import { createServer } from "node:net";
import type { OutputFile } from "../cli/command.ts";

const scheme = "tcp://";
const loopback = "127.0.0.1";
const maxPort = 65_535;
/** Bytes that wait for a slow client before it is cut off: what it would read next is no longer the capture. */
const maxWaitingBytes = 16 * 1024 * 1024;
/** Types of blocks that later ones refer to: section header, interface description. */
const describing: readonly number[] = [0x0a0d0d0a, 1];

/** Opens the server that `address` (`tcp://[HOST:]PORT`) names; rejects when it cannot listen there. */
export async function servePcap(address: string): Promise<OutputFile> {
  const { host, port } = parse(address);
  const clients = new Set<Socket>();
  const described: Buffer[] = [];
  const server = createServer((socket) => {
    clients.add(socket);
    socket.on("error", () => {}); // it closes then
    socket.on("close", () => clients.delete(socket));
    socket.resume();
    for (const block of described) socket.write(block);
  });
  server.listen(port, host);
  await once(server, "listening");
  return {
    write(bytes) {
      const block = Buffer.from(bytes);
      if (describing.includes(block.readUInt32LE(0))) described.push(block);
      for (const socket of clients) {
        socket.write(block);
        if (socket.writableLength > maxWaitingBytes) socket.destroy();
      }
    },
    async close() {
      for (const socket of clients) socket.end();
      server.close();
      await once(server, "close");
    },
  };
}

/** Takes an address apart; an IPv6 address stands in brackets. */
function parse(address: string): { host: string; port: number } {
  const matched = /^(?:(?:\[([0-9a-fA-F:.]+)\]|([^:[\]]+)):)?(\d{1,5})$/.exec(address.slice(scheme.length));
  const port = Number(matched?.[3] ?? Number.NaN);
  if (matched === null || port > maxPort) {
    throw new Error(`"${address}" is not ${scheme}[HOST:]PORT`);
  }
  return { host: matched[1] ?? matched[2] ?? loopback, port };
}
