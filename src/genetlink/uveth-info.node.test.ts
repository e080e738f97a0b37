// What: the family `uveth` tells the machine's version, time and size.

import { readFileSync } from "node:fs";
import { expect } from "vitest";
import { test } from "../../test/fixtures.ts";

test("INFO tells the version that the package has", async ({ uveth }) => {
  const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
  expect((await uveth.info()).version).toBe(version);
});

test("INFO tells the time since the start, and counts namespaces and devices", async ({
  uveth,
  clock,
  pair: _,
}) => {
  await clock.advance(5_000_000_000);
  expect(await uveth.info()).toMatchObject({
    epochNs: 0n,
    timeNs: 5_000_000_000,
    // The initial one, red and blue; three `lo` and the pair.
    netnsCount: 3,
    linkCount: 5,
  });
});
