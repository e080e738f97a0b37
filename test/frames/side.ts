// What both sides of a comparison are: something that builds a topology, takes frames and says what was heard where.

import type { NetlinkClient } from "../../src/netlink/client.ts";
import * as rt from "../../src/uapi/rtnetlink.ts";
import { IGMP_QUERY } from "../../src/wire/igmp.ts";
import { writeLink } from "../parity/vocabulary/link.ts";
import { build, tearDown } from "./build.ts";
import type { Case } from "./case.ts";
import { placesOf } from "./case.ts";
import { groupsOf } from "./groups.ts";

/** A frame heard at a place: with the tag that travels beside its bytes, 0 for none. */
export interface Heard {
  readonly place: number;
  readonly tag: number;
  readonly bytes: Uint8Array;
}

/** What was heard after each frame that was put in, and in the end the groups a bridge knows. */
export interface Outcome {
  readonly heard: readonly (readonly Heard[])[];
  readonly groups: readonly string[];
}

/** A packet socket, or what stands for one. */
export interface Port {
  /** Sends a frame; a device that refuses it is no error here. */
  send(bytes: Uint8Array): void;
  /** All that has been received since, with the tag beside each. */
  drain(): { readonly tag: number; readonly bytes: Uint8Array }[];
  close(): void;
}

/** One of the two sides. */
export interface Side {
  readonly client: NetlinkClient;
  openPort(ifindex: number): Port;
  /** Lets what is on its way arrive: nothing at all, or `milliseconds`. */
  settle(milliseconds: number): Promise<void>;
  /** Lets time pass. */
  pause(milliseconds: number): Promise<void>;
}

/** Runs a case; `patienceMs` is what a side may need until the last frame has arrived. */
export async function runCase(side: Side, { topology, frames }: Case, patienceMs: number): Promise<Outcome> {
  const indexes = await build(side.client, topology);
  const places = placesOf(topology);
  const ports: Port[] = [];
  try {
    for (const { name } of places) ports.push(side.openPort(indexes.get(name) ?? 0));
    // Carriers have changed: a request lets the kernel work that off before the first frame.
    for (const { name } of places) {
      await side.client.request(rt.RTM_GETLINK, 0, (writer) => writeLink(writer, { name }));
    }
    await side.settle(patienceMs);
    for (const port of ports) port.drain();
    const outcome: Heard[][] = [];
    for (const { place, bytes, pauseMs } of frames) {
      ports[place]?.send(bytes);
      await side.settle(patienceMs);
      if (pauseMs > 0) await side.pause(pauseMs);
      const heard: Heard[] = [];
      for (const [index, port] of ports.entries()) {
        for (const frame of port.drain()) {
          if (places[index]?.isHeard === true && !isOwnReport(frame.bytes))
            heard.push({ place: index, ...frame });
        }
      }
      outcome.push(heard);
    }
    const groups = topology.kind === "bridge" ? await groupsOf(side.client, indexes) : [];
    return { heard: outcome, groups };
  } finally {
    for (const port of ports) port.close();
    await tearDown(side.client);
  }
}

/** What a bridge says of its own memberships comes at times of its own: IGMP from its own address. */
function isOwnReport(bytes: Uint8Array): boolean {
  const isReport = bytes[12] === 8 && bytes[13] === 0 && bytes[23] === 2 && bytes[38] !== IGMP_QUERY;
  return isReport && bytes[6] === 2 && bytes[10] === 0 && bytes[11] === 0xb0;
}
