import * as fs from "node:fs";
import { expect, test } from "vitest";
import { getS32, getU32, setS32, setU16, setU32 } from "../../src/bytes/endian.ts";
import { toHex } from "../../src/bytes/hex.ts";
import { SeededRandom } from "../../src/net/random.ts";
import { attributes } from "../../src/netlink/attribute.ts";
import { type Message, messages, NLMSG_HDRLEN } from "../../src/netlink/message.ts";
import { MessageWriter } from "../../src/netlink/writer.ts";
import { kernelTarget } from "./targets/kernel.ts";
import { uvethTarget } from "./targets/uveth.ts";
import type { Target, TargetNetns } from "./targets.ts";

const START = Number(process.env["SEED"] ?? 1);
const RUNS = Number(process.env["RUNS"] ?? 20);
const OPS = Number(process.env["OPS"] ?? 40);
const NOAF = process.env["NOAF"] !== "0";

interface World {
  fds: number[];
}
interface Op {
  ns: number;
  label: string;
  build(w: World, seq: number): Uint8Array;
  strict: boolean;
  isDump: boolean;
}

function gen(r: SeededRandom): Op {
  const pick = <T>(list: readonly T[]): T => list[Math.floor((r.u32() / 2 ** 32) * list.length)] as T;
  const chance = (p: number) => r.u32() / 2 ** 32 < p;
  const names = [
    "a",
    "b",
    "c",
    "d",
    "a",
    "b",
    "c",
    "d",
    "veth%d",
    "lo",
    "x/y",
    "n%d%d",
    "alt1",
    "alt2",
    "..",
    "q:",
    "0123456789abcde",
  ];
  const macs = [
    "02000000000a",
    "02000000000b",
    "0200000000ee",
    "010000000001",
    "000000000000",
    "0200",
    "02000000000a0b0c",
    "ffffffffffff",
  ];
  const parts: string[] = [];
  type W = (w: MessageWriter, world: World) => void;
  const attrGen = (depth: number): W[] => {
    const out: W[] = [];
    const add = (text: string, f: W) => {
      parts.push(text);
      out.push(f);
    };
    const u32 = (t: number, v: number) => add(`${t}=${v}`, (w) => w.u32(t, v));
    const s32 = (t: number, v: number) => add(`${t}=${v}`, (w) => w.s32(t, v));
    const u8 = (t: number, v: number) => add(`${t}=${v}`, (w) => w.u8(t, v));
    const str = (t: number, v: string) => add(`${t}='${v}'`, (w) => w.string(t, v));
    const hex = (t: number, v: string) =>
      add(`${t}=x${v}`, (w) =>
        w.binary(t, Uint8Array.from(v.match(/../g)?.map((b) => parseInt(b, 16)) ?? [])),
      );
    if (chance(0.75)) str(3, pick(names));
    if (chance(0.35)) hex(1, pick(macs));
    else if (depth !== 9) hex(1, `0200000000${(0x10 + Math.floor((r.u32() / 2 ** 32) * 200)).toString(16)}`);
    if (chance(0.08)) hex(2, pick(macs));
    if (chance(0.2)) u32(4, pick([1500, 1400, 67, 68, 65535, 65536, 9000, 0xffffffff]));
    if (chance(0.1)) u32(13, pick([0, 1, 1000, 0xffffffff]));
    if (chance(0.15)) u32(27, pick([0, 1, 2, 7]));
    if (chance(0.1)) u8(16, pick([0, 2, 5, 6, 4, 9]));
    if (chance(0.1)) u8(17, pick([0, 1, 2]));
    if (chance(0.08)) u32(31, pick([0, 1, 3, 4096, 4097]));
    if (chance(0.08)) u32(32, pick([0, 1, 3, 4096, 4097]));
    if (chance(0.06)) u32(41, pick([65536, 192, 193, 1000, 70000, 524280, 524281]));
    if (chance(0.06)) u32(40, pick([1, 65535, 65536, 0]));
    if (chance(0.06)) u32(58, pick([1, 65536, 70000, 524280, 524281]));
    if (chance(0.06)) u32(63, pick([65536, 192, 193, 524281]));
    if (chance(0.06)) u32(64, pick([1, 65536, 524281]));
    if (chance(0.1))
      add(
        "alias",
        (
          (v) => (w: MessageWriter) =>
            w.bareString(20, v)
        )(pick(["", "hello", "x".repeat(255), "x".repeat(256), "nul\0mid"])),
      );
    if (chance(0.05)) u8(33, pick([0, 1]));
    if (chance(0.04)) u8(39, pick([0, 1]));
    if (chance(0.05)) u32(10, pick([0, 1, 2, 3, 99]));
    if (chance(0.05)) s32(37, pick([0, 1, 2, -1]));
    if (chance(0.08)) s32(46, pick([0, 1, 2, -1]));
    if (chance(0.1)) {
      const i = pick([0, 1, 9]);
      add(`fd${i}`, (w, world) => w.u32(28, i === 9 ? 77777 : (world.fds[i] ?? 0)));
    }
    if (chance(0.02)) u32(19, 4_000_000);
    if (chance(0.05)) s32(49, pick([0, -1, 5, 6, 20]));
    if (chance(0.06)) u32(29, pick([0, 1, 8, 256]));
    if (chance(0.04)) u32(14, 3);
    if (chance(0.03)) add("map32", (w) => w.attribute(14, 32));
    if (chance(0.02)) add("protinfo", (w) => w.attribute(12, 0));
    if (chance(0.03)) u8(pick([59, 61, 54, 67, 68]), 1);
    if (chance(0.03)) u8(pick([65, 66, 70, 75, 200, 0]), 1);
    if (chance(0.03)) str(53, pick(["alt1", "alt2", "a", "zz"]));
    if (chance(0.03))
      add(
        "xdp",
        ((v) => (w: MessageWriter) => {
          const n = w.nest(43);
          w.s32(1, v);
          if (chance(0.3)) w.u32(3, 6);
          w.endNest(n);
        })(-1),
      );
    if (chance(0.03))
      add("xdpbad", (w) => {
        const n = w.nest(43);
        w.u8(2, 1);
        w.endNest(n);
      });
    if (chance(0.02))
      add("vf", (w) => {
        const n = w.nest(22);
        w.endNest(w.nest(1));
        w.endNest(n);
      });
    if (chance(0.02)) add("vfports", (w) => w.endNest(w.nest(24)));
    if (chance(0.02))
      add("afunk", (w) => {
        const n = w.nest(26);
        w.endNest(w.nest(45));
        w.endNest(n);
      });
    if (chance(0.02))
      add("pdr", (w) => {
        const n = w.nest(55);
        w.u32(2, 1);
        w.endNest(n);
      });
    if (chance(0.02)) hex(pick([4, 27, 33, 46, 28]), pick(["", "01", "0102", "010203"]));
    return out;
  };
  const header = (depth: number) => {
    const idx = chance(0.35) ? pick([1, 2, 3, 4, 5, 6, 7, 8, 9, 12, -1]) : 0;
    const up = pick([0, 0, 1, 1, 0x100, 0x80, 0x1001, 0x40, 0xffff]);
    const has = chance(depth ? 0.15 : 0.35);
    const flags = has ? up : 0;
    const change = has ? pick([up, up, 1, 0, 0xffffffff]) : 0;
    const type = chance(0.03) ? 5 : 0;
    parts.push(`[idx ${idx} fl ${flags.toString(16)}/${change.toString(16)}${type ? " type" : ""}]`);
    return (w: MessageWriter) => {
      const at = w.reserve(16);
      setU16(w.bytes, at + 2, type);
      setS32(w.bytes, at + 4, idx);
      setU32(w.bytes, at + 8, flags);
      setU32(w.bytes, at + 12, change);
    };
  };
  const kindNest = (): W => {
    const kind = pick(["veth", "veth", "veth", "veth", "veth", "nosuch", ""]);
    const term = chance(0.5);
    const what = pick(["peer", "peer", "peer", "none", "empty", "short", "slave", "junk"]);
    parts.push(`kind=${kind}${term ? "0" : ""}:${what}{`);
    const h = header(1);
    const at = attrGen(1);
    parts.push("}");
    return (w, world) => {
      const li = w.nest(18);
      if (term) w.string(1, kind);
      else w.bareString(1, kind);
      if (what === "slave") w.attribute(5, 4);
      if (what !== "none" && what !== "slave") {
        const d = w.nest(2);
        if (what === "peer") {
          const p = w.nest(1);
          h(w);
          for (const f of at) f(w, world);
          w.endNest(p);
        }
        if (what === "short") w.attribute(1, 12);
        if (what === "junk") w.u32(9, 9);
        w.endNest(d);
      }
      w.endNest(li);
    };
  };
  const ns = chance(0.65) ? 0 : 1;
  const action = pick([
    "create",
    "create",
    "create",
    "create",
    "new",
    "set",
    "set",
    "set",
    "del",
    "del",
    "get",
    "get",
    "dump",
    "prop",
    "delprop",
    "nsid",
    "getnsid",
    "dumpnsid",
    "stats",
    "rand",
  ]);
  let type = 16;
  let flags = 5;
  switch (action) {
    case "create":
      flags |= 0x600;
      break;
    case "new":
      flags |= pick([0, 0x400, 0x100, 0x500, 0x200]);
      break;
    case "set":
      type = 19;
      break;
    case "del":
      type = 17;
      if (chance(0.1)) flags |= 0x200;
      break;
    case "get":
      type = 18;
      break;
    case "dump":
      type = 18;
      flags = 0x301;
      break;
    case "prop":
      type = 108;
      break;
    case "delprop":
      type = 109;
      break;
    case "nsid":
      type = 88;
      break;
    case "getnsid":
      type = 90;
      break;
    case "dumpnsid":
      type = 90;
      flags = 0x301;
      break;
    case "stats":
      type = 94;
      if (chance(0.4)) flags = 0x301;
      break;
    default:
      type = pick([16, 17, 19, 18, 108, 110, 89, 4]);
      flags = 5;
      break;
  }
  if (chance(0.15) && flags !== 0x301) flags |= 8;
  const strict = chance(0.5);
  const fns: W[] = [];
  parts.push(`${action} ns${ns} type ${type} flags ${flags.toString(16)}${strict ? " strict" : ""}:`);
  if (type >= 88 && type <= 90) {
    fns.push((w) => void w.reserve(1));
    if (chance(0.7)) {
      const v = pick([0, 1, 2, 5, -1, -5]);
      parts.push(`nsid=${v}`);
      fns.push((w) => w.s32(1, v));
    }
    if (chance(0.6)) {
      const i = pick([0, 1, 9]);
      parts.push(`fd${i}`);
      fns.push((w, world) => w.u32(3, i === 9 ? 77777 : (world.fds[i] ?? 0)));
    }
    if (chance(0.1)) {
      parts.push("pid");
      fns.push((w) => w.u32(2, 4_000_000));
    }
    if (chance(0.25)) {
      const v = pick([0, 1, 7]);
      parts.push(`tgt=${v}`);
      fns.push((w) => w.s32(4, v));
    }
    if (chance(0.06)) {
      const t = pick([5, 6, 0]);
      parts.push(`t${t}`);
      fns.push((w) => w.s32(t, 1));
    }
    if (chance(0.05)) {
      parts.push(`short`);
      fns.push((w) => w.u8(1, 1));
    }
  } else if (type === 94 || type === 95) {
    const idx = pick([0, 1, 2, 3, 4, 77]);
    const mask = pick([0, 1, 8, 16, 31, 32, 33]);
    parts.push(`idx=${idx} mask=${mask}`);
    fns.push((w) => {
      const at = w.reserve(12);
      setU32(w.bytes, at + 4, idx);
      setU32(w.bytes, at + 8, mask);
    });
    if (chance(0.3)) {
      const n = pick([0x8001, 1]);
      const t = pick([4, 4, 4, 1, 7]);
      const v = pick([1, 2, 7, 15, 16]);
      parts.push(`filters ${n} ${t}=${v}`);
      fns.push((w) => {
        const x = w.nest(n);
        w.u32(t, v);
        w.endNest(x);
      });
    }
  } else {
    fns.push(header(0));
    fns.push(...attrGen(action === "create" ? 0 : 9));
    if (chance(action === "create" ? 0.9 : 0.1)) fns.push(kindNest());
    if (type === 108 || type === 109 || chance(0.02)) {
      const list = Array.from({ length: 1 + Math.floor((r.u32() / 2 ** 32) * 3) }, () =>
        pick(["alt1", "alt2", "alt3", "a", "b", "", "x".repeat(127), "x".repeat(128), "w s"]),
      );
      const flagged = chance(0.9);
      parts.push(`props(${flagged})=${list.map((x) => x.slice(0, 5))}`);
      fns.push((w) => {
        const n = w.nest(52 | (flagged ? 0x8000 : 0));
        for (const x of list) w.string(53, x);
        if (list.length > 2) w.string(3, "zzz");
        w.endNest(n);
      });
    }
    if (chance(0.03)) {
      parts.push("tail");
      fns.push((w) => void w.raw(Uint8Array.of(3, 0, 1, 0)));
    }
  }
  return {
    ns,
    strict,
    label: parts.join(" "),
    isDump: flags === 0x301,
    build(world, seq) {
      const w = new MessageWriter(64).begin(type, flags, seq, 0);
      for (const f of fns) f(w, world);
      return w.end().finish();
    },
  };
}

const nests = new Set(["43", "18", "26", "26/2", "26/10", "52", "55"]);
function lines(message: Message, socketPid: number): string {
  const { type, flags, bytes } = message;
  const pid = message.pid === socketPid ? "me" : message.pid === 0 ? "0" : "other";
  let out = `t${type} f${flags.toString(16)} pid=${pid}`;
  if (type === 2 || type === 3) {
    out += ` errno ${getS32(bytes, 16)}`;
    if ((flags & 0x200) !== 0) {
      let at = 20;
      if (type === 2) at = (flags & 0x100) !== 0 ? 36 : 20 + ((getU32(bytes, 20) + 3) & ~3);
      for (const a of attributes(bytes, at, bytes.length))
        out += a.type === 1 ? ` "${a.text()}"` : ` ${a.type}:${toHex(a.copy())}`;
    }
    return out;
  }
  const hdr = type >= 88 && type <= 90 ? 4 : type === 92 ? 12 : 16;
  out += ` hdr ${toHex(bytes.subarray(16, 16 + hdr))}`;
  const walk = (start: number, end: number, path: string) => {
    for (const a of attributes(bytes, start, end)) {
      const p = `${path}${a.type}`;
      if (hdr === 16 && NOAF && p === "26") continue;
      if (hdr === 16 && nests.has(p)) {
        out += `\n    ${p}${a.isNested ? "N" : ""}`;
        walk(a.start, a.end, `${p}/`);
        continue;
      }
      const payload = a.copy();
      if (p === "26/10/5") payload.fill(0, 4, 12);
      if (p === "26/10/3" || p === "26/10/6") payload.fill(0, 8);
      if (p === "26/10/1") payload.fill(0);
      if (p === "7" || p === "23") payload.fill(0);
      if (p === "1" && !toHex(payload).startsWith("0200000000")) payload.fill(0xee);
      out += `\n    ${p}${a.isNested ? "N" : ""}=${toHex(payload)}`;
    }
  };
  walk(16 + hdr, bytes.length, "");
  return out;
}

async function runOn(target: Target, ops: Op[]): Promise<string[][]> {
  const machine = await target.start();
  const log: string[][] = [];
  try {
    const spaces: TargetNetns[] = [await machine.newNetns(), await machine.newNetns()];
    const world = { fds: spaces.map((s) => s.fd) };
    const socks: { strict: any; loose: any; listen: any; out: string[] }[] = [];
    for (const [i, s] of spaces.entries()) {
      const out: string[] = [];
      const open = async (strict: boolean, listen: boolean) => {
        const t = await s.openSocket(0);
        t.setOption(11, 1);
        if (strict) t.setOption(12, 1);
        t.onDatagram = (d: Uint8Array, info) => {
          for (const m of messages(d)) {
            if (listen && m.type >= 16 && (info.group ?? 0) === 0) {
            }
            out.push(
              `${listen ? `event${info.nsid === undefined ? "" : ` from ${info.nsid}`}` : "answer"} ns${i} ${lines(m, t.portId)}`,
            );
          }
        };
        t.onOverrun = () => out.push("OVERRUN");
        if (listen) {
          t.setOption(8, 1);
          t.setOption(3, 1);
          t.setOption(1, 1);
          t.setOption(1, 28);
        }
        return t;
      };
      socks.push({
        strict: await open(true, false),
        loose: await open(false, false),
        listen: await open(false, true),
        out,
      });
    }
    let seq = 10;
    for (const op of ops) {
      const s = socks[op.ns]!;
      const t = op.strict ? s.strict : s.loose;
      t.send(op.build(world, seq++));
      await machine.sleep(target.name === "kernel" ? 12 : 12);
      const entry: string[] = [];
      for (const k of socks) entry.push(...k.out.splice(0));
      // answers first, then events in order
      log.push([
        ...entry.filter((e) => e.startsWith("answer")),
        ...entry.filter((e) => !e.startsWith("answer")),
      ]);
    }
    // final state
    await machine.sleep(100);
    for (const k of socks) k.out.splice(0);
    for (const k of socks) {
      const w = new MessageWriter().begin(18, 0x301, 99, 0);
      w.reserve(16);
      w.end();
      k.loose.send(w.finish());
      await machine.sleep(100);
      const w2 = new MessageWriter().begin(90, 0x301, 98, 0);
      w2.reserve(1);
      w2.end();
      k.loose.send(w2.finish());
      await machine.sleep(20);
      log.push(k.out.splice(0).filter((e) => e.startsWith("answer")));
    }
    for (const k of socks) {
      k.strict.close();
      k.loose.close();
      k.listen.close();
    }
  } finally {
    await machine.close();
  }
  return log;
}

for (let seed = START; seed < START + RUNS; seed++) {
  test(`seed ${seed}`, { timeout: 60_000 }, async () => {
    const r = new SeededRandom(seed);
    const ops = Array.from({ length: OPS }, () => gen(r));
    const k = await runOn(kernelTarget, ops);
    const u = await runOn(uvethTarget, ops);
    for (let i = 0; i < k.length; i++) {
      const kk = (k[i] ?? []).join("\n");
      const uu = (u[i] ?? []).join("\n");
      const carrierless = (x: string[]) =>
        x.filter((l) => !/^event.* t16 .*00000000$/.test(l.split("\n")[0] ?? "")).join("\n");
      if (kk !== uu && carrierless(k[i] ?? []) !== carrierless(u[i] ?? [])) {
        const ks = kk.split("\n"),
          us = uu.split("\n");
        let d = "";
        for (let j = 0; j < Math.max(ks.length, us.length); j++)
          if (ks[j] !== us[j]) {
            d += `\n  line ${j}\n   K ${ks[j]}\n   U ${us[j]}`;
            if (d.length > 1500) break;
          }
        const heads = (x: string[]) => x.filter((l) => !l.startsWith("    ")).join("\n     ");
        fs.appendFileSync(
          "/tmp/perf/diff.txt",
          `seed ${seed} step ${i}: ${ops[i]?.label ?? "final"}${d}\n   KH ${heads(ks)}\n   UH ${heads(us)}\n\n`,
        );
        expect.fail(`step ${i}: ${ops[i]?.label ?? "final"}${d}`);
      }
    }
  });
}
