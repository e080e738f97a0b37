// Standard output and standard error, written before the call returns, so that order and exit code hold whatever is at the
// other end, and nothing is lost when the process ends.

import { writeSync } from "node:fs";

const STDOUT = 1;
const STDERR = 2;
/** 128 + SIGPIPE: how a shell sees a program that ends because its reader has gone. */
const EXIT_PIPE = 141;
/** How long a full pipe is left alone before the next attempt. */
const FULL_PIPE_WAIT_MS = 2;

/** Writes text to standard output; ends the process, quietly, when nobody reads it any more. */
export function writeStdout(text: string): void {
  writeFully(STDOUT, Buffer.from(text));
}

/** Writes bytes to standard output. */
export function writeStdoutBytes(bytes: Uint8Array): void {
  writeFully(STDOUT, bytes);
}

/** Writes text to standard error. */
export function writeStderr(text: string): void {
  writeFully(STDERR, Buffer.from(text));
}

function writeFully(fd: number, bytes: Uint8Array): void {
  let at = 0;
  while (at < bytes.length) {
    try {
      at += writeSync(fd, bytes, at);
    } catch (error) {
      const code = error instanceof Error && "code" in error ? error.code : undefined;
      // Somebody has made the pipe non-blocking; it is full.
      if (code === "EAGAIN") Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, FULL_PIPE_WAIT_MS);
      else if (code === "EPIPE") process.exit(EXIT_PIPE);
      else throw error;
    }
  }
}
