// A namespace goes, and its connections with it: their devices are gone, so nobody is told but their users.
//
// Mirrors net/ipv4/tcp_minisocks.c (tcp_twsk_purge) and what the end of a namespace means to its sockets.

import type { IpNetns } from "../netns.ts";
import { closeListener } from "./connect.ts";
import { endConnection, release } from "./end.ts";
import { dropRequest, TcpRequest } from "./request.ts";
import { TcpSocket } from "./socket.ts";
import { TcpTable } from "./table.ts";
import { endTimeWait, TcpTimeWait } from "./time-wait.ts";

/** Ends everything TCP has in a namespace. */
export function closeTcp(ip: IpNetns): void {
  if (!(ip.tcp instanceof TcpTable)) return;
  for (const listener of ip.tcp.listeners()) closeListener(listener);
  for (const endpoint of [...ip.tcp.endpoints()]) {
    if (endpoint instanceof TcpRequest) dropRequest(endpoint);
    else if (endpoint instanceof TcpTimeWait) endTimeWait(endpoint);
    else if (endpoint instanceof TcpSocket) {
      endConnection(endpoint, "ENETDOWN");
      release(endpoint);
    }
  }
}
