// Ready shapes, with Mininet's names: h1, h2, … are hosts, s1, s2, … switches.
//
// Facts: mininet/topo.py and topolib.py (single, linear, tree, torus).

import type { Lab } from "./lab.ts";
import { LabError } from "./lab-error.ts";
import type { LinkOptions } from "./link.ts";
import type { Host, Switch } from "./node.ts";

/** What a shape has made. */
export interface Shape {
  readonly hosts: Host[];
  readonly switches: Switch[];
}

/** So many hosts on one switch. */
export function single(lab: Lab, count = 2, options: LinkOptions = {}): Shape {
  const center = lab.switch("s1");
  const hosts = numbered(count, "h").map((name) => lab.host(name));
  for (const host of hosts) lab.link(host, center, options);
  return { hosts, switches: [center] };
}

/** So many switches in a row, with so many hosts each. */
export function linear(lab: Lab, count = 2, perSwitch = 1, options: LinkOptions = {}): Shape {
  const switches = numbered(count, "s").map((name) => lab.switch(name));
  const hosts: Host[] = [];
  for (const [index, each] of switches.entries()) {
    for (let number = 1; number <= perSwitch; number++) {
      const name = perSwitch === 1 ? `h${index + 1}` : `h${number}s${index + 1}`;
      const host = lab.host(name);
      hosts.push(host);
      lab.link(host, each, options);
    }
    const before = switches[index - 1];
    if (before !== undefined) lab.link(before, each, options);
  }
  return { hosts, switches };
}

/** A tree of switches with hosts as leaves. */
export function tree(lab: Lab, depth = 1, fanout = 2, options: LinkOptions = {}): Shape {
  const shape: Shape = { hosts: [], switches: [] };
  const grow = (level: number): Host | Switch => {
    if (level === 0) {
      const host = lab.host(`h${shape.hosts.length + 1}`);
      shape.hosts.push(host);
      return host;
    }
    const node = lab.switch(`s${shape.switches.length + 1}`);
    shape.switches.push(node);
    for (let child = 0; child < fanout; child++) lab.link(node, grow(level - 1), options);
    return node;
  };
  grow(depth);
  return shape;
}

/** A grid of x by y switches that closes on itself, a host on each. It has loops: the switches run the spanning tree. */
export function torus(lab: Lab, x = 3, y = 3, options: LinkOptions = {}): Shape {
  if (x < 3 || y < 3) throw new LabError("A torus is 3 by 3 at least");
  const at = (column: number, row: number) => `s${(column % x) + 1}x${(row % y) + 1}`;
  const shape: Shape = { hosts: [], switches: [] };
  for (let column = 0; column < x; column++) {
    for (let row = 0; row < y; row++) {
      const node = lab.switch(at(column, row), { stp: true });
      const host = lab.host(`h${column + 1}x${row + 1}`);
      lab.link(host, node, options);
      shape.switches.push(node);
      shape.hosts.push(host);
    }
  }
  for (let column = 0; column < x; column++) {
    for (let row = 0; row < y; row++) {
      lab.link(at(column, row), at(column + 1, row), options);
      lab.link(at(column, row), at(column, row + 1), options);
    }
  }
  return shape;
}

/** So many hosts, each linked to every other; no switch. */
export function mesh(lab: Lab, count = 3, options: LinkOptions = {}): Shape {
  const hosts = numbered(count, "h").map((name) => lab.host(name));
  for (const [index, host] of hosts.entries()) {
    for (const other of hosts.slice(index + 1)) lab.link(host, other, options);
  }
  return { hosts, switches: [] };
}

function numbered(count: number, letter: string): string[] {
  if (!(Number.isInteger(count) && count > 0)) throw new LabError(`Cannot make ${count} of them`);
  return Array.from({ length: count }, (_, index) => `${letter}${index + 1}`);
}

/** Builds the shape that a text names, as Mininet's --topo: "single,3", "linear,4", "tree,2,3", "torus,3,3", "mesh,4". */
export function buildTopology(lab: Lab, text: string, options: LinkOptions = {}): Shape {
  const [name = "", ...numbers] = text.split(",");
  const wrong = numbers.find((number) => !/^[1-9]\d*$/.test(number));
  if (wrong !== undefined)
    throw new LabError(`The topology "${text}" takes whole numbers from 1 on, not "${wrong}"`);
  const [first, second] = numbers.map(Number);
  switch (name) {
    case "minimal":
      return single(lab, 2, options);
    case "single":
      return single(lab, first, options);
    case "linear":
      return linear(lab, first, second, options);
    case "tree":
      return tree(lab, first, second, options);
    case "torus":
      return torus(lab, first, second, options);
    case "mesh":
      return mesh(lab, first, options);
    default:
      throw new LabError(
        `There is no topology "${name}": minimal, single,K linear,K,N tree,DEPTH,FANOUT torus,X,Y mesh,K`,
      );
  }
}
