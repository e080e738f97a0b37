// All trials, and the few of them that `npm test` runs.

import type { Disease } from "../sim/disease.ts";
import type { InteropCase } from "./case.ts";

const MS = 1_000_000;
const MB = 1_000_000;

const conditions: readonly {
  readonly name: string;
  readonly bytes: number;
  readonly disease: Partial<Disease>;
}[] = [
  { name: "a sound wire", bytes: 20 * MB, disease: {} },
  { name: "1 % loss", bytes: 2 * MB, disease: { lossPpm: 10_000, delayNs: MS } },
  { name: "5 % loss", bytes: MB, disease: { lossPpm: 50_000, delayNs: MS } },
  { name: "reordering", bytes: 3 * MB, disease: { reorderPpm: 50_000, reorderNs: 4 * MS, delayNs: MS } },
  { name: "duplication", bytes: 3 * MB, disease: { duplicatePpm: 100_000 } },
  { name: "spoiled frames", bytes: MB, disease: { corruptPpm: 10_000, delayNs: MS } },
  {
    name: "100 Mbit/s, 20 ms, 1 % loss",
    bytes: 4 * MB,
    disease: { lossPpm: 10_000, delayNs: 10 * MS, rateBytesPerSec: 12_500_000 },
  },
  { name: "100 ms of delay", bytes: 2 * MB, disease: { delayNs: 50 * MS } },
];

/** Every condition, direction and family; then sizes of packets and tiny windows. */
export function allCases(): InteropCase[] {
  const cases: InteropCase[] = [];
  for (const family of [4, 6] as const) {
    for (const from of ["uveth", "linux"] as const) {
      const common = { family, from };
      for (const { name, ...condition } of conditions) {
        cases.push({ ...common, ...condition, name: `IPv${family}, from ${from}, ${name}` });
      }
      for (const mtu of [family === 4 ? 576 : 1_280, 9_000]) {
        cases.push({ ...common, name: `IPv${family}, from ${from}, MTU ${mtu}`, bytes: 5 * MB, mtu });
        const disease = { lossPpm: 10_000, delayNs: MS };
        cases.push({
          ...common,
          name: `IPv${family}, from ${from}, MTU ${mtu}, 1 % loss`,
          bytes: MB,
          mtu,
          disease,
        });
      }
      const judged = { judged: true, disease: { lossPpm: 5_000, reorderPpm: 10_000, reorderNs: MS } };
      cases.push({ ...common, ...judged, name: `IPv${family}, from ${from}, judged by tshark`, bytes: MB });
    }
    cases.push({
      name: `IPv${family}, from linux, a window of 3,000 bytes`,
      family,
      from: "linux",
      bytes: MB / 4,
      receiveBufferBytes: 3_000,
    });
  }
  return cases;
}

/** Marks instead of losses, whoever asks for them; handshakes of which a listener keeps nothing. */
export function settingCases(): InteropCase[] {
  // So many that some fall on the few large frames of a stream that is not held up.
  const marks = { family: 4, bytes: MB, judged: true, disease: { markPpm: 200_000, delayNs: MS } } as const;
  return [
    {
      ...marks,
      name: "from uveth, which asks for marks",
      from: "uveth",
      settings: { uveth: { tcp_ecn: "1" } },
    },
    {
      ...marks,
      name: "from Linux, which asks for marks",
      from: "linux",
      settings: { linux: { tcp_ecn: "1" } },
    },
    ...([4, 6] as const).map((family) => ({
      name: `from Linux over IPv${family}, whose SYN is answered by a cookie`,
      family,
      from: "linux" as const,
      bytes: MB,
      settings: { uveth: { tcp_syncookies: "2" } },
    })),
    {
      name: "from Linux without timestamps, whose SYN is answered by a cookie",
      family: 4,
      from: "linux",
      bytes: MB / 4,
      settings: { uveth: { tcp_syncookies: "2" }, linux: { tcp_timestamps: "0" } },
    },
    {
      name: "from uveth without window scaling, SACK and timestamps",
      family: 4,
      from: "uveth",
      bytes: MB,
      disease: { lossPpm: 10_000, delayNs: MS },
      settings: { uveth: { tcp_window_scaling: "0", tcp_sack: "0", tcp_timestamps: "0" } },
    },
  ];
}

/** What is quick and tells most. */
export function quickCases(): InteropCase[] {
  const disease = { lossPpm: 10_000, reorderPpm: 20_000, reorderNs: 2 * MS, delayNs: MS };
  return [
    { name: "from uveth over a sound wire", family: 4, from: "uveth", bytes: 10 * MB },
    { name: "from Linux over a sound wire", family: 6, from: "linux", bytes: 10 * MB },
    {
      name: "from uveth over an ill wire, judged by tshark",
      family: 6,
      from: "uveth",
      bytes: MB / 4,
      disease,
      judged: true,
    },
    {
      name: "from Linux over an ill wire, judged by tshark",
      family: 4,
      from: "linux",
      bytes: MB / 4,
      disease,
      judged: true,
    },
  ];
}
