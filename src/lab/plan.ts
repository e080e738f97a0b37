// A lab as a file describes it: nodes, links, programs, before anything is made; and the making of it.

import type { Lab } from "./lab.ts";
import type { LinkOptions } from "./link.ts";
import type { LabNode } from "./node.ts";
import type { NodeKind } from "./node-kind.ts";

/** A node of a plan. */
export interface PlanNode {
  readonly name: string;
  readonly kind: NodeKind;
  /** Of an outside node: where its wire leads, and its MTU. */
  readonly endpoint?: string | undefined;
  readonly mtu?: number | undefined;
  readonly stp?: boolean | undefined;
  /** Command lines that are started in it. */
  readonly run: readonly string[];
}

/** A link of a plan. */
export interface PlanLink {
  readonly a: string;
  readonly b: string;
  readonly options: LinkOptions;
}

/** What a file says. */
export interface LabPlan {
  readonly name: string;
  readonly seed?: number | undefined;
  readonly ipv6?: boolean | undefined;
  readonly nodes: readonly PlanNode[];
  readonly links: readonly PlanLink[];
  /** What the file asks for and cannot be had, one sentence each. */
  readonly notes: readonly string[];
}

/** Declares what a plan says in a lab; `lab.start()` makes it. */
export function declarePlan(lab: Lab, { nodes, links }: LabPlan): void {
  for (const node of nodes) declareNode(lab, node);
  for (const { a, b, options } of links) lab.link(a, b, options);
}

/** Declares a node of a plan. */
export function declareNode(lab: Lab, { name, kind, stp, endpoint = "", mtu }: PlanNode): LabNode {
  if (kind === "outside") return lab.outside(name, endpoint, { mtu });
  if (kind === "switch") return lab.switch(name, { stp: stp ?? false });
  return kind === "router" ? lab.router(name) : lab.host(name);
}
