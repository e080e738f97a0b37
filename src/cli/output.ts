// Where a command's answer goes: text or JSON from one description. `field("mtu", 1500, "mtu 1500 ")` is a member "mtu" of
// the current object in JSON and the words in text, so that no printer is written twice. What only text has goes through
// `text`, what only JSON has through `json`.
//
// The counterpart of iproute2's print_uint(PRINT_ANY, …) and its kin.

import type { Color } from "./color.ts";
import { paint } from "./color.ts";
import type { JsonValue } from "./json-writer.ts";
import { JsonWriter } from "./json-writer.ts";

/** How to write. */
export interface OutputStyle {
  readonly json: boolean;
  readonly pretty: boolean;
  /** One line per record: line ends inside a record become backslashes. */
  readonly oneline: boolean;
  /** Which palette; undefined for no colours. */
  readonly isDark: boolean | undefined;
}

/** Writes records as text or as one JSON array. Text is gathered until `flush`. */
export class Output {
  readonly isJson: boolean;
  readonly #style: OutputStyle;
  readonly #write: (text: string) => void;
  #json: JsonWriter | undefined;
  #gathered = "";

  constructor(write: (text: string) => void, style: OutputStyle) {
    this.isJson = style.json;
    this.#style = style;
    this.#write = write;
  }

  /** Starts the document: in JSON the array of records (new_json_obj). */
  open(): void {
    if (!this.isJson) return;
    this.#json = new JsonWriter((text) => this.#gather(text), this.#style.pretty);
    this.#json.openArray();
  }

  /** Ends the document and hands over what was gathered (delete_json_obj). */
  close(): void {
    this.#json?.end();
    this.#json = undefined;
    this.flush();
  }

  /** Hands over what was gathered so far. */
  flush(): void {
    const text = this.#gathered;
    this.#gathered = "";
    if (text !== "") this.#write(text);
  }

  /** A member of the current object, or these words. */
  field(key: string, value: JsonValue, text: string, color?: Color): void {
    if (this.#json !== undefined) this.#json.value(key, value);
    else this.text(text, color);
  }

  /** An element of the current array, or these words. */
  item(value: JsonValue, text: string, color?: Color): void {
    if (this.#json !== undefined) this.#json.value(undefined, value);
    else this.text(text, color);
  }

  /** Words that JSON does not have. */
  text(text: string, color?: Color): void {
    if (this.#json === undefined && !this.isJson) this.#gather(paint(text, color, this.#style.isDark));
  }

  /** A member that text does not have. */
  json(key: string, value: JsonValue): void {
    this.#json?.value(key, value);
  }

  /** The end of a line within a record: a backslash with -oneline (_SL_). */
  newline(): void {
    this.text(this.#style.oneline ? "\\" : "\n");
  }

  openObject(key?: string): void {
    this.#json?.openObject(key);
  }

  closeObject(): void {
    this.#json?.close();
  }

  openArray(key?: string, text = ""): void {
    if (this.#json !== undefined) this.#json.openArray(key);
    else this.text(text);
  }

  closeArray(text = ""): void {
    if (this.#json !== undefined) this.#json.close();
    else this.text(text);
  }

  #gather(text: string): void {
    this.#gathered += text;
  }
}
