// What a route says of its use: the flags of the IPv4 routing cache, and RTA_CACHEINFO.
//
// Facts: the output of iproute2 6.1; the RTCF_* flags of <linux/in_route.h>, in the upper half of rtm_flags.

import type { RouteCacheInfo } from "../../../client/route-attributes.ts";
import type { Output } from "../../output.ts";
import type { IpContext } from "../context.ts";

/** In the order they are shown. */
const FLAGS: readonly (readonly [mask: number, word: string])[] = [
  [0x8000_0000, "local"],
  [0x4000_0000, "reject"],
  [0x2000_0000, "mc"],
  [0x1000_0000, "brd"],
  [0x0800_0000, "dst-nat"],
  [0x0080_0000, "src-nat"],
  [0x0040_0000, "masq"],
  [0x0002_0000, "dst-direct"],
  [0x0400_0000, "src-direct"],
  [0x0004_0000, "redirected"],
  [0x0100_0000, "redirect"],
  [0x0020_0000, "fastroute"],
  [0x0001_0000, "notify"],
  [0x0008_0000, "proxy"],
];

/** Prints "    cache <local,brd> " on a line of its own. */
export function printCacheFlags(out: Output, routeFlags: number): void {
  let rest = routeFlags & ~0xffff;
  out.newline();
  out.openArray("cache", "    cache ");
  if (rest !== 0) {
    let separator = "<";
    for (const [mask, word] of FLAGS) {
      if ((rest & mask) === 0) continue;
      rest &= ~mask;
      out.item(word, `${separator}${word}`);
      separator = ",";
    }
    if (rest === 0) out.text("> ");
    else {
      const digits = (rest >>> 0).toString(16);
      out.field("flags", digits, `${separator}${digits}>`);
    }
  }
  out.closeArray();
}

/** Hundredths of a second in which the kernel tells times, to a second. */
const USER_HZ = 100;

/** Prints when the route ends and, with -statistics, how it is used. */
export function printCacheInfo(ip: IpContext, out: Output, info: RouteCacheInfo): void {
  const expires = Math.trunc((info.expires | 0) / USER_HZ);
  if (info.expires !== 0) out.field("expires", expires, `expires ${expires}sec `);
  if (info.error !== 0) out.field("error", info.error, `error ${info.error} `);
  if (ip.options.stats > 0) {
    const age = Math.trunc(info.lastuse / USER_HZ);
    if (info.clntref !== 0) out.field("users", info.clntref, `users ${info.clntref} `);
    if (info.used !== 0) out.field("used", info.used, `used ${info.used} `);
    if (info.lastuse !== 0) out.field("age", age, `age ${age}sec `);
  }
  if (info.id !== 0) out.field("ipid", hex(info.id), `ipid 0x${hexDigits(info.id, 4)} `);
  if (info.ts !== 0 || info.tsage !== 0) {
    out.field("ts", hex(info.ts), `ts 0x${hexDigits(info.ts)}`);
    out.field("tsage", info.tsage, `tsage ${info.tsage}sec `);
  }
}

/** As printf's %#x, which has no prefix for zero. */
function hex(value: number): string {
  return value === 0 ? "0" : `0x${hexDigits(value)}`;
}

function hexDigits(value: number, width = 1): string {
  return value.toString(16).padStart(width, "0");
}
