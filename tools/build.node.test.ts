// What: a build makes what bin/uveth and the package's doors load, once per state of the sources.
//
//   src/index.ts, src/main.ts, src/daemon/engine.worker.ts, bench/main.ts  →  dist/
//
// The checkout is a small one, made for the purpose; its npm packages are ours.

import { spawnSync } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createContext, runInContext } from "node:vm";
import { test as base, describe, expect } from "vitest";
import { ensureBuilt } from "./build.mjs";
import { isInstalled } from "./install.mjs";
import { isBuilt } from "./stamp.mjs";

const sources = {
  "package.json": '{ "name": "uveth", "type": "module", "exports": { ".": "./dist/index.js" } }',
  "src/net/mtu.ts": "export const mtu: number = 1500;\n",
  "src/index.ts":
    'export { mtu } from "./net/mtu.ts";\nexport async function f() {\n  await using a = null;\n  return a;\n}\n',
  "src/main.ts": 'const { mtu } = await import("./index.ts");\nconsole.log("mtu", mtu);\n',
  "src/daemon/engine.worker.ts": 'import { mtu } from "../net/mtu.ts";\nconsole.log("engine", mtu);\n',
  "bench/main.ts":
    'import { mtu } from "../src/net/mtu.ts";\nimport { mtu as same } from "uveth";\nconsole.log(mtu === same);\n',
};

class Checkout {
  readonly root = mkdtempSync(join(tmpdir(), "uveth-build-"));
  /** What a build has said. */
  readonly said: string[] = [];

  constructor() {
    for (const [path, text] of Object.entries(sources)) this.write(path, text);
    for (const path of ["tsconfig.json", "tsconfig.build.json", "bin/uveth", "tools/stamp.mjs"]) {
      mkdirSync(dirname(join(this.root, path)), { recursive: true });
      copyFileSync(path, join(this.root, path));
    }
    symlinkSync(join(process.cwd(), "node_modules"), join(this.root, "node_modules"));
  }

  write(path: string, text: string): void {
    mkdirSync(dirname(join(this.root, path)), { recursive: true });
    writeFileSync(join(this.root, path), text);
  }

  build(): Promise<void> {
    return ensureBuilt(this.root, (line) => this.said.push(line));
  }

  run(...args: string[]): string {
    const { stdout, stderr } = spawnSync(process.execPath, args, { cwd: this.root, encoding: "utf8" });
    return stdout + stderr;
  }
}

const test = base.extend<{ checkout: Checkout }>({
  // biome-ignore lint/correctness/noEmptyPattern: Vitest reads the pattern to learn what a fixture needs
  checkout: async ({}, use) => {
    const checkout = new Checkout();
    await use(checkout);
    rmSync(checkout.root, { recursive: true });
  },
});

describe("ensureBuilt()", () => {
  test("makes the doors, the command, its worker, and the programs", async ({ checkout }) => {
    await checkout.build();
    expect(checkout.run("bin/uveth")).toBe("mtu 1500\n");
    expect(checkout.run("dist/engine.worker.js")).toBe("engine 1500\n");
    expect(checkout.run("dist/bench/main.js")).toBe("true\n");
    expect(existsSync(join(checkout.root, "dist/net/mtu.d.ts"))).toBe(true);
  });

  test("makes a core that runs without a platform, in the syntax of Node 20", async ({ checkout }) => {
    await checkout.build();
    const context = createContext(Object.create(null));
    runInContext(readFileSync(join(checkout.root, "dist/core.bundle.js"), "utf8"), context);
    expect(runInContext("uveth.mtu", context)).toBe(1500);
  });

  test("builds once, also when asked twice at a time", async ({ checkout }) => {
    await Promise.all([checkout.build(), checkout.build()]);
    await checkout.build();
    expect(checkout.said).toEqual(["Building dist/"]);
  });

  test("fails with the bundler's words, and leaves the old dist/ in place", async ({ checkout }) => {
    await checkout.build();
    checkout.write("src/net/mtu.ts", "export const mtu = ;\n");
    await expect(checkout.build()).rejects.toThrow("mtu");
    expect(checkout.run("dist/uveth.js")).toBe("mtu 1500\n");
  });

  test("takes over from a builder that was killed", async ({ checkout }) => {
    const { pid } = spawnSync(process.execPath, ["-e", ""]);
    checkout.write("dist.lock", `${pid}\n`);
    await checkout.build();
    expect(isBuilt(checkout.root)).toBe(true);
  });
});

describe("isBuilt()", () => {
  test.for([
    ["a file is written", (checkout: Checkout) => touch(join(checkout.root, "src/net/mtu.ts"))],
    ["a file is added", (checkout: Checkout) => checkout.write("src/net/new.ts", "export {};\n")],
    ["a file is removed", (checkout: Checkout) => rmSync(join(checkout.root, "bench/main.ts"))],
    ["a setting is changed", (checkout: Checkout) => touch(join(checkout.root, "tsconfig.json"))],
    ["dist/ is gone", (checkout: Checkout) => rmSync(join(checkout.root, "dist"), { recursive: true })],
  ] as const)("is false after %s", async ([, change], { checkout }) => {
    await checkout.build();
    expect(isBuilt(checkout.root)).toBe(true);
    change(checkout);
    expect(isBuilt(checkout.root)).toBe(false);
  });

  test("stays true when a test is written", async ({ checkout }) => {
    await checkout.build();
    checkout.write("src/net/mtu.test.ts", "export {};\n");
    expect(isBuilt(checkout.root)).toBe(true);
  });
});

describe("isInstalled()", () => {
  const lock = (version: string, optional = false) =>
    JSON.stringify({ packages: { "": {}, "node_modules/a": { version, optional } } });

  test.for([
    ["the same version is there", lock("1.0.0"), lock("1.0.0"), true],
    ["another version is there", lock("1.0.0"), lock("1.0.1"), false],
    ["a package is missing", lock("1.0.0"), '{ "packages": {} }', false],
    ["an optional package is missing", lock("1.0.0", true), '{ "packages": {} }', true],
    ["nothing was ever installed", lock("1.0.0"), undefined, false],
  ] as const)("tells whether %s", ([, wanted, present, expected], { checkout }) => {
    rmSync(join(checkout.root, "node_modules"));
    checkout.write("package-lock.json", wanted);
    if (present !== undefined) checkout.write("node_modules/.package-lock.json", present);
    expect(isInstalled(checkout.root)).toBe(expected);
  });
});

/** Writes a file's times, later than any build. */
function touch(path: string): void {
  const later = Date.now() / 1000 + 5;
  utimesSync(path, later, later);
}
