// A lab as a file describes it: nodes, links, programs, before anything is made; and the making of it.

import type { Lab } from "./lab.ts";
import { LabError } from "./lab-error.ts";
import type { LinkOptions } from "./link.ts";
import { Host } from "./node.ts";

/** A node of a plan. */
export interface PlanNode {
  readonly name: string;
  readonly kind: "host" | "router" | "switch";
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
  for (const { name, kind, stp } of nodes) {
    if (kind === "switch") lab.switch(name, { stp: stp ?? false });
    else if (kind === "router") lab.router(name);
    else lab.host(name);
  }
  for (const { a, b, options } of links) lab.link(a, b, options);
}

/** Starts the programs of a plan, each by the system's shell. */
export async function startPrograms(lab: Lab, { nodes }: LabPlan): Promise<void> {
  for (const { name, run } of nodes) {
    const node = lab.node(name);
    if (run.length > 0 && !(node instanceof Host))
      throw new LabError(`Cannot run programs in the switch "${name}"`);
    for (const line of run) await lab.get(name).spawn(["sh", "-c", line], { stdio: "inherit" });
  }
}
