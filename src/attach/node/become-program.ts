// Turns this process into another program, which Node 20 has no function for: same process id, terminal and descriptors.
//
// Mirrors execvpe(3), with what Node changed for itself put back: SIGPIPE, and the descriptors 0 to 2 that it closes on exec.

import { loadLibc } from "./libc.ts";

/** What to become. */
export interface ProgramRequest {
  /** Its name, looked up along PATH, and its arguments. */
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Descriptors that it gets: ours, and the number that it is to have. */
  readonly descriptors: readonly (readonly [from: number, to: number])[];
}

const F_SETFD = 2;
const SIGPIPE = 13;

/** Does not return, but for a failure: -errno. Rejects with a NetlinkError (ENOSYS) where there is no FFI. */
export async function becomeProgram({ command, env, descriptors }: ProgramRequest): Promise<number> {
  await loadLibc();
  const { default: koffi } = await import("koffi");
  const library = koffi.load(null);
  const fcntl = library.func("int fcntl(int fd, int command, long argument)");
  const dup2 = library.func("int dup2(int from, int to)");
  const signal = library.func("void *signal(int number, intptr_t action)");
  const execvpe = library.func("int execvpe(const char *file, const char **argv, const char **envp)");
  for (const fd of [0, 1, 2]) fcntl(fd, F_SETFD, 0);
  for (const [from, to] of descriptors) if (dup2(from, to) < 0) return -koffi.errno();
  signal(SIGPIPE, 0);
  const variables = Object.entries(env).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${value}`],
  );
  execvpe(command[0] ?? "", [...command, null], [...variables, null]);
  return -koffi.errno();
}
