// Scenarios as tests: one a test, left out where iproute2 is missing or of another version.

import { expect, test } from "vitest";
import { canMakeNamespaces, resultInChild } from "../parity/kernel-child.ts";
import type { Scenario } from "./scenario.ts";
import { compare, systemVersion } from "./scenario.ts";

/** The version whose words ours are. */
const VERSION = "6.1.0";

const CLAIMS = {
  kernel: "the command says what iproute2 says",
  machine: "a machine answers as Linux does",
} as const;

/** Makes a test of each scenario, ours run on the live kernel or on a machine: no line may differ. */
export function testScenarios(where: keyof typeof CLAIMS, scenarios: readonly Scenario[]): void {
  const version = systemVersion();
  for (const scenario of scenarios) {
    const name = `${CLAIMS[where]}: ${scenario.title}`;
    test(name, { timeout: 120_000 }, async (context) => {
      if (version === undefined) return context.skip("iproute2 is not installed");
      if (version !== VERSION)
        return context.skip(`iproute2 is ${version} here, and ours speaks as ${VERSION} does`);
      if (!canMakeNamespaces()) return resultInChild(context, name);
      expect(await compare(scenario, where)).toEqual([]);
    });
  }
}
