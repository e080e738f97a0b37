// A port for who names none: picked at random from the namespace's range, then the next that is free (RFC 6056 3.3.1).
//
// Mirrors net/ipv4/udp.c (udp_lib_get_port) and net/ipv4/inet_connection_sock.c (inet_csk_find_open_port).

import { randomBelow } from "../net/random.ts";
import type { IpNetns } from "./netns.ts";

/** A port of net.ipv4.ip_local_port_range that `isFree`; 0 when there is none. */
export function pickPort(ip: IpNetns, isFree: (port: number) => boolean): number {
  const { localPortMax, localPortMin } = ip.tunables;
  const count = localPortMax - localPortMin + 1;
  const first = randomBelow(ip.inet.machine.random, count);
  for (let tried = 0; tried < count; tried++) {
    const port = localPortMin + ((first + tried) % count);
    if (isFree(port)) return port;
  }
  return 0;
}
