// native-hosts N: what Mininet's "mn --switch lxbr --controller none --topo single,N --test none" does, as a process of its own: N
// hosts that programs can run in on one bridge, up and down again. Ends with 1 when the last host's address is not inside.

import { readFileSync } from "node:fs";
import { createMachine } from "uveth";
import { realTime } from "uveth/attach";
import { openNative } from "uveth/attach/node";

const count = Number(process.argv[2] ?? 50);
const machine = createMachine(realTime());
const sw = await machine.netns("sw");
await sw.link.add({ kind: "bridge", name: "br0", isUp: true });
let last: Awaited<ReturnType<typeof openNative>> | undefined;
for (let host = 1; host <= count; host++) {
  const netns = await machine.netns(`h${host}`);
  await netns.link.set("lo", { isUp: true });
  await netns.link.add({ kind: "veth", name: "eth0", isUp: true, peer: { name: `p${host}`, netns: "sw" } });
  await sw.link.set(`p${host}`, { master: "br0", isUp: true });
  await netns.addr.add(`10.0.0.${host}/24`, { dev: "eth0" });
  last = await openNative(machine, `h${host}`);
}
const addresses = readFileSync(`/proc/${last?.pid}/net/fib_trie`, "utf8");
machine.close();
if (!addresses.includes(`10.0.0.${count}\n`)) {
  console.error(`The last of ${count} hosts has no address:\n${addresses}`);
  process.exitCode = 1;
}
