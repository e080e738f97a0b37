// Who waits for the network keeps the process from ending meanwhile, as a pending system call would.

import type { Netns } from "../net/netdevice.ts";

/** Counts those who wait on one socket. */
export class Waiting {
  readonly #netns: Netns;
  #count = 0;

  constructor(netns: Netns) {
    this.#netns = netns;
  }

  begin(): void {
    if (this.#count === 0) this.#netns.machine.keepAwake(1);
    this.#count++;
  }

  end(): void {
    this.#count--;
    if (this.#count === 0) this.#netns.machine.keepAwake(-1);
  }
}
