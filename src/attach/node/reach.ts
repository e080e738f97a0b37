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
