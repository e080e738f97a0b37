// `npm run parity`: runs the corpus, sequences of command lines for the system's own tools, on the live kernel and on uveth, and
// prints a table of what is equal. Exit code 1 when something differs, 2 for wrong words or a side that cannot be had.

import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import type { Result } from "./compare.ts";
import { compareSequences } from "./compare.ts";
import { missingNeeds } from "./needs.ts";
import { differenceText, HEAD, resultRow, totalRow } from "./report.ts";
import type { Sequence } from "./sequence.ts";
import { lineCount, readSequences } from "./sequence.ts";
import { missingKernel, newFolder } from "./sides.ts";

const USAGE = `Usage: npm run parity -- [WORD…] [--keep-going] [--json] [--list] [--keep]
Runs the sequences whose file and title hold every WORD, all by default, on the live kernel and on uveth.
  --keep-going  go on behind a sequence that differs
  --json        one object a line
  --list        say what there is, and run nothing
  --keep        leave the scripts and what they wrote in /tmp`;

const root = resolve(dirname(fileURLToPath(import.meta.url)), "../..");

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      "keep-going": { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      list: { type: "boolean", default: false },
      keep: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  const chosen = readSequences(resolve(root, "test/corpus")).filter(({ file, title }) =>
    positionals.every((word) => `${file}: ${title}`.includes(word)),
  );
  if (values.list) {
    for (const each of chosen) console.log(`${each.file}: ${each.title} (${lineCount(each)} lines)`);
    return 0;
  }
  const reason = chosen.length === 0 ? "no sequence has these words" : missingKernel();
  if (reason !== undefined) {
    console.error(`Nothing can be compared: ${reason}`);
    return 2;
  }
  return await run(chosen, values);
}

async function run(
  chosen: readonly Sequence[],
  options: { readonly "keep-going": boolean; readonly json: boolean; readonly keep: boolean },
): Promise<number> {
  const missing = missingNeeds(chosen);
  const able = chosen.filter(({ needs }) => !needs.some((need) => missing.has(need)));
  const results: Result[] = [];
  const { folder, remove } = newFolder();
  if (!options.json) console.log(HEAD);
  try {
    await compareSequences(able, { root, folder }, (result) => {
      results.push(result);
      if (options.json) console.log(JSON.stringify(jsonOf(result)));
      else console.log([resultRow(result), ...result.differences.map(differenceText)].join("\n"));
      return options["keep-going"] || result.differences.length === 0;
    });
  } catch (error) {
    console.error(`${error}\nThe daemon's log:\n${readFileSync(`${folder}/daemon.log`, "utf8")}`);
    return 2;
  } finally {
    if (options.keep) console.error(`Left in ${folder}`);
    else remove();
  }
  if (!options.json) {
    console.log(totalRow(results));
    for (const need of missing) {
      const count = chosen.filter(({ needs }) => needs.includes(need)).length;
      console.log(`${count} left out: this system has no ${need}`);
    }
  }
  return results.length === able.length && results.every(({ differences }) => differences.length === 0)
    ? 0
    : 1;
}

function jsonOf({ sequence, compared, differences }: Result): object {
  const { file, title } = sequence;
  return { file, title, lines: lineCount(sequence), compared, differences };
}

process.exitCode = await main();
