// What a machine's clients reach the outside by (UVETH_CMD_ATTACH): where this process may listen and connect, they may.

import { Tap } from "../../../index.ts";
import type { Outside } from "../../../net/netdevice.ts";
import { attachEndpoint } from "./attach.ts";

/** Makes TAPs by this process's own sockets. `ip link` shows where the wire of one leads to as its alias. */
export const outside: Outside = {
  async attach(netns, { name, endpoint, mtu }) {
    const tap = new Tap(netns, { name, mtu, hasCarrier: false });
    tap.alias = endpoint;
    try {
      await attachEndpoint(tap, endpoint);
    } catch (error) {
      tap.close();
      throw error;
    }
  },
};
