// The public door of the core: make a machine, open netlink sockets on it, or use its typed API.

import type { SessionOptions } from "./af_netlink/session.ts";
import { NetlinkSession } from "./af_netlink/session.ts";
import { NetlinkTable } from "./af_netlink/table.ts";
import { joinGenetlink } from "./genetlink/join.ts";
import type { MachineOptions } from "./machine.ts";
import { MachineCore } from "./machine.ts";
import type { NetlinkProvider, NetlinkTransport, NetnsHandle, SocketRequest } from "./netlink/transport.ts";
import { joinRtnetlink } from "./rtnetlink/join.ts";

export type { NetlinkSession, SessionOptions } from "./af_netlink/session.ts";
export type { MachineOptions } from "./machine.ts";
export type { Clock, Scheduler } from "./net/clock.ts";
export { VirtualClock } from "./net/clock.ts";
export type { Random } from "./net/random.ts";
export { SeededRandom } from "./net/random.ts";
export { NetlinkError } from "./netlink/error.ts";

/** A Linux link layer of its own: namespaces, devices, protocols, behind netlink. Made by `createMachine`. */
export class Machine implements NetlinkProvider {
  /** The machine's parts, for drivers and attachments; users have no need of it. */
  readonly core: MachineCore;
  readonly table: NetlinkTable;
  readonly #session: NetlinkSession;

  constructor(options: MachineOptions) {
    let table: NetlinkTable | undefined;
    this.core = new MachineCore(options, (core) => {
      table = new NetlinkTable(core);
      joinRtnetlink(core, table);
      joinGenetlink(table);
    });
    this.table = table ?? new NetlinkTable(this.core);
    this.#session = this.openSession({ pid: 1 });
  }

  openSocket(request: SocketRequest): Promise<NetlinkTransport> {
    return this.#session.openSocket(request);
  }

  openNetns(name: string): Promise<NetnsHandle> {
    return this.#session.openNetns(name);
  }

  /** Opens a session, which stands for one process: its rights, its sockets and the namespaces it holds open. */
  openSession(options: SessionOptions): NetlinkSession {
    return new NetlinkSession(this.table, options);
  }

  /** Closes every socket, namespace, device and timer of the machine. */
  close(): void {
    this.#session.close();
    this.table.close();
    this.core.close();
  }
}

/** Makes a machine; nothing outside it is touched until something is attached. */
export function createMachine(options: MachineOptions): Machine {
  return new Machine(options);
}
