// What: `uveth sysctl` on a machine says what procps' sysctl says on Linux, byte for byte on both outputs, with the same exit code.
//
//   the system's sysctl ── a namespace of the live kernel        ours ── the initial namespace of a machine
//
// Source: procps-ng 4.0.2, run beside us.

import { spawnSync } from "node:child_process";
import { closeSync } from "node:fs";
import { expect, test } from "vitest";
import type { Libc } from "../../src/attach/node/libc.ts";
import { loadLibc } from "../../src/attach/node/libc.ts";
import { inNetns } from "../../src/attach/node/netns.ts";
import { run } from "../../src/cli/command.ts";
import { createTestMachine } from "../../src/testkit/index.ts";
import { CLONE_NEWNET } from "../../src/uapi/sched.ts";
import { newKernelNetns } from "../kernel-netns.ts";
import { canMakeNamespaces } from "../parity/kernel-child.ts";
import { ENVIRONMENT, quietIo } from "./scenario.ts";

const VERSION = "sysctl from procps-ng 4.0.2\n";

/** What both are given, one after another; quotes keep words together. */
const LINES: readonly (readonly string[])[] = [
  ["net.ipv4.ip_forward"],
  ["net/ipv4/ip_forward"],
  ["-n", "net.ipv4.ip_forward"],
  ["-N", "net.ipv4.ip_forward"],
  ["-b", "net.ipv4.ip_forward"],
  ["-e", "net.ipv4.nope"],
  ["net.ipv4.nope"],
  ["net.ipv4.route.flush"],
  ["-w", "net.ipv4.route.flush=1", "net.ipv6.route.flush=1"],
  ["net.ipv4.route.flush=anything"],
  ["net.ipv6.route.flush=x"],
  ["net.ipv4.ip_forward=1"],
  ["-w", "net.ipv4.ip_forward=1"],
  ["-w", "net.ipv4.ip_forward"],
  ["-q", "-w", "net.ipv4.ip_forward=0"],
  ["-n", "-w", "net.ipv4.ip_forward=0"],
  ["-qw", "net.ipv4.conf.all.rp_filter=2"],
  ["net.ipv4.conf.all.rp_filter"],
  ["net.ipv4.ip_forward=x"],
  ["net.ipv4.ip_forward="],
  ["net.ipv4.nope=1"],
  ["net.ipv4.conf"],
  ["net.ipv6.conf.lo"],
  ["-a", "-r", "ip_forward$"],
  ["--pattern", "conf.lo.*forwarding", "-a", "--names"],
  ["-a", "--values", "-r", "conf.lo.f"],
  ["-r", "ip_forward$", "net"],
  ["net.ipv4.ip_forward", "net.ipv4.nope", "net.ipv4.ip_forward"],
  ["net.ipv6.conf.default.stable_secret"],
  ["net.ipv4.neigh.lo.gc_stale_time"],
  ["-w", "net.ipv4.tcp_rmem=5000 6000 7000 8"],
  ["-w", "net.ipv4.tcp_rmem=5001"],
  ["-w", "net.ipv4.tcp_rmem=0 1"],
  ["-w", "net.ipv4.tcp_wmem=7 8 x"],
  ["-w", "net.ipv4.tcp_wmem=12x 8"],
  [
    "net.ipv4.tcp_rmem",
    "net.ipv4.tcp_sack",
    "net.ipv4.tcp_ecn",
    "net.ipv4.tcp_syn_retries",
    "net.core.somaxconn",
  ],
  ["-w", "net.ipv4.tcp_sack=256"],
  ["-w", "net.ipv4.tcp_sack=255 1"],
  ["-w", "net.ipv4.tcp_ecn=3"],
  ["-w", "net.ipv4.tcp_syn_retries=0"],
  ["-w", "net.ipv4.tcp_syncookies=2"],
  ["-w", "net.ipv4.tcp_tw_reuse=3"],
  ["-w", "net.ipv4.tcp_tw_reuse_delay=60001"],
  ["-w", "net.ipv4.tcp_keepalive_time=8589935"],
  ["-w", "net.ipv4.tcp_keepalive_time=-1"],
  ["-w", "net.ipv4.tcp_min_snd_mss=47"],
  ["-w", "net.ipv4.tcp_rto_max_ms=999"],
  ["-w", "net.ipv4.tcp_reordering=301"],
  ["-w", "net.ipv4.tcp_congestion_control=bogus"],
  ["-w", "net.ipv4.tcp_congestion_control=reno"],
  ["net.ipv4.tcp_congestion_control"],
  ["-w", "net.ipv4.ip_local_port_range=2000 1999"],
  ["-w", "net.ipv4.ip_local_port_range=1023 2000"],
  ["-w", "net.ipv4.ip_local_port_range=2000 2010"],
  ["-w", "net.ipv4.ip_local_port_range=3000"],
  ["net.ipv4.ip_local_port_range"],
  ["-w", "net.core.somaxconn=-1"],
  ["-w", "net.ipv4.route.min_pmtu=67"],
  ["-w", "net.ipv6.bindv6only=256"],
  ["-w", "net.ipv6.ip_nonlocal_bind=1"],
  ["-n"],
  ["-w"],
  ["--dry-run", "net.ipv4.ip_forward=5"],
];

interface Outcome {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number | null;
}

function system(libc: Libc, fd: number, words: readonly string[]): Outcome {
  const options = { encoding: "utf8", env: ENVIRONMENT } as const;
  const { stdout, stderr, status } = inNetns(libc, fd, () => spawnSync("sysctl", words, options));
  return { stdout, stderr, code: status };
}

test("uveth sysctl says what sysctl says", { timeout: 30_000 }, async (context) => {
  const version = spawnSync("sysctl", ["-V"], { encoding: "utf8" }).stdout;
  if (version !== VERSION) return context.skip(`procps' sysctl is ${JSON.stringify(version)} here`);
  if (!canMakeNamespaces()) return context.skip("this user cannot make network namespaces");
  const libc = await loadLibc();
  const fd = await newKernelNetns(libc);
  const { machine } = createTestMachine();
  try {
    for (const words of LINES) {
      let stdout = "";
      let stderr = "";
      const io = {
        ...quietIo(machine),
        stdout: (text: string) => void (stdout += text),
        stderr: (text: string) => void (stderr += text),
      };
      const code = await run(["sysctl", ...words], io);
      expect({ words, stdout, stderr, code }).toEqual({ words, ...system(libc, fd, words) });
    }
  } finally {
    closeSync(fd);
    libc.unshare(CLONE_NEWNET);
    machine.close();
  }
});

test("--json prints one object, numbers as such", async () => {
  const { machine } = createTestMachine();
  let stdout = "";
  const io = { ...quietIo(machine), stdout: (text: string) => void (stdout += text) };
  await run(["sysctl", "--json", "net.ipv4.ip_forward", "net.ipv4.ip_default_ttl"], io);
  expect(JSON.parse(stdout)).toEqual({ "net.ipv4.ip_forward": 0, "net.ipv4.ip_default_ttl": 64 });
  machine.close();
});
