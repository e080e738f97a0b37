// The words behind `uveth up`, `down`, `apply`, `events`, `inspect` and `graph`.

/** What each takes: options without and with a value. */
const OPTIONS: Readonly<Record<string, readonly string[]>> = {
  up: [
    "--detach",
    "-d",
    "--dry-run",
    "--json",
    "--no-ipv6",
    "--serve",
    "--name=",
    "--seed=",
    "--test=",
    "--topo=",
  ],
  down: ["--all"],
  apply: ["--dry-run", "--json", "--name="],
  events: ["--json"],
  inspect: ["--json"],
  graph: ["--mermaid", "--dot"],
};

/** What was typed. */
export interface LabWords {
  /** A file or folder, or the name of a lab. */
  readonly target: string | undefined;
  readonly topology: string | undefined;
  readonly name: string | undefined;
  readonly seed: number | undefined;
  readonly options: ReadonlySet<string>;
  readonly test: string | undefined;
}

/** Reads them; a text that says what is wrong where they are none of the command's. */
export function parseLabWords(command: string, argv: readonly string[]): LabWords | string {
  const known = OPTIONS[command] ?? [];
  const options = new Set<string>();
  const values = new Map<string, string>();
  let target: string | undefined;
  for (let at = 0; at < argv.length; at++) {
    const [word = "", ...rest] = (argv[at] ?? "").split("=");
    if (!word.startsWith("-")) {
      if (target !== undefined) return `There is one lab too many: "${argv[at]}"`;
      target = argv[at];
    } else if (known.includes(`${word}=`)) {
      const value = rest.length > 0 ? rest.join("=") : argv[++at];
      if (value === undefined || value === "") return `${word} takes a value`;
      values.set(word, value);
    } else if (known.includes(word) && rest.length === 0) options.add(word);
    else return `There is no option "${argv[at]}"`;
  }
  const [seedText, test] = [values.get("--seed"), values.get("--test")];
  const seed = seedText === undefined ? undefined : Number(seedText);
  if (seed !== undefined && !Number.isSafeInteger(seed))
    return `--seed takes a whole number, not "${seedText}"`;
  if (test !== undefined && test !== "pingall") return `There is no test "${test}", only pingall`;
  if (options.delete("-d")) options.add("--detach");
  return { target, topology: values.get("--topo"), name: values.get("--name"), seed, options, test };
}
