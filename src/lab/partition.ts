// Who is kept from hearing whom, as it is said: groups of nodes, and perhaps that it is one way only.

import { LabError } from "./lab-error.ts";
import type { LabNode } from "./node.ts";

/** Groups of nodes, and perhaps that it is one way only. */
export type PartitionArguments = (readonly (LabNode | string)[] | { readonly oneWay: boolean })[];

/** A partition that has been understood. */
export interface Partition {
  readonly groups: LabNode[][];
  readonly isOneWay: boolean;
  /** "h1 | h2,h3", "h1 ⇸ h2". */
  readonly text: string;
}

/** Reads what `lab.partition` is given; LabError where it is no two groups of nodes, each in one of them. */
export function readPartition(
  args: PartitionArguments,
  nodeOf: (node: LabNode | string) => LabNode,
): Partition {
  const last = args.at(-1);
  const isOneWay = typeof last === "object" && "oneWay" in last && last.oneWay;
  const groups = args.filter((arg) => Array.isArray(arg)).map((group) => [...new Set(group.map(nodeOf))]);
  if (groups.length < 2 || groups.some(({ length }) => length === 0))
    throw new LabError("A partition takes two groups or more: lab.partition([a], [b, c])");
  const seen = new Set<LabNode>();
  for (const node of groups.flat()) {
    if (seen.has(node)) throw new LabError(`"${node.name}" cannot be on two sides of a partition`);
    seen.add(node);
  }
  const sides = groups.map((group) => group.map(({ name }) => name).join(","));
  return { groups, isOneWay, text: sides.join(isOneWay ? " ⇸ " : " | ") };
}
