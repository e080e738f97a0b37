// What: the words that complete a command line are those that the command takes there, and pressing a key starts nothing.

import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { candidates } from "./completion-words.ts";

/** Completes the last word of `line`, where no daemon runs. */
async function complete(line: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "uveth-completion-"));
  const words = await candidates(line.split(" "), { UVETH_SOCKET: join(folder, "daemon.sock") });
  expect(readdirSync(folder)).toEqual([]);
  rmSync(folder, { recursive: true });
  return words.join(" ");
}

test.each([
  [
    "",
    "ip bridge tc ping attach capture extcap sysctl ss up down apply events inspect graph run exec shell daemon doctor completion help --help --version --kernel",
  ],
  ["d", "daemon doctor down"],
  ["--v", "--version"],
  [
    "ip ",
    "addr route neigh link rule nexthop monitor netns help -json -pretty -details -statistics -oneline -brief -4 -6 -netns -color -batch -all",
  ],
  ["ip l", "link"],
  ["ip -br l", "link"],
  ["--kernel ip l", "link"],
  ["ip -n red li", "link"],
  ["ip l s", "set show"],
  ["ip link add v0 ty", "type"],
  ["ip link add v0 type ", "bond bridge dummy ifb macvlan netkit nlmon veth vlan vrf vxlan"],
  ["ip address ", "show add change replace del flush help"],
  ["ip n ", "show add del change replace flush get help"],
  ["ip netns ", "list add del set identify pids monitor help list-id exec"],
  ["ip netns exec red uv", "uveth"],
  ["ip link set dev ", ""],
  ["daemon s", "status stop"],
  ["daemon status ", "--json"],
  ["completion ", "bash zsh fish"],
  ["ip nonsense ", ""],
  ["nonsense ", ""],
  ["nonsense more ", ""],
])("candidates() complete %j", async (line, words) => {
  expect((await complete(line)).split(" ").toSorted()).toEqual(words.split(" ").toSorted());
});
