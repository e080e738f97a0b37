// What the words behind `ip route add` and its kin can say: of a route, and of a next hop.

import type { Via } from "../../../client/nexthop.ts";
import type { RouteMetrics } from "../../../client/route-attributes.ts";
import type { Prefix } from "../../prefix.ts";

/** Where a route or a next hop leads. */
export interface HopWords {
  gateway?: Uint8Array;
  /** A gateway of another family than the route's. */
  via?: Via;
  newdst?: Uint8Array;
  flow?: number;
  /** RTNH_F_* */
  flags: number;
}

/** What the words said. */
export interface RouteWords extends HopWords {
  /** The family of the option, else of the first address. */
  family: number;
  dst?: Prefix;
  src?: Prefix;
  prefsrc?: Uint8Array;
  dev?: string;
  type?: number;
  tos?: number;
  table?: number;
  protocol?: number;
  scope?: number;
  priority?: number;
  pref?: number;
  expiresSeconds?: number;
  ttlPropagate?: boolean;
  nhId?: number;
  readonly metrics: { -readonly [Metric in keyof RouteMetrics]?: RouteMetrics[Metric] };
  /** True when the words end at `nexthop`, which is next. */
  hasNexthops: boolean;
}
