// `uveth completion`: a script for each shell, which asks `uveth completion words` what can come next. The words are known
// here alone, so that the three shells complete the same. Names of devices and namespaces come from the daemon, if one runs;
// pressing a key starts none.

import { SCRIPTS } from "./completion-scripts.ts";
import { candidates } from "./completion-words.ts";

/** What the command needs of the process. */
export interface CompletionIo {
  stdout(text: string): void;
  stderr(text: string): void;
  readonly env: Readonly<Record<string, string | undefined>>;
}

const USAGE = `Usage: uveth completion bash | zsh | fish
  bash   source <(uveth completion bash)
  zsh    source <(uveth completion zsh)
  fish   uveth completion fish | source
`;
const EXIT_USAGE = 255;

/** Runs `uveth completion` with the words behind it; resolves with the exit code. */
export async function runCompletion(argv: readonly string[], io: CompletionIo): Promise<number> {
  const [word = "", ...rest] = argv;
  if (word === "words") {
    for (const candidate of await candidates(rest, io.env)) io.stdout(`${candidate}\n`);
    return 0;
  }
  const script = rest.length === 0 ? SCRIPTS.get(word) : undefined;
  if (script !== undefined) {
    io.stdout(script);
    return 0;
  }
  const isHelp = word === "help" || word === "--help";
  if (isHelp) io.stdout(USAGE);
  else io.stderr(`${word === "" ? "" : `Word "${[word, ...rest].at(-1)}" is unknown.\n`}${USAGE}`);
  return isHelp ? 0 : EXIT_USAGE;
}
