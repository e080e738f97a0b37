// What: the daemon loads a kind that the user's configuration names when `ip link add` first asks for it.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";
import { test } from "./uveth.ts";

const ECHO = fileURLToPath(new URL("../../examples/kinds/echo.mjs", import.meta.url));

test("uveth ip link add makes a device of a kind from outside", async ({ place }) => {
  const home = mkdtempSync(join(tmpdir(), "uveth-home-"));
  mkdirSync(join(home, "uveth"));
  writeFileSync(join(home, "uveth", "config.json"), JSON.stringify({ modules: { "rtnl-link-echo": ECHO } }));
  place.env = { ...place.env, XDG_CONFIG_HOME: home };
  await place.ok("ip", "link", "add", "e0", "type", "echo");
  expect(await place.ok("ip", "-d", "link", "show", "e0")).toContain("    echo ");
  const refused = await place.uveth("ip", "link", "add", "x0", "type", "nothing");
  expect(refused).toMatchObject({ code: 2, stderr: "Error: Unknown device type.\n" });
  rmSync(home, { recursive: true });
});
