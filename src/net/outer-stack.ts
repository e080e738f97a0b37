// A namespace gets a network stack outside the machine in place of the machine's own: a live kernel's, for programs that run
// there. From then on what its devices receive goes to it, and IPv4 and IPv6 of the machine keep nothing there.

import { notify } from "./device.ts";
import type { Netns, OuterStack } from "./netdevice.ts";

/**
 * Hands `netns` over to `stack`; what the machine's protocols had there must have been taken along before. With null they
 * begin anew.
 */
export function setOuterStack(netns: Netns, stack: OuterStack | null): void {
  netns.stack = stack;
  if (netns.loopback !== null) notify("change-stack", netns.loopback);
  for (const dev of [...netns.devices.values()]) if (dev !== netns.loopback) notify("change-stack", dev);
}
