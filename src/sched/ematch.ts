// Extended matches: a list of them, tied together by "and" and "or", and by containers, which stand for another part of the list.
//
// Mirrors net/sched/ematch.c (v6.18: tcf_em_tree_validate, tcf_em_validate, __tcf_em_tree_match, tcf_em_tree_dump).

import { getU16, getU32, setU16 } from "../bytes/endian.ts";
import type { Device, Frame } from "../net/netdevice.ts";
import type { Attribute } from "../netlink/attribute.ts";
import { invalid, NetlinkError } from "../netlink/error.ts";
import { parseNested } from "../netlink/parse.ts";
import { nest, policy, unspec } from "../netlink/policy.ts";
import type { MessageWriter } from "../netlink/writer.ts";
import * as cls from "../uapi/pkt_cls.ts";
import type { Matcher } from "./ematch-kinds.ts";
import { ematchKinds } from "./ematch-kinds.ts";

/** How deep containers stand in containers, and matches that one frame is asked: who exceeds either is taken to match. */
const maxDepth = 32;
const maxSteps = 4_096;

const treePolicy = policy(cls.TCA_EMATCH_TREE_MAX, {
  [cls.TCA_EMATCH_TREE_HDR]: unspec("header", cls.TCF_EMATCH_TREE_HDR_SIZE),
  [cls.TCA_EMATCH_TREE_LIST]: nest("list"),
});

/** A match of the list. */
interface Match {
  /** As it was given, header and data. */
  readonly bytes: Uint8Array;
  readonly flags: number;
  /** Where a container leads, always further on; -1 for another match. */
  readonly target: number;
  readonly matcher: Matcher;
}

/** A list of extended matches; empty, every frame matches. */
export class MatchTree {
  readonly #programId: number;
  readonly #matches: readonly Match[];
  #steps = 0;

  constructor(programId: number, matches: readonly Match[]) {
    this.#programId = programId;
    this.#matches = matches;
  }

  isMatch(frame: Frame, dev: Device): boolean {
    if (this.#matches.length === 0) return true;
    this.#steps = 0;
    return this.#run(0, frame, dev, 0);
  }

  /** Asks matches from `index` on, until what one says decides. */
  #run(index: number, frame: Frame, dev: Device, depth: number): boolean {
    let isMatch = false;
    for (let at = index; at < this.#matches.length; at++) {
      const match = this.#matches[at];
      if (match === undefined || depth >= maxDepth || ++this.#steps > maxSteps) return true;
      const { flags, target } = match;
      isMatch = target >= 0 ? this.#run(target, frame, dev, depth + 1) : match.matcher(frame, dev);
      if ((flags & cls.TCF_EM_INVERT) !== 0) isMatch = !isMatch;
      const relation = flags & cls.TCF_EM_REL_MASK;
      if (relation === cls.TCF_EM_REL_END) break;
      if (isMatch === (relation === cls.TCF_EM_REL_OR)) break;
    }
    return isMatch;
  }

  /** Writes attribute `type`; nothing for none. */
  dump(writer: MessageWriter, type: number): void {
    if (this.#matches.length === 0) return;
    const tree = writer.nest(type);
    const header = writer.attribute(cls.TCA_EMATCH_TREE_HDR, cls.TCF_EMATCH_TREE_HDR_SIZE);
    setU16(writer.bytes, header + cls.TCF_EMATCH_TREE_HDR_NMATCHES, this.#matches.length);
    setU16(writer.bytes, header + cls.TCF_EMATCH_TREE_HDR_PROGID, this.#programId);
    const list = writer.nest(cls.TCA_EMATCH_TREE_LIST);
    for (const [index, { bytes }] of this.#matches.entries()) writer.binary(index + 1, bytes);
    writer.endNest(list);
    writer.endNest(tree);
  }
}

/** Reads a list; EINVAL for one that is not whole, ENOENT for a kind there is not. */
export function readMatches(attribute: Attribute | undefined): MatchTree {
  if (attribute === undefined) return new MatchTree(0, []);
  const { header, list } = parseNested(attribute, treePolicy);
  if (header === undefined || list === undefined) throw invalid();
  const count = getU16(header.bytes, header.start + cls.TCF_EMATCH_TREE_HDR_NMATCHES);
  const children = list.children();
  if (children.length !== count || children.some(({ type }, index) => type !== index + 1)) throw invalid();
  const matches = children.map((child, index) => readMatch(child.copy(), index, count));
  return new MatchTree(getU16(header.bytes, header.start + cls.TCF_EMATCH_TREE_HDR_PROGID), matches);
}

function readMatch(bytes: Uint8Array, index: number, count: number): Match {
  if (bytes.length < cls.TCF_EMATCH_HDR_SIZE) throw invalid();
  const kind = getU16(bytes, cls.TCF_EMATCH_HDR_KIND);
  const flags = getU16(bytes, cls.TCF_EMATCH_HDR_FLAGS);
  if ((flags & cls.TCF_EM_REL_MASK) === cls.TCF_EM_REL_MASK) throw invalid();
  const data = bytes.subarray(cls.TCF_EMATCH_HDR_SIZE);
  if (kind === cls.TCF_EM_CONTAINER) {
    const target = data.length < 4 ? 0 : getU32(data, 0);
    if (target >= count || target <= index) throw invalid();
    return { bytes, flags, target, matcher: () => false };
  }
  const read = ematchKinds.get(kind);
  if (read === undefined) throw new NetlinkError("ENOENT");
  // None of them is content with a number in place of its data.
  if ((flags & cls.TCF_EM_SIMPLE) !== 0) throw invalid();
  return { bytes, flags, target: -1, matcher: read(data) };
}
