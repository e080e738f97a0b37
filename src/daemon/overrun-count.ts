// A number in a file that grows when a netlink socket of a program has an error to tell (ENOBUFS). Programs under `uveth run` map
// it, so that a reader sees without a question whether it has to ask (native/overrun.c).

import { closeSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { setU32 } from "../bytes/endian.ts";

/** The file of a daemon, in the folder of the namespace files. */
export class OverrunCount {
  readonly #fd: number;
  readonly #bytes = new Uint8Array(4);
  #count = 0;

  /** Makes the file, which must not be there. */
  constructor(folder: string) {
    this.#fd = openSync(join(folder, "overruns"), "wx", 0o400);
    this.#write();
  }

  /** Some socket has an error. */
  grow(): void {
    this.#count = (this.#count + 1) >>> 0;
    this.#write();
  }

  close(): void {
    closeSync(this.#fd);
  }

  #write(): void {
    setU32(this.#bytes, 0, this.#count);
    writeSync(this.#fd, this.#bytes, 0, 4, 0);
  }
}
