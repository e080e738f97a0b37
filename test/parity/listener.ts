// A socket that listens to multicast groups, and tells when nothing more is to come without waiting: a fence, a change of
// lo's txqlen, whose notification comes behind all earlier ones of the same socket. (Alias and group would not do: while
// a device is down their changes are not told.)

import { expect } from "vitest";
import type { NetlinkClient } from "../../src/netlink/client.ts";
import type { Message } from "../../src/netlink/message.ts";
import { RTM_NEWLINK, RTM_SETLINK, RTNLGRP_LINK } from "../../src/uapi/rtnetlink.ts";
import { readLink, writeLink } from "./vocabulary.ts";

/** Above any txqlen that a body sets. */
const FIRST_FENCE = 1_000_000;

/** A notification. */
export interface Event {
  readonly message: Message;
  readonly group: number;
  readonly nsid: number | undefined;
}

export class Listener {
  readonly #client: NetlinkClient;
  readonly #sleep: (milliseconds: number) => Promise<void>;
  readonly #nextNumber: () => number;
  readonly #wantsLinks: boolean;
  #events: Event[] = [];
  #lastFence = 0;
  #overruns = 0;

  /**
   * Takes `client` over and joins `groups` with it. `sleep` lets time pass; `nextNumber` gives a number that no listener
   * of the test has had, for a txqlen that is not new is not told of.
   */
  constructor(
    client: NetlinkClient,
    groups: readonly number[],
    sleep: (milliseconds: number) => Promise<void>,
    nextNumber: () => number,
  ) {
    this.#client = client;
    this.#sleep = sleep;
    this.#nextNumber = nextNumber;
    this.#wantsLinks = groups.includes(RTNLGRP_LINK);
    client.onOverrun = () => this.#overruns++;
    client.onNotification = (message, { group = 0, nsid }) => this.#receive({ message, group, nsid });
    for (const group of new Set([...groups, RTNLGRP_LINK])) client.join(group);
  }

  /** How often events were lost (ENOBUFS). */
  get overruns(): number {
    return this.#overruns;
  }

  /** The next `count` events; fails when they have not come within three seconds. */
  async take(count: number): Promise<Event[]> {
    await this.#until(
      () => this.#events.length >= count,
      () => `${count} events, got ${this.#events.length}`,
    );
    return this.#events.splice(0, count);
  }

  /** All events up to the first for which `isLast` holds, which is among them. */
  async takeUntil(isLast: (event: Event) => boolean): Promise<Event[]> {
    await this.#until(
      () => this.#events.some(isLast),
      () => "an event that did not come",
    );
    return this.#events.splice(0, this.#events.findIndex(isLast) + 1);
  }

  /** All events that have happened so far. */
  async rest(): Promise<Event[]> {
    const fence = FIRST_FENCE + this.#nextNumber();
    await this.#client.request(RTM_SETLINK, 0, (writer) => writeLink(writer, { name: "lo", txqlen: fence }));
    await this.#until(
      () => this.#lastFence >= fence,
      () => "the fence",
    );
    return this.#events.splice(0);
  }

  #receive(event: Event): void {
    if (event.group === RTNLGRP_LINK) {
      const { name, txqlen = 0 } = readLink(event.message);
      if (event.message.type === RTM_NEWLINK && name === "lo" && txqlen > FIRST_FENCE) {
        this.#lastFence = txqlen;
        return;
      }
      if (!this.#wantsLinks) return;
    }
    this.#events.push(event);
  }

  async #until(isReached: () => boolean, what: () => string): Promise<void> {
    for (let waited = 0; !isReached(); waited += 5) {
      if (waited > 3_000) expect.fail(`Waited three seconds for ${what()}`);
      await this.#sleep(5);
    }
  }
}
