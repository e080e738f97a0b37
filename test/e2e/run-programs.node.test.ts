// What: unmodified programs do the same under `uveth run` as on the live kernel: Python on sockets and ioctl(2), the
// distribution's ethtool, and C programs on libnl-3 and libmnl.
//
//   uveth run ── programs/*.py, ethtool, *.c ── preload.so ── daemon ── machine
//   unshare   ── the same                                            ── the live kernel
//
// Source: the live kernel, beside us; no expectation is written down.

import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { nativeMissing } from "../fixtures/native-missing.ts";
import { ethtoolLines } from "./ethtool-lines.ts";
import { noAdminLines } from "./no-admin-lines.ts";
import { has, underRun } from "./under-run.ts";

const { folder, missing, hasKernel, unshared, run, finish, stop } = underRun("programs");
const programs = fileURLToPath(new URL("programs", import.meta.url));
const all = readdirSync(programs).sort();
const hasSupervisor = existsSync(fileURLToPath(new URL("../../dist/uveth-supervise", import.meta.url)));

/** A pair with known addresses, up if the program wants it so; without IPv6 where frames are counted, as its hosts speak by themselves. */
function setUp(isUp: boolean, isQuiet = false): string {
  const off = isQuiet ? "echo 1 > /proc/sys/net/ipv6/conf/default/disable_ipv6; " : "";
  const add = `${off}ip link add v0 address 02:00:00:00:00:aa type veth peer name v1 address 02:00:00:00:00:bb`;
  return isUp ? `${add}; ip link set v0 up; ip link set v1 up` : add;
}

/** Runs a line of shell on both sides, in a namespace of its own, and compares what comes out. */
async function compare(line: string): Promise<void> {
  const [ours, kernel] = await Promise.all([
    run(["--", "unshare", "-n", "sh", "-c", line]),
    finish("unshare", [...unshared, "sh", "-c", line]),
  ]);
  expect(kernel.stdout.length).toBeGreaterThan(0);
  expect(normalized(ours)).toEqual(normalized(kernel));
}

/** What is random: hardware addresses that nobody chose. */
function normalized({ status, stdout, stderr }: { status: number | null; stdout: string; stderr: string }) {
  const text = stdout.replace(/\b(?!00:00:00|ff:ff:ff|02:00:00)[0-9a-f]{2}(:[0-9a-f]{2}){5}\b/g, "MAC");
  return { status, stdout: text.split("\n"), stderr };
}

describe.skipIf(missing !== undefined || !hasKernel)("under uveth run as on the kernel", () => {
  beforeAll(async () => {
    const { status, stderr } = await run(["--", "true"]);
    expect(status, stderr).toBe(0);
  }, 60_000);

  afterAll(stop);

  for (const name of all.filter((each) => /\.(py|sh)$/.test(each) && !/no rights/.test(textOf(each)))) {
    const interpreter = name.endsWith(".py") ? "python3" : "sh";
    const needs = /Needs: (.*)/.exec(textOf(name))?.[1];
    const isMissing =
      !has(interpreter) ||
      (needs !== undefined && !(existsSync(needs) && hasSupervisor)) ||
      (/over the wire/.test(textOf(name)) && nativeMissing !== undefined);
    test.skipIf(isMissing)(`${name}: ${claimOf(name)}`, { timeout: 60_000 }, () =>
      compare(
        `${setUp(/that is up/.test(textOf(name)), /without IPv6/.test(textOf(name)))}; ${interpreter} ${join(programs, name)} 2>&1`,
      ),
    );
  }

  test.skipIf(!has("ethtool"))("ethtool prints and fails alike", { timeout: 60_000 }, () =>
    compare(`${setUp(true, true)}
${ethtoolLines.map((line) => `echo '$ ${line}'; ${line} 2>&1; echo "[$?]"`).join("\n")}`),
  );

  test.skipIf(!has("setpriv"))(
    "without CAP_NET_ADMIN all but reads are refused",
    { timeout: 60_000 },
    async () => {
      const line = [...noAdminLines, `python3 ${join(programs, "no_admin.py")}`]
        .map((each) => `echo '$ ${each}'; (${each}) 2>&1; echo "[$?]"`)
        .join("\n");
      await run(["--", "sh", "-c", `ip netns add plain; ip netns exec plain sh -c '${setUp(false)}'`]);
      const dropped = ["setpriv", "--bounding-set=-all", "--inh-caps=-all", "sh", "-c", line];
      const [ours, kernel] = await Promise.all([
        run(["-n", "plain", "--no-admin", "--", "sh", "-c", line]),
        finish("unshare", [...unshared, "sh", "-c", `${setUp(false)}; exec "$@"`, "sh", ...dropped]),
      ]);
      expect(kernel.stdout).toContain("Operation not permitted");
      expect(normalized(ours)).toEqual(normalized(kernel));
    },
  );

  for (const name of all.filter((each) => each.endsWith(".c"))) {
    const libraries = /Libraries: (.*)/.exec(textOf(name))?.[1] ?? "";
    const reached = /Reached: (.*)/.exec(textOf(name))?.[1] ?? "";
    const flags = flagsOf(libraries);
    test.skipIf(reached.includes("statically"))(
      `${name}: ${claimOf(name)}`,
      { timeout: 60_000 },
      async ({ skip }) => {
        if (flags === undefined) skip(`${libraries} is not installed`);
        const { error, binary } = compile(name, flags ?? []);
        expect(error).toBe("");
        await compare(`${setUp(false)}; ${binary} 2>&1`);
      },
    );

    test.skipIf(reached.includes("preload") || libraries !== "")(
      `${name}, linked statically: ${claimOf(name)}`,
      { timeout: 60_000 },
      async ({ skip }) => {
        if (!hasSupervisor) skip("there is no static C library to build the supervisor with");
        const { error, binary } = compile(name, ["-static", "-pthread"]);
        expect(error).toBe("");
        await compare(`${setUp(false)}; ${binary} 2>&1`);
      },
    );
  }

  for (const name of all.filter((each) => each.endsWith(".go"))) {
    test.skipIf(!has("go") || !hasSupervisor || nativeMissing !== undefined)(
      `${name}: ${claimOf(name)}`,
      { timeout: 120_000 },
      async () => {
        const binary = join(folder, name.replace(".", "-"));
        const env = {
          ...process.env,
          GO111MODULE: "off",
          CGO_ENABLED: "0",
          GOCACHE: join(folder, "go-cache"),
        };
        const built = spawnSync("go", ["build", "-o", binary, join(programs, name)], {
          encoding: "utf8",
          env,
        });
        expect(built.stderr).toBe("");
        await compare(`${setUp(true)}; ip link set lo up; ${binary} 2>&1`);
      },
    );
  }
});

/** Compiles a program; what the compiler has to say should be nothing. */
function compile(
  name: string,
  words: readonly string[],
): { readonly error: string; readonly binary: string } {
  const binary = join(folder, `${name.replace(/\.c$/, "")}${words.includes("-static") ? "-static" : ""}`);
  const { stderr } = spawnSync("cc", ["-O1", "-o", binary, join(programs, name), ...words], {
    encoding: "utf8",
  });
  return { error: stderr, binary };
}

function textOf(name: string): string {
  return readFileSync(join(programs, name), "utf8");
}

/** What a program says of itself in its first line. */
function claimOf(name: string): string {
  return /What: ([^:.]*)/.exec(textOf(name))?.[1] ?? name;
}

/** The compiler's words for libraries; undefined when they are not there. */
function flagsOf(libraries: string): string[] | undefined {
  if (libraries === "") return [];
  const { status, stdout } = spawnSync("pkg-config", ["--cflags", "--libs", ...libraries.split(" ")], {
    encoding: "utf8",
  });
  return status === 0 ? stdout.trim().split(/\s+/) : undefined;
}
