// What the words of a link have said so far; the keywords write into it.

import type { LinkRequest } from "../../../client/link-request.ts";
import { duplicate } from "../../exit.ts";
import type { Words } from "../../words.ts";
import type { IpContext } from "../context.ts";

/** The state of one run over the words; keywords write into it. */
export class LinkParse {
  readonly ip: IpContext;
  readonly words: Words;
  readonly isPeer: boolean;
  readonly request: LinkRequest = {};
  /** The device behind `dev`, or without a keyword. */
  dev: string | undefined;
  name: string | undefined;
  /** The device behind `link`: looked up when the words are over, and only for a link that is to be made. */
  link: string | undefined;
  kind: string | undefined;
  /** The address for a virtual function: as long as the device's own. */
  vfAddress: Uint8Array | undefined;
  readonly #seen = new Set<string>();

  constructor(ip: IpContext, words: Words, isPeer: boolean) {
    this.ip = ip;
    this.words = words;
    this.isPeer = isPeer;
  }

  /** Takes the value of `key`, which may be given once. */
  once(key: string): string {
    const value = this.words.value();
    if (this.#seen.has(key)) throw duplicate(key, value);
    this.#seen.add(key);
    return value;
  }

  /** Sets or clears the flags in `mask`. */
  flags(mask: number, isOn: boolean): void {
    const { flags = 0, change = 0 } = this.request;
    this.request.change = change | mask;
    this.request.flags = isOn ? flags | mask : flags & ~mask;
  }
}
