// An address as `ip address show` prints it: one description of its fields for text and JSON.
//
// Facts: the output of iproute2 6.1.

import type { InterfaceAddress } from "../../../client/addr.ts";
import { LIFETIME_FOREVER } from "../../../client/addr.ts";
import { AF_INET } from "../../../uapi/socket.ts";
import type { Output } from "../../output.ts";
import { addressText } from "../../prefix.ts";
import type { IpContext } from "../context.ts";
import { familyName, scopes } from "../tables.ts";
import { printAddressFlags } from "./flags.ts";

/** How an address is to be printed. */
export interface AddressStyle {
  /** Says which device it is on first: in lists of one line each, in `ip monitor`. */
  readonly hasDevice: boolean;
  /** True for an address that is gone, in `ip monitor`. */
  readonly isDeleted?: boolean;
}

/** Prints an address on its line, and its lifetimes on the next. */
export function printAddress(
  ip: IpContext,
  out: Output,
  address: InterfaceAddress,
  style: AddressStyle,
): void {
  if (style.isDeleted === true) out.field("deleted", true, "Deleted ");
  if (style.hasDevice) {
    const name = ip.links.name(address.ifindex);
    out.field("index", address.ifindex, `${address.ifindex}: `);
    out.field("dev", name, name);
  }
  const family = familyName(address.family);
  out.field("family", family, `    ${family === "???" ? `family ${address.family}` : family} `);
  printLocal(out, address);
  if (address.broadcast !== undefined) {
    const broadcast = addressText(address.broadcast);
    out.text("brd ");
    out.field("broadcast", broadcast, `${broadcast} `, colorOf(address));
  }
  if (address.anycast !== undefined) {
    const anycast = addressText(address.anycast);
    out.text("any ");
    out.field("anycast", anycast, `${anycast} `, colorOf(address));
  }
  const scope = scopes.nameOf(address.scope, ip.options.numeric);
  out.field("scope", scope, `scope ${scope} `);
  printAddressFlags(out, address.family, address.flags);
  if (address.label !== undefined) out.field("label", address.label, address.label);
  if (address.cacheinfo !== undefined) {
    out.newline();
    printLifetime(out, "valid_life_time", "       valid_lft", address.cacheinfo.validSeconds);
    printLifetime(out, "preferred_life_time", " preferred_lft", address.cacheinfo.preferredSeconds);
  }
  out.text("\n");
}

/** Prints an address of `ip -brief address`. */
export function printAddressBrief(out: Output, address: InterfaceAddress): void {
  printLocal(out, address);
}

/** "10.0.0.1/24 ", with the other end's address when it is another one, with the metric of its route. */
function printLocal(out: Output, address: InterfaceAddress): void {
  const local = address.local ?? address.address;
  if (local !== undefined) {
    const text = addressText(local);
    out.field("local", text, text, colorOf(address));
    const peer = address.address === undefined ? text : addressText(address.address);
    if (peer !== text) {
      out.text(" peer ");
      out.field("address", peer, peer, colorOf(address));
    }
    out.field("prefixlen", address.prefixlen, `/${address.prefixlen} `);
  }
  if (address.rtPriority !== undefined)
    out.field("metric", address.rtPriority, `metric ${address.rtPriority} `);
}

function printLifetime(out: Output, key: string, words: string, seconds: number): void {
  out.field(key, seconds, seconds === LIFETIME_FOREVER ? `${words} forever` : `${words} ${seconds}sec`);
}

function colorOf(address: InterfaceAddress): "inet" | "inet6" {
  return address.family === AF_INET ? "inet" : "inet6";
}
