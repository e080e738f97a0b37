// The copies that programs under `uveth run` read in place of files of /sys and /proc.

import { chmodSync, mkdirSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** Replaces the copy of `path` below `folder` whole, so that nobody reads half of it; `mode` is what the file allows. */
export function showFile(folder: string, path: string, content: string | Uint8Array, mode = 0o644): void {
  const file = join(folder, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(`${file}.new`, content);
  // Whatever the daemon's own mask is.
  chmodSync(`${file}.new`, mode);
  renameSync(`${file}.new`, file);
}
