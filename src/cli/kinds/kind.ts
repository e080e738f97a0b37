// What `ip` knows of a kind of link: how its own words are read, how its own attributes are printed, its help. One file per
// kind, named as its driver is; table.ts lists them.
//
// The counterpart of iproute2's struct link_util.

import type { LinkInfoRequest } from "../../client/link-request.ts";
import type { Attribute } from "../../netlink/attribute.ts";
import type { IpContext } from "../ip/context.ts";
import type { Output } from "../output.ts";
import type { Words } from "../words.ts";

/** What a kind writes into IFLA_INFO_DATA. */
type KindData = LinkInfoRequest["data"];

/** A kind's words, output and help. */
export interface CommandKind {
  readonly kind: string;
  /** `ip link help KIND`. */
  readonly help: string;
  /**
   * Reads the words behind `type KIND`, all of them. `isCreate` tells `add` from `set`. Without it words are not read and
   * stay without effect.
   */
  parse?(ip: IpContext, words: Words, isCreate: boolean): Promise<KindData>;
  /** Links that `print` will name, by index: they are asked for before. */
  indexes?(data: Attribute): readonly (number | undefined)[];
  /** Prints IFLA_INFO_DATA behind the kind's name, each word with a space after it. */
  print?(out: Output, data: Attribute, ip: IpContext): void;
}
