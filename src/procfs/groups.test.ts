// What: /proc/net/mcfilter and mcfilter6 tell who listens to which senders.
//
// Source: the texts are those that Linux 6.18 gives after the same calls.

import { expect, test } from "vitest";
import { createTestMachine } from "../testkit/index.ts";
import { mcfilter6Text, mcfilterText } from "./groups.ts";

test("mcfilter and mcfilter6 count who includes and who excludes a sender", async () => {
  const { machine } = createTestMachine();
  const netns = await machine.netns("h");
  await netns.link.add({ kind: "veth", name: "v0", isUp: true, peer: { name: "v1" } });
  await netns.addr.add("10.0.0.1/24", { dev: "v0" });
  const four = netns.udp({ host: "0.0.0.0" });
  for (const source of ["10.0.0.5", "10.0.0.6"]) four.join("239.1.2.3", "v0", { source });
  four.join("239.1.2.4", "v0");
  four.blockSource("239.1.2.4", "v0", "10.0.0.7");
  const six = netns.udp();
  for (const source of ["2001:db8::5", "2001:db8::6"]) six.join("ff05::123", "v0", { source });
  const core = machine.core.netnsNames.get("h")!;
  const four4 = "  3     v0 0xef010204 0x0a000007      0      1\n";
  const four3 =
    "  3     v0 0xef010203 0x0a000005      1      0\n  3     v0 0xef010203 0x0a000006      1      0\n";
  expect(mcfilterText(core)).toBe(`Idx Device        MCA        SRC    INC    EXC\n${four4}${four3}`);
  const group = "ff050000000000000000000000000123";
  expect(mcfilter6Text(core)).toBe(
    "Idx Device                Multicast Address                   Source Address    INC    EXC\n" +
      `  3     v0 ${group} 20010db8000000000000000000000005      1      0\n` +
      `  3     v0 ${group} 20010db8000000000000000000000006      1      0\n`,
  );
  machine.close();
});
