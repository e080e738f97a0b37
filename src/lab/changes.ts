// What differs between a lab that runs and a plan, as steps that can be taken back: all are made, or none.
//
// Steps that could lose something for good, the end of a program and of a node, come last, when nothing can fail any more.

import { isDeepStrictEqual } from "node:util";
import { NetlinkError } from "../index.ts";
import { errnoText } from "../uapi/errno.ts";
import type { Change } from "./change.ts";
import type { Lab } from "./lab.ts";
import { createLab } from "./lab.ts";
import { LabError } from "./lab-error.ts";
import type { LabLink } from "./link.ts";
import type { LabNode } from "./node.ts";
import { Outside, Switch } from "./node.ts";
import type { LabPlan } from "./plan.ts";
import { declareNode, declarePlan } from "./plan.ts";
import type { RunningPrograms } from "./running-programs.ts";

/**
 * The steps from `lab` to `plan`, in their order. The plan is tried out in a lab of its own first, in virtual time: rejects as
 * that does where it cannot be.
 */
export async function findChanges(lab: Lab, programs: RunningPrograms, plan: LabPlan): Promise<Change[]> {
  const trial = createLab({ seed: lab.seed, time: "virtual", ipv6: lab.hasIpv6, attach: async () => {} });
  try {
    declarePlan(trial, plan);
    await trial.start();
    return compare(lab, programs, plan, trial);
  } finally {
    await trial.close();
  }
}

/** Makes all of them. When one is refused, those before it are taken back, and what it said is thrown. */
export async function makeChanges(changes: readonly Change[]): Promise<void> {
  const undo: (() => Promise<void>)[] = [];
  try {
    for (const change of changes) undo.unshift(await change.make());
  } catch (error) {
    const failures: unknown[] = [];
    for (const each of undo) await each().catch((failure: unknown) => failures.push(failure));
    if (failures.length === 0) throw error;
    throw new LabError(
      `${messageOf(error)}; and not all could be taken back: ${failures.map(messageOf).join("; ")}`,
    );
  }
}

/** What went wrong, in words: the kernel says some of it by an errno alone. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error instanceof NetlinkError && error.message === "" ? errnoText(-error.errno) : error.message;
}

function compare(lab: Lab, programs: RunningPrograms, plan: LabPlan, trial: Lab): Change[] {
  const [nodes, wantedNodes] = [[...lab.nodes.values()], [...trial.nodes.values()]];
  const isKept = (node: LabNode) => isSameNode(node, trial.nodes.get(node.name));
  const gone = nodes.filter((node) => !isKept(node));
  const replaced = gone.filter(({ name }) => trial.nodes.has(name));
  const fresh = wantedNodes.filter(({ name }) => !nodes.some((node) => node.name === name && isKept(node)));
  const wantedLinks = new Map(trial.links.map((link) => [link.name, link]));
  const isKeptLink = (link: LabLink) =>
    link.ends.every(({ node }) => isKept(node)) && isSameWire(link, wantedLinks.get(link.name));
  const goneLinks = lab.links.filter((link) => !isKeptLink(link));
  const keptLinks = lab.links.filter(isKeptLink);
  const freshLinks = trial.links.filter(({ name }) => !keptLinks.some((link) => link.name === name));
  const lines = new Map(plan.nodes.map(({ name, run }) => [name, run]));
  return [
    ...goneLinks.map((link) => removeLink(lab, link)),
    ...replaced.map((node) => removeNode(lab, programs, node)),
    ...fresh.map((node) => addNode(lab, node)),
    ...freshLinks.map((link) => addLink(lab, link)),
    ...keptLinks.flatMap((link) => changeLink(link, wantedLinks.get(link.name))),
    ...programs.changes(lines, new Set(gone.map(({ name }) => name))),
    ...gone.filter((node) => !replaced.includes(node)).map((node) => removeNode(lab, programs, node)),
  ];
}

function isSameNode(node: LabNode, wanted: LabNode | undefined): boolean {
  if (wanted === undefined || node.kind !== wanted.kind) return false;
  if (node instanceof Outside && wanted instanceof Outside)
    return node.endpoint === wanted.endpoint && node.mtu === wanted.mtu;
  return !(node instanceof Switch && wanted instanceof Switch) || node.isStp === wanted.isStp;
}

/** Whether both join the same nodes in the same direction, with the same chosen addresses. */
function isSameWire(link: LabLink, wanted: LabLink | undefined): boolean {
  return (
    wanted !== undefined &&
    link.a.node.name === wanted.a.node.name &&
    link.b.node.name === wanted.b.node.name &&
    isDeepStrictEqual(link.options.interfaces, wanted.options.interfaces) &&
    isDeepStrictEqual(link.options.addresses, wanted.options.addresses)
  );
}

function removeLink(lab: Lab, link: LabLink): Change {
  return { text: `- link ${link.name}`, make: () => lab.removeLink(link) };
}

function addLink(lab: Lab, { name, a, b, options }: LabLink): Change {
  return {
    text: `+ link ${name}: ${a.node.name} ── ${b.node.name}${optionsText(options)}`,
    async make() {
      const link = lab.link(a.node.name, b.node.name, { ...options, name });
      const undo = async (): Promise<void> => {
        await lab.removeLink(link);
      };
      await lab.start().catch(async (error: unknown) => {
        await undo();
        throw error;
      });
      return undo;
    },
  };
}

function changeLink(link: LabLink, wanted: LabLink | undefined): Change[] {
  if (wanted === undefined) return [];
  const isSameFaults = link.ends.every((end, index) =>
    isDeepStrictEqual(end.faults, wanted.ends[index]?.faults),
  );
  const isSameMtu = link.options.mtu === wanted.options.mtu;
  if (isSameFaults && isSameMtu && !link.isDown) return [];
  const up = link.isDown ? " up" : "";
  return [
    {
      text: `~ link ${link.name}:${up}${optionsText(wanted.options) || (isSameFaults ? "" : " no faults")}`,
      make: () => link.change(wanted.options),
    },
  ];
}

function optionsText({ name: _, ...options }: LabLink["options"]): string {
  const said = Object.entries(options).map(([key, value]) => `${key} ${JSON.stringify(value)}`);
  return said.length === 0 ? "" : ` ${said.join(", ")}`;
}

function addNode(lab: Lab, node: LabNode): Change {
  return {
    text: `+ ${node.kind} ${node.name}`,
    async make() {
      const added = declareNode(lab, {
        name: node.name,
        kind: node.kind,
        stp: node instanceof Switch && node.isStp,
        ...(node instanceof Outside && typeof node.endpoint === "string"
          ? { endpoint: node.endpoint, mtu: node.mtu }
          : {}),
        run: [],
      });
      const undo = () => lab.removeNode(added);
      await lab.start().catch(async (error: unknown) => {
        await undo();
        throw error;
      });
      return undo;
    },
  };
}

function removeNode(lab: Lab, programs: RunningPrograms, node: LabNode): Change {
  return {
    text: `- ${node.kind} ${node.name}`,
    async make() {
      const lines = programs.linesOf(node.name);
      await lab.removeNode(node);
      programs.forget(node.name);
      return async () => {
        await addNode(lab, node).make();
        for (const line of lines) await programs.start(node.name, line);
      };
    },
  };
}
