// `tc … u32`: words of a packet under masks, in tables.
//
// Facts: the output of iproute2 6.1 (tc-u32(8)). *Omitted:* hash keys (hashkey, sample, offset), marks, policing; they refuse
// by name.

import { getBe32, getS32, getU32, setBe32, setS32 } from "../../../bytes/endian.ts";
import { ipv4Mask } from "../../../bytes/ipv4.ts";
import type { Attribute } from "../../../netlink/attribute.ts";
import * as cls from "../../../uapi/pkt_cls.ts";
import { TCA_OPTIONS } from "../../../uapi/rtnetlink.ts";
import { AF_INET, AF_INET6 } from "../../../uapi/socket.ts";
import { usage } from "../../exit.ts";
import { unsigned } from "../../numbers.ts";
import type { Output } from "../../output.ts";
import { parsePrefix } from "../../prefix.ts";
import type { Words } from "../../words.ts";
import { matches } from "../../words.ts";
import { parseActions, printActions } from "../actions.ts";
import type { TcContext } from "../context.ts";
import { classidOf, classidText } from "../values.ts";
import type { FilterOptions, FilterScope, FilterWords, WriteOptions } from "./kind.ts";
import { illegal, legal, unknownWord } from "./kind.ts";

const USAGE = `Usage: ... u32 [ match SELECTOR ... ] [ link HTID ] [ classid CLASSID ]
               [ action ACTION_SPEC ] [ ht HTID ]
or         u32 divisor DIVISOR

Where: SELECTOR := SAMPLE SAMPLE ...
       SAMPLE := { ip | ip6 | udp | tcp | icmp | u{32|16|8} } SAMPLE_ARGS
       FILTERID := X:Y:Z

NOTE: CLASSID is parsed at hexadecimal input.
`;
/** From the header behind the network header, of whatever size that is. */
const nextHeader = -1;
const maxKeys = 128;

export const u32: FilterWords = { kind: "u32", parse, print };

/** 32 bits of the packet, as a number in network order. */
interface Key {
  value: number;
  mask: number;
  readonly offset: number;
  readonly offsetMask: number;
}

interface Said {
  readonly keys: Key[];
  classid: number | undefined;
  divisor: number | undefined;
  table: number | undefined;
  link: number | undefined;
  actions: WriteOptions | undefined;
  flags: number;
}

async function parse(words: Words, tc: TcContext, { handle }: FilterScope): Promise<FilterOptions> {
  const number = handle === undefined ? 0 : handleOf(handle);
  if (number === undefined) throw illegal("Illegal filter ID");
  const said: Said = {
    keys: [],
    classid: undefined,
    divisor: undefined,
    table: undefined,
    link: undefined,
    actions: undefined,
    flags: 0,
  };
  for (let word = words.take(); word !== undefined; word = words.take()) {
    if (matches(word, "match")) takeMatch(said.keys, words);
    else if (matches(word, "classid") || word === "flowid") said.classid = legal(words, classidOf, "classid");
    else if (matches(word, "divisor")) said.divisor = legal(words, divisorOf, "divisor");
    else if (word === "ht") said.table = legal(words, handleOf, "ht");
    else if (matches(word, "link")) said.link = legal(words, handleOf, "link");
    else if (matches(word, "action")) said.actions = await parseActions(words, tc, cls.TCA_U32_ACT);
    else if (word === "skip_hw") said.flags |= cls.TCA_CLS_FLAGS_SKIP_HW;
    else if (word === "skip_sw") said.flags |= cls.TCA_CLS_FLAGS_SKIP_SW;
    else if (word === "help") throw usage(USAGE, 1);
    else if (["offset", "hashkey", "sample", "police", "indev", "mark", "order"].includes(word)) {
      throw illegal(`u32: "${word}" is not supported`);
    } else throw unknownWord(word, USAGE);
  }
  return { handle: number, write: (writer) => writeOptions(writer, said) };
}

function writeOptions(writer: Parameters<WriteOptions>[0], said: Said): void {
  const nest = writer.nest(TCA_OPTIONS);
  if (said.classid !== undefined) writer.u32(cls.TCA_U32_CLASSID, said.classid);
  if (said.divisor !== undefined) writer.u32(cls.TCA_U32_DIVISOR, said.divisor);
  if (said.link !== undefined) writer.u32(cls.TCA_U32_LINK, said.link);
  said.actions?.(writer);
  if (said.table !== undefined) writer.u32(cls.TCA_U32_HASH, said.table);
  if (said.keys.length > 0 || said.actions !== undefined) {
    const at = writer.attribute(
      cls.TCA_U32_SEL,
      cls.TC_U32_SEL_SIZE + said.keys.length * cls.TC_U32_KEY_SIZE,
    );
    const { bytes } = writer;
    if (said.actions !== undefined) bytes[at + cls.TC_U32_SEL_FLAGS] = cls.TC_U32_TERMINAL;
    bytes[at + cls.TC_U32_SEL_NKEYS] = said.keys.length;
    for (const [index, key] of said.keys.entries()) {
      const place = at + cls.TC_U32_SEL_SIZE + index * cls.TC_U32_KEY_SIZE;
      setBe32(bytes, place + cls.TC_U32_KEY_MASK, key.mask);
      setBe32(bytes, place + cls.TC_U32_KEY_VAL, key.value);
      setS32(bytes, place + cls.TC_U32_KEY_OFF, key.offset);
      setS32(bytes, place + cls.TC_U32_KEY_OFFMASK, key.offsetMask);
    }
  }
  if (said.flags !== 0) writer.u32(cls.TCA_U32_FLAGS, said.flags);
  writer.endNest(nest);
}

// --- Matches ----------------------------------------------------------------------------------------------------------

/** Where a field stands, and its size in bits. */
type Field = readonly [offset: number, bits: 8 | 16 | 32];

const ipFields: Readonly<Record<string, Field>> = {
  tos: [1, 8],
  dsfield: [1, 8],
  precedence: [1, 8],
  ihl: [0, 8],
  protocol: [9, 8],
  sport: [20, 16],
  dport: [22, 16],
  icmp_type: [20, 8],
  icmp_code: [21, 8],
};
const ip6Fields: Readonly<Record<string, Field>> = {
  protocol: [6, 8],
  sport: [40, 16],
  dport: [42, 16],
  icmp_type: [40, 8],
  icmp_code: [41, 8],
};
/** Flags of IPv4's fragment field that have a word. */
const fragments: Readonly<Record<string, readonly [value: number, mask: number]>> = {
  nofrag: [0, 0x3fff],
  firstfrag: [0, 0x1fff],
  df: [0x4000, 0x4000],
  mf: [0x2000, 0x2000],
};

function takeMatch(keys: Key[], words: Words): void {
  const kind = words.value();
  const size = /^u(8|16|32)$/.exec(kind)?.[1];
  if (size !== undefined)
    return takeNumber(keys, words, size === "8" ? 8 : size === "16" ? 16 : 32, undefined, 0);
  if (kind === "ip") return takeIp(keys, words);
  if (kind === "ip6") return takeIp6(keys, words);
  if (kind === "tcp" || kind === "udp") return takePorts(keys, words);
  if (kind === "icmp") {
    const field = words.value();
    if (field !== "type" && field !== "code") throw illegal('Illegal "match"');
    return takeNumber(keys, words, 8, field === "type" ? 0 : 1, nextHeader);
  }
  if (kind === "ether" || kind === "mark") throw illegal(`u32: "match ${kind}" is not supported`);
  throw illegal('Illegal "match"');
}

function takeIp(keys: Key[], words: Words): void {
  const name = words.value();
  if (name === "src" || name === "dst") {
    const { address, prefixLength } = parsePrefix(words.value(), AF_INET);
    return pack(keys, getBe32(address, 0), ipv4Mask(prefixLength), name === "src" ? 12 : 16, 0);
  }
  const fragment = fragments[name];
  if (fragment !== undefined) return pack(keys, fragment[0], fragment[1], 4, 0);
  const field = ipFields[name];
  if (field === undefined) throw illegal('Illegal "match"');
  takeNumber(keys, words, field[1], field[0], 0);
}

function takeIp6(keys: Key[], words: Words): void {
  const name = words.value();
  if (name === "src" || name === "dst") {
    const { address, prefixLength } = parsePrefix(words.value(), AF_INET6);
    const base = name === "src" ? 8 : 24;
    for (let at = 0; at * 8 < prefixLength; at += 4) {
      pack(keys, getBe32(address, at), ipv4Mask(Math.min(32, prefixLength - at * 8)), base + at, 0);
    }
    return;
  }
  const field = ip6Fields[name];
  if (field === undefined) throw illegal('Illegal "match"');
  takeNumber(keys, words, field[1], field[0], 0);
}

function takePorts(keys: Key[], words: Words): void {
  const field = words.value();
  if (field !== "src" && field !== "dst") throw illegal('Illegal "match"');
  takeNumber(keys, words, 16, field === "src" ? 0 : 2, nextHeader);
}

/** `VALUE MASK [ at OFFSET ]`; the mask is hexadecimal. */
function takeNumber(
  keys: Key[],
  words: Words,
  bits: 8 | 16 | 32,
  offset: number | undefined,
  offsetMask: number,
): void {
  const value = legal(words, (word) => unsigned(word, bits), "match");
  const mask = legal(words, (word) => unsigned(word, bits, 16), "match");
  let [at, behind] = [offset ?? 0, offsetMask];
  if (words.takeIf("at")) {
    const text = words.value();
    const isNext = text.startsWith("nexthdr+");
    const number = unsigned(isNext ? text.slice("nexthdr+".length) : text, 31);
    if (number === undefined) throw illegal('Illegal "match"');
    [at, behind] = [number, isNext ? nextHeader : offsetMask];
  }
  if (at % (bits / 8) !== 0) throw illegal('Illegal "match"');
  const shift = 32 - bits - (at % 4) * 8;
  pack(keys, (value << shift) >>> 0, (mask << shift) >>> 0, at - (at % 4), behind);
}

/** Adds a key, or joins it with one for the same word that does not say otherwise (pack_key). */
function pack(keys: Key[], value: number, mask: number, offset: number, offsetMask: number): void {
  const wanted = (value & mask) >>> 0;
  for (const key of keys) {
    if (key.offset !== offset || key.offsetMask !== offsetMask) continue;
    if (((wanted ^ key.value) & mask & key.mask) !== 0) throw illegal('Illegal "match"');
    key.value = (key.value | wanted) >>> 0;
    key.mask = (key.mask | mask) >>> 0;
    return;
  }
  if (keys.length >= maxKeys) throw illegal('Illegal "match"');
  keys.push({ value: wanted, mask: mask >>> 0, offset, offsetMask });
}

// --- Handles ----------------------------------------------------------------------------------------------------------

/** Reads "800::800", "800:" or "::1": table, bucket, key, all hexadecimal (get_u32_handle). */
function handleOf(word: string): number | undefined {
  if (!word.includes(":")) return unsigned(word, 32, 16);
  const [table = "", bucket = "", key = "", ...more] = word.split(":");
  const parts = [table, bucket, key].map((text) => (text === "" ? 0 : unsigned(text, 32, 16)));
  const [high, middle, low] = parts;
  if (more.length > 0 || high === undefined || middle === undefined || low === undefined) return undefined;
  if (high >= 0x1000 || middle >= 0x100 || low >= 0x1000) return undefined;
  return ((high << 20) | (middle << 12) | low) >>> 0;
}

function divisorOf(word: string): number | undefined {
  const divisor = unsigned(word);
  return divisor === undefined || divisor === 0 || divisor > 0x100 || (divisor & (divisor - 1)) !== 0
    ? undefined
    : divisor;
}

function handleText(handle: number): string {
  const [table, bucket, key] = [handle >>> 20, (handle >>> 12) & 0xff, handle & 0xfff];
  const tableText = table === 0 ? "" : table.toString(16);
  if (bucket === 0 && key === 0) return `${tableText}:`;
  const bucketText = bucket === 0 ? "" : bucket.toString(16);
  return key === 0 ? `${tableText}:${bucketText}` : `${tableText}:${bucketText}:${key.toString(16)}`;
}

// --- Output -----------------------------------------------------------------------------------------------------------

async function print(tc: TcContext, out: Output, options: Attribute, handle: number): Promise<void> {
  if (handle !== 0) {
    const text = handleText(handle);
    out.field("fh", text, `fh ${text} `);
    const key = handle & 0xfff;
    if (key !== 0) out.field("order", key, `order ${key} `);
  }
  const divisor = options.child(cls.TCA_U32_DIVISOR)?.u32();
  const sel = options.child(cls.TCA_U32_SEL);
  if (divisor !== undefined) out.field("ht_divisor", divisor, `ht divisor ${divisor} `);
  else if (options.child(cls.TCA_U32_HASH) !== undefined || sel !== undefined) {
    const table = options.child(cls.TCA_U32_HASH)?.u32() ?? 0;
    const [htid, bucket] = [(table >>> 20).toString(16), ((table >>> 12) & 0xff).toString(16)];
    out.field("key_ht", htid, `key ht ${htid} `);
    out.field("bkt", bucket, `bkt ${bucket} `);
  } else out.text("??? ");
  const isTerminal = ((sel?.bytes[sel.start + cls.TC_U32_SEL_FLAGS] ?? 0) & cls.TC_U32_TERMINAL) !== 0;
  const classid = options.child(cls.TCA_U32_CLASSID)?.u32();
  if (classid !== undefined) {
    if (!isTerminal) out.text("*");
    out.field("flowid", classidText(classid), `flowid ${classidText(classid)} `);
  } else if (isTerminal) out.text("terminal flowid ");
  const link = options.child(cls.TCA_U32_LINK)?.u32();
  if (link !== undefined) out.field("link", handleText(link), `link ${handleText(link)} `);
  printFlags(out, options.child(cls.TCA_U32_FLAGS)?.u32() ?? 0);
  if (sel !== undefined) printKeys(out, sel);
  const actions = options.child(cls.TCA_U32_ACT);
  if (actions !== undefined) await printActions(tc, out, actions);
}

function printFlags(out: Output, flags: number): void {
  for (const [flag, name] of [
    [cls.TCA_CLS_FLAGS_SKIP_HW, "skip_hw"],
    [cls.TCA_CLS_FLAGS_SKIP_SW, "skip_sw"],
    [cls.TCA_CLS_FLAGS_IN_HW, "in_hw"],
    [cls.TCA_CLS_FLAGS_NOT_IN_HW, "not_in_hw"],
  ] as const) {
    if ((flags & flag) !== 0) out.field(name, true, `${name} `);
  }
}

function printKeys(out: Output, { bytes, start }: Attribute): void {
  const count = bytes[start + cls.TC_U32_SEL_NKEYS] ?? 0;
  for (let index = 0; index < count; index++) {
    const at = start + cls.TC_U32_SEL_SIZE + index * cls.TC_U32_KEY_SIZE;
    const value = getBe32(bytes, at + cls.TC_U32_KEY_VAL).toString(16);
    const mask = getBe32(bytes, at + cls.TC_U32_KEY_MASK).toString(16);
    const offset = getS32(bytes, at + cls.TC_U32_KEY_OFF);
    const behind = getU32(bytes, at + cls.TC_U32_KEY_OFFMASK) === 0 ? "" : "nexthdr+";
    out.newline();
    out.text(`  match ${value.padStart(8, "0")}/${mask.padStart(8, "0")} at ${behind}${offset}`);
    out.openObject("match");
    out.json("value", value);
    out.json("mask", mask);
    out.json("offmask", behind);
    out.json("off", offset);
    out.closeObject();
  }
}
