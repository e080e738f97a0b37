// What sequences cannot do without, and this system may lack: programs, their versions, kinds of the kernel.

import { spawnSync } from "node:child_process";
import type { Sequence } from "./sequence.ts";

/** The needs of sequences that this system does not meet. */
export function missingNeeds(sequences: readonly Sequence[]): ReadonlySet<string> {
  const needs = new Set(sequences.flatMap((each) => each.needs));
  return new Set([...needs].filter((need) => !isMet(need)));
}

function isMet(need: string): boolean {
  const [what = "", ...words] = need.split(" ");
  if (what === "link")
    return succeeds(`ip link add link lo name probe type ${words.join(" ")}`, /Unknown|not supported/);
  if (what === "qdisc")
    return succeeds(`tc qdisc add dev lo root ${words.join(" ")}`, /unknown|not found|No such file/);
  if (what === "line") return succeeds(words.join(" "), /not supported/);
  if (what === "iproute2") {
    return (
      spawnSync("ip", ["-V"], { encoding: "utf8" }).stdout?.includes(`iproute2-${words.join(" ")}.`) ?? false
    );
  }
  if (what.startsWith("python3-")) return succeeds(`/usr/bin/python3 -c 'import ${what.slice(8)}'`, /./);
  // Statically linked programs, as Debian's busybox-static, are out of the reach of `uveth run`.
  const { status, stdout, stderr } = spawnSync("sh", ["-c", `ldd "$(command -v ${what})"`], {
    encoding: "utf8",
  });
  return status === 0 && !/statically linked|not a dynamic/.test(stdout + stderr);
}

/** Whether the kernel knows what a line asks for, whatever else is wrong with it. */
function succeeds(line: string, ignorance: RegExp): boolean {
  const options = process.geteuid?.() === 0 ? ["-n"] : ["-Urn"];
  const { status, stderr } = spawnSync("unshare", [...options, "sh", "-c", line], { encoding: "utf8" });
  return status === 0 || !ignorance.test(stderr);
}
