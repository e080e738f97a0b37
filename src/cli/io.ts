// What a command needs of the world. Whoever starts the command hands it in: the `uveth` program (process, files, the daemon),
// the page's terminal (a machine in the page), a test (strings, a live kernel).

import type { NetlinkProvider } from "../netlink/transport.ts";

/** A file under construction. */
export interface OutputFile {
  /** Appends bytes, which may be reused when the call returns; what goes wrong is told by `close`. */
  write(bytes: Uint8Array): void;
  close(): Promise<void>;
}

/** The world of one command. */
export interface CommandIo {
  /** Writes to standard output; text is passed on as it is. */
  stdout(text: string): void;
  /** Writes to standard error. */
  stderr(text: string): void;
  /** True when standard output is a terminal: decides `-color=auto`. */
  readonly isTTY: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The folder that paths are relative to; absent where there are no files. */
  readonly cwd?: string | undefined;
  /** Where netlink sockets and namespaces are opened. */
  readonly provider: NetlinkProvider;
  /** The namespace the command runs in, when it was put into one (`ip netns exec`). */
  readonly netns?: string | undefined;
  /** The names of the namespaces, as the provider's `openNetns` takes them, sorted by nothing. */
  listNetns(): Promise<readonly string[]>;
  /** Reads a text file; "-" is standard input. Rejects with an Error that has the errno's name as `code`. */
  readFile(path: string): Promise<string>;
  /** Makes or empties a file of bytes; "-" is standard output, "tcp://[HOST:]PORT" whoever connects there. Rejects with an Error that says why not. */
  createFile(path: string): Promise<OutputFile>;
  /** The wall clock, for time stamps. */
  now(): Date;
  /** Whether a program that is named by a path is this command itself; absent where there are no programs. */
  readonly isOwnProgram?: ((program: string) => boolean) | undefined;
  /** Runs a program of the system in a namespace and resolves with its exit code; absent where there is no such thing. */
  readonly runProgram?: ((netns: string, command: readonly string[]) => Promise<number>) | undefined;
  /** Calls `listener` when the user interrupts the command (Ctrl-C, SIGTERM); returns how to stop listening. */
  onInterrupt(listener: () => void): () => void;
}
