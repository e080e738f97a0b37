// What htb keeps: the classes, and for each level of the tree who may send there and who waits.

import type { Qdisc, QdiscClass } from "../../net/netdevice.ts";
import { FrameList } from "../../net/qdisc.ts";
import type { TcfBlock } from "../../net/tcf.ts";
import * as tc from "../../uapi/pkt_sched.ts";
import { ClassHash } from "../class-hash.ts";
import type { Rate } from "../rate.ts";
import { Feed } from "./feed.ts";

/** Over its ceiling; over its rate; neither. */
export type HtbMode = "cant-send" | "may-borrow" | "can-send";

/** Times and tokens are nanoseconds. */
export interface HtbClass extends QdiscClass {
  parent: HtbClass | null;
  children: number;
  /** 0 for a leaf; 7 for the topmost that has children. */
  level: number;
  prio: number;
  quantum: number;
  rate: Rate;
  ceil: Rate;
  bufferNs: number;
  ceilBufferNs: number;
  tokensNs: number;
  ceilTokensNs: number;
  countedAtNs: number;
  mode: HtbMode;
  /** Bit p: somebody below, or the leaf itself, wants to send at priority p. */
  activity: number;
  /** A leaf's queue; null for one with children. */
  leaf: Qdisc | null;
  /** What a leaf may still send in its turn, by level. */
  readonly deficits: number[];
  /** Children that want to borrow, by priority. */
  readonly feeds: readonly Feed<HtbClass>[];
  readonly block: TcfBlock;
  /** Filters that point here. */
  bindings: number;
  /** When its mode is to be looked at again. */
  eventAtNs: number;
  bytes: number;
  packets: number;
  drops: number;
  overlimits: number;
  lends: number;
  borrows: number;
}

/** Who may send at one level with one priority, in turn. */
export interface HtbRow {
  readonly prio: number;
  readonly feed: Feed<HtbClass>;
}

/** One level of the tree. */
export interface HtbLevel {
  readonly number: number;
  readonly rows: readonly HtbRow[];
  /** Classes that must wait, by time. */
  readonly waiting: HtbClass[];
  nextEventNs: number;
}

/** What an htb keeps. */
export interface HtbState {
  readonly classes: ClassHash<HtbClass>;
  readonly levels: readonly HtbLevel[];
  block: TcfBlock | null;
  /** Frames that belong to no class go past the tree. */
  readonly direct: FrameList;
  directLength: number;
  directLimit: number;
  directPackets: number;
  rateToQuantum: number;
  defaultClass: number;
  nowNs: number;
}

/** An htb without classes. */
export function createHtbState(): HtbState {
  return {
    classes: new ClassHash(),
    levels: Array.from({ length: tc.TC_HTB_MAXDEPTH }, (_, number) => ({
      number,
      rows: Array.from({ length: tc.TC_HTB_NUMPRIO }, (_, prio) => ({ prio, feed: new Feed<HtbClass>() })),
      waiting: [],
      nextEventNs: 0,
    })),
    block: null,
    direct: new FrameList(),
    directLength: 0,
    directLimit: 0,
    directPackets: 0,
    rateToQuantum: 1,
    defaultClass: 0,
    nowNs: 0,
  };
}
