// The copies that programs under `uveth run` read in place of files of /sys and /proc.

import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** Replaces the copy of `path` below `folder` whole, so that nobody reads half of it; `mode` is what the file allows. */
export function showFile(folder: string, path: string, text: string, mode = 0o644): void {
  const file = join(folder, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(`${file}.new`, text, { mode });
  renameSync(`${file}.new`, file);
}
