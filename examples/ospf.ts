// Two FRR routers that learn their ways by OSPF, and lose and find them again when the wire between them is cut and healed.
//
//   h1 ── r1 ──── r2 ── h2     zebra and ospfd in r1 and r2; no routes but theirs
//
//   npm run ospf        as root, with FRR in /usr/lib/frr (Debian's package frr)

import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Host, Router } from "../src/lab/index.ts";
import { createLab, waitFor } from "../src/lab/index.ts";

/** Where Debian's FRR has its daemons. */
export const frr = "/usr/lib/frr";
const patienceMs = 60_000;

/** What the example saw. */
export interface OspfReport {
  /** Whether h2 answered h1 before OSPF, with it, while the wire was cut, and healed. */
  readonly answers: readonly [boolean, boolean, boolean, boolean];
  /** What r1 learned. */
  readonly learned: string;
  /** How long r1 took to give up its way once the wire was cut. */
  readonly lostMs: number;
}

/** Runs the example; `say` is told what happens. */
export async function ospf(say: (text: string) => void): Promise<OspfReport> {
  const folder = mkdtempSync(join(tmpdir(), "uveth-ospf-"));
  // FRR's daemons give up being root for the user frr.
  chmodSync(folder, 0o777);
  const lab = createLab({ seed: 1, ipv6: false });
  try {
    const [h1, h2] = [lab.host("h1"), lab.host("h2")];
    const [r1, r2] = [lab.router("r1"), lab.router("r2")];
    lab.link(h1, r1);
    lab.link(r1, r2, { delay: "2ms" });
    lab.link(r2, h2);
    await lab.start();
    // The lab's own routes would be in the way.
    for (const router of [r1, r2]) {
      for (const { dst, via } of await router.netns.route.list())
        if (via !== undefined) await router.netns.route.del({ dst, via });
    }
    const answers = async () =>
      (await h1.ping(h2, { timeoutMs: 500 }).catch(() => ({ received: 0 }))).received > 0;
    const before = await answers();
    say(`without OSPF h2 ${before ? "answers" : "does not answer"}`);

    for (const router of [r1, r2]) await startFrr(router, folder);
    await until(r1, "a way that is learned", async () => (await learnedBy(r1)) !== "");
    await until(r2, "a way that is learned", async () => (await learnedBy(r2)) !== "");
    const learned = await learnedBy(r1);
    const withOspf = await answers();
    say(`r1 learned ${learned}; h2 ${withOspf ? "answers" : "does not answer"}`);

    const cut = await lab.partition([r1], [r2]);
    const began = performance.now();
    await until(r1, "a way that is given up", async () => (await learnedBy(r1)) === "");
    const lostMs = Math.round(performance.now() - began);
    const whileCut = await answers();
    say(`cut: r1 gave it up after ${lostMs} ms; h2 ${whileCut ? "answers" : "does not answer"}`);

    await cut.heal();
    await until(r1, "a way that is learned", async () => (await learnedBy(r1)) !== "");
    await until(r2, "a way that is learned", async () => (await learnedBy(r2)) !== "");
    const healed = await answers();
    say(`healed: h2 ${healed ? "answers" : "does not answer"}`);
    return { answers: [before, withOspf, whileCut, healed], learned, lostMs };
  } finally {
    await lab.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Starts zebra and ospfd in a router, which speaks OSPF on all its links: hellos each second, four missed are the end. */
async function startFrr(router: Router, folder: string): Promise<void> {
  const own = join(folder, router.name);
  mkdirSync(own);
  chmodSync(own, 0o777);
  const interfaces = router.ends.map(
    ({ ifname }) =>
      `interface ${ifname}\n ip ospf area 0\n ip ospf network point-to-point\n ip ospf hello-interval 1\n ip ospf dead-interval 4\n ip ospf retransmit-interval 3\n`,
  );
  writeFileSync(join(own, "zebra.conf"), "");
  writeFileSync(
    join(own, "ospfd.conf"),
    `${interfaces.join("")}router ospf\n ospf router-id ${router.ip}\n timers throttle spf 0 50 500\n timers throttle lsa all 0\n timers lsa min-arrival 0\n`,
  );
  for (const daemon of ["zebra", "ospfd"]) {
    const files = ["-f", join(own, `${daemon}.conf`), "-i", join(own, `${daemon}.pid`)];
    const sockets = ["-z", join(own, "zserv"), "--vty_socket", own, "-P", "0"];
    await router.spawn([`${frr}/${daemon}`, ...files, ...sockets, "--log", "stdout"], { stdio: "ignore" });
  }
}

/** The routes that a router has by OSPF, in `ip`'s words. */
async function learnedBy(router: Router): Promise<string> {
  const { stdout } = await router.exec(["ip", "route", "show", "proto", "ospf"]);
  return stdout.trim().replaceAll(/\s+/g, " ");
}

/** Waits until something of a host is so. */
function until(host: Host, what: string, isReady: () => Promise<boolean>): Promise<void> {
  return waitFor(host, { what, isReady }, { timeoutMs: patienceMs });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await ospf((text) => console.log(text));
