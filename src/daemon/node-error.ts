// Node's errors of system calls, which carry the errno's name as `code`.

/** The errno's name that `error` carries; undefined for anything else. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}

/** What an error says, for a sentence of ours to end in. */
export function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
