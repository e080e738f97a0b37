// Names for numbers: scopes, routing protocols, tables, device groups, address families. iproute2 reads these from
// /etc/iproute2; here they are what iproute2 6.1 installs there. A name is typed whole, or the number is.
//
// *Omitted:* the files of /etc/iproute2, which belong to the system's own `ip`.

import { AF_BRIDGE, AF_INET, AF_INET6, AF_MPLS, AF_PACKET, AF_UNSPEC } from "../../uapi/socket.ts";
import { unsigned } from "../numbers.ts";

/** Names of numbers, both ways. */
export class NameTable {
  readonly #names: ReadonlyMap<number, string>;
  readonly #maximum: number;

  constructor(names: readonly (readonly [number: number, name: string])[], maximum: number) {
    this.#names = new Map(names);
    this.#maximum = maximum;
  }

  /** The name of `value`; its digits if it has none or `isNumeric` (-N) is set. */
  nameOf(value: number, isNumeric = false): string {
    return (isNumeric ? undefined : this.#names.get(value)) ?? String(value);
  }

  /** The number of a name, or the number that was typed; undefined if it is neither. */
  numberOf(word: string): number | undefined {
    for (const [value, name] of this.#names) if (name === word) return value;
    const value = unsigned(word);
    return value !== undefined && value <= this.#maximum ? value : undefined;
  }
}

/** Scopes of addresses and routes (rt_scopes). */
export const scopes = new NameTable(
  [
    [0, "global"],
    [200, "site"],
    [253, "link"],
    [254, "host"],
    [255, "nowhere"],
  ],
  255,
);

/** Who made a route (rt_protos). */
export const routeProtocols = new NameTable(
  [
    [0, "unspec"],
    [1, "redirect"],
    [2, "kernel"],
    [3, "boot"],
    [4, "static"],
    [8, "gated"],
    [9, "ra"],
    [10, "mrt"],
    [11, "zebra"],
    [12, "bird"],
    [13, "dnrouted"],
    [14, "xorp"],
    [15, "ntk"],
    [16, "dhcp"],
    [18, "keepalived"],
    [42, "babel"],
    [99, "openr"],
    [186, "bgp"],
    [187, "isis"],
    [188, "ospf"],
    [189, "rip"],
    [192, "eigrp"],
  ],
  255,
);

/** Routing tables (rt_tables). */
export const routeTables = new NameTable(
  [
    [0, "unspec"],
    [253, "default"],
    [254, "main"],
    [255, "local"],
  ],
  0xffff_ffff,
);

/** Groups of devices (group). */
export const deviceGroups = new NameTable([[0, "default"]], 0xffff_ffff);

const FAMILIES: ReadonlyMap<string, number> = new Map([
  ["inet", AF_INET],
  ["inet6", AF_INET6],
  ["link", AF_PACKET],
  ["mpls", AF_MPLS],
  ["bridge", AF_BRIDGE],
]);

/** The number of an address family's name (read_family); undefined if there is none. */
export function familyNumber(name: string): number | undefined {
  return FAMILIES.get(name);
}

/** The name of an address family (family_name); "???" if it has none. */
export function familyName(family: number): string {
  for (const [name, value] of FAMILIES) if (value === family) return name;
  return family === AF_UNSPEC ? "none" : "???";
}
