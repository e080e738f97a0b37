// A UDP socket of the library as a socket of a parity body.

import type { Netns } from "../../../src/net/netdevice.ts";
import { NetlinkError } from "../../../src/netlink/error.ts";
import { Udp } from "../../../src/sockets/udp.ts";
import type { GroupSocket } from "../targets.ts";

/** Opens it in `netns`. */
export function openUvethGroupSocket(netns: Netns, family: 4 | 6, port: number): GroupSocket {
  const socket = new Udp(netns, { host: family === 4 ? "0.0.0.0" : "::", port });
  const texts: string[] = [];
  const read = async (): Promise<void> => {
    for await (const { payload } of socket) texts.push(new TextDecoder().decode(payload));
  };
  void read();
  return {
    join: (group, { name }, source) =>
      errnoOf(() => socket.join(group, name, source === undefined ? {} : { source })),
    leave: (group, { name }, source) =>
      errnoOf(() => socket.leave(group, name, source === undefined ? {} : { source })),
    block: (group, { name }, source) => errnoOf(() => socket.blockSource(group, name, source)),
    unblock: (group, { name }, source) => errnoOf(() => socket.unblockSource(group, name, source)),
    filter: (group, { name }, mode, sources) =>
      errnoOf(() => socket.setSourceFilter(group, name, { mode, sources })),
    received: () => texts.splice(0),
    close: () => socket.close(),
  };
}

function errnoOf(call: () => void): string {
  try {
    call();
    return "";
  } catch (error) {
    if (error instanceof NetlinkError) return error.code;
    throw error;
  }
}
