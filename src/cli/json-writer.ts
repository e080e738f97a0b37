// JSON, written as it comes, in the two layouts of iproute2: everything on one line, or "pretty", where each member of an
// object has a line of its own, four spaces in per level of nesting, and the elements of an array follow one another.

/** What JSON has beside objects and arrays. bigint is for counters beyond 2^53. */
export type JsonValue = string | number | bigint | boolean | null | FixedNumber;

/** A number whose digits are given: 0.00 is not 0 in the places iproute2 writes. */
export class FixedNumber {
  readonly #digits: string;

  constructor(digits: string) {
    this.#digits = digits;
  }

  toString(): string {
    return this.#digits;
  }
}

interface Level {
  readonly isArray: boolean;
  count: number;
}

/** Writes one JSON document to `write`, which gets the text in pieces. */
export class JsonWriter {
  readonly #write: (text: string) => void;
  readonly #isPretty: boolean;
  readonly #levels: Level[] = [];

  constructor(write: (text: string) => void, isPretty: boolean) {
    this.#write = write;
    this.#isPretty = isPretty;
  }

  /** Writes a value: an object's member when it has a key, an array's element when it has none. */
  value(key: string | undefined, value: JsonValue): void {
    this.#begin(key);
    this.#write(typeof value === "string" ? quote(value) : String(value));
  }

  openObject(key?: string): void {
    this.#begin(key);
    this.#write("{");
    this.#levels.push({ isArray: false, count: 0 });
  }

  openArray(key?: string): void {
    this.#begin(key);
    this.#write(this.#isPretty ? "[ " : "[");
    this.#levels.push({ isArray: true, count: 0 });
  }

  /** Closes the object or array opened last. */
  close(): void {
    const level = this.#levels.pop();
    if (level === undefined) return;
    if (level.isArray) {
      this.#write(this.#isPretty && level.count > 0 ? " ]" : "]");
    } else {
      if (level.count > 0) this.#newline();
      this.#write("}");
    }
  }

  /** Ends the document. */
  end(): void {
    while (this.#levels.length > 0) this.close();
    this.#write("\n");
  }

  #begin(key: string | undefined): void {
    const level = this.#levels.at(-1);
    if (level !== undefined && level.count++ > 0) this.#write(",");
    if (key === undefined) return;
    this.#newline();
    this.#write(this.#isPretty ? `${quote(key)}: ` : `${quote(key)}:`);
  }

  #newline(): void {
    if (this.#isPretty) this.#write(`\n${"    ".repeat(this.#levels.length)}`);
  }
}

const ESCAPES: Readonly<Record<string, string>> = {
  "\t": "\\t",
  "\n": "\\n",
  "\r": "\\r",
  "\f": "\\f",
  "\b": "\\b",
  "\\": "\\\\",
  '"': '\\"',
};

function quote(text: string): string {
  return `"${text.replace(/[\t\n\r\f\b\\"]/g, (character) => ESCAPES[character] ?? character)}"`;
}
