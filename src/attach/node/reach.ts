// Asks the preload library of `uveth run` about a program, by FFI: what it does not reach would use the host's network.

import { loadLibc } from "./libc.ts";

/**
 * Why the library at `path` cannot lead the program `file`, looked up along PATH, to a uveth namespace: the end of a sentence
 * (native/reach.c). Undefined when it can, or when there is no such program. Rejects with a
 * NetlinkError (ENOSYS) where there is no FFI.
 */
export async function whyUnreached(path: string, file: string): Promise<string | undefined> {
  await loadLibc();
  const { default: koffi } = await import("koffi");
  const ask = koffi.load(path).func("const char *uveth_unreached(const char *file)");
  return ask(file) ?? undefined;
}

/** How a supervisor (`uveth-supervise`) starts a program that the library does not reach. */
export interface SupervisedProgram {
  readonly path: string;
  /** Whether its loader would fail with the library before its own. */
  readonly isForeign: boolean;
}

/** What the supervisor can do for the program `file`, looked up along PATH; undefined where it can do nothing. */
export async function findSupervised(path: string, file: string): Promise<SupervisedProgram | undefined> {
  await loadLibc();
  const { default: koffi } = await import("koffi");
  const library = koffi.load(path);
  const found = library.func("const char *uveth_supervised(const char *file)")(file);
  if (found === null) return undefined;
  return { path: found, isForeign: library.func("int uveth_is_foreign(const char *path)")(found) !== 0 };
}
