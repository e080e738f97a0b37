// What the commands work on: the daemon's machine, or with `uveth --kernel` the live kernel. Both are netlink, and
// connected to when the first socket is opened.

import { readdirSync } from "node:fs";
import type { DaemonClient } from "../daemon/client.ts";
import type { NetlinkProvider } from "../netlink/transport.ts";
import { UVETH_VERSION } from "../uapi/uveth.ts";

/** A machine to work on. */
export interface Target extends NetlinkProvider {
  listNetns(): Promise<readonly string[]>;
  close(): void;
}

/** The daemon of this user; `warn` is told when it is of another version of the package. */
export function daemonTarget(warn: (text: string) => void): Target {
  let connected: Promise<DaemonClient> | undefined;
  const connect = async (): Promise<DaemonClient> => {
    const { connectDaemon } = await import("../daemon/client.ts");
    const client = await connectDaemon();
    const { version } = client.peer;
    if (version !== UVETH_VERSION) {
      warn(
        `uveth ${UVETH_VERSION} speaks to a daemon of uveth ${version}; "uveth daemon restart" replaces it\n`,
      );
    }
    return client;
  };
  const client = (): Promise<DaemonClient> => (connected ??= connect());
  return {
    openSocket: async (request) => (await client()).openSocket(request),
    openNetns: async (name) => (await client()).openNetns(name),
    async listNetns() {
      const { openUveth } = await import("./open-uveth.ts");
      const uveth = await openUveth(await client());
      try {
        return (await uveth.listNetns()).map(({ netns = "" }) => netns);
      } finally {
        uveth.close();
      }
    },
    close() {
      void connected?.then((one) => one.close());
    },
  };
}

/** The kernel this process runs on, its namespaces where `ip netns` keeps them. */
export function kernelTarget(): Target {
  let loaded: Promise<NetlinkProvider> | undefined;
  const load = async (): Promise<NetlinkProvider> => {
    const { kernelNetlink } = await import("../attach/node/kernel-netlink.ts");
    return kernelNetlink();
  };
  const provider = (): Promise<NetlinkProvider> => (loaded ??= load());
  return {
    openSocket: async (request) => (await provider()).openSocket(request),
    openNetns: async (name) => (await provider()).openNetns(name),
    async listNetns() {
      try {
        return readdirSync("/run/netns");
      } catch {
        return [];
      }
    },
    close() {},
  };
}
