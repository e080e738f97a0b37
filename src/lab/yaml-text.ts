// YAML that remembers where each word stands, so that what is wrong with it is said as "lab.yml:7:15: …", where editors jump to.

import type { Document } from "yaml";
import { isAlias, isMap, isNode, isScalar, isSeq, LineCounter, parseDocument, visit } from "yaml";
import { LabError } from "./lab-error.ts";

/** A mapping of keys to values. */
export type Mapping = Readonly<Record<string, unknown>>;

/** The way to a value: keys of mappings and numbers in lists, from the top. */
export type Keys = readonly (string | number)[];

/** Whether a value is a mapping of keys to values. */
export function isMapping(value: unknown): value is Mapping {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A file that has been read. */
export class YamlText {
  /** What it says, as plain values. */
  readonly value: unknown;
  readonly path: string;
  readonly #document: Document;
  readonly #lines = new LineCounter();

  /** LabError where it is no YAML; `merge` follows "<<" as YAML 1.1 does. */
  constructor(text: string, path: string, { merge = false }: { readonly merge?: boolean } = {}) {
    this.path = path;
    this.#document = parseDocument(text, { lineCounter: this.#lines, prettyErrors: false, merge });
    const [error] = this.#document.errors;
    if (error !== undefined) throw this.#errorAt(error.pos[0], error.message);
    try {
      this.value = this.#document.toJS();
    } catch (cause) {
      // An alias without its anchor, or so many that they would fill the memory.
      if (!(cause instanceof ReferenceError)) throw cause;
      throw this.#errorAt(this.#firstAlias(), cause.message);
    }
  }

  /** What is wrong with the value at `keys`. */
  error(keys: Keys, message: string): LabError {
    return this.#errorAt(this.#offsetOf(keys, false), message);
  }

  /** What is wrong with the last of `keys` itself. */
  keyError(keys: Keys, message: string): LabError {
    return this.#errorAt(this.#offsetOf(keys, true), message);
  }

  #errorAt(offset: number, message: string): LabError {
    const { line, col } = this.#lines.linePos(offset);
    return new LabError(`${this.path}:${Math.max(line, 1)}:${Math.max(col, 1)}: ${message}`);
  }

  /** Where the first alias stands that has no anchor, or else the first. */
  #firstAlias(): number {
    const found: (number | undefined)[] = [];
    visit(this.#document, {
      Alias: (_, alias) => {
        if (alias.resolve(this.#document) === undefined) found.unshift(startOf(alias));
        else found.push(startOf(alias));
      },
    });
    return found[0] ?? 0;
  }

  /** Where the value stands, or its key; as near as there is one, for a value can come from elsewhere by an alias. */
  #offsetOf(keys: Keys, isOfKey: boolean): number {
    let node: unknown = this.#document.contents;
    let offset = startOf(node) ?? 0;
    for (const [index, key] of keys.entries()) {
      if (isAlias(node)) node = node.resolve(this.#document);
      if (isMap(node)) {
        const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === String(key));
        if (pair === undefined) return offset;
        const wantsKey = isOfKey && index === keys.length - 1;
        const isEmpty = isScalar(pair.value) && pair.value.value === null;
        offset = startOf(wantsKey || isEmpty ? pair.key : pair.value) ?? startOf(pair.key) ?? offset;
        node = pair.value;
      } else if (isSeq(node) && typeof key === "number") {
        node = node.items[key];
        offset = startOf(node) ?? offset;
      } else return offset;
    }
    return offset;
  }
}

function startOf(node: unknown): number | undefined {
  return isNode(node) ? node.range?.[0] : undefined;
}
