// How many sockets of the machine's own stack a namespace has: what is lost when another stack takes over.

import type { Netns } from "../net/netdevice.ts";
import { ipNetns } from "./slots.ts";
import { TcpSocket } from "./tcp/socket.ts";
import { TcpTable } from "./tcp/table.ts";
import { udpTable } from "./udp/table.ts";

/** Listening and connected ones, over TCP and UDP. */
export function countSockets(netns: Netns): number {
  const ip = ipNetns(netns);
  let count = udpTable(ip).sockets.size;
  if (!(ip.tcp instanceof TcpTable)) return count;
  count += [...ip.tcp.listeners()].length;
  for (const endpoint of ip.tcp.endpoints()) if (endpoint instanceof TcpSocket) count++;
  return count;
}
