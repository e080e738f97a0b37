// `ip -batch FILE`: one command a line, without the word `ip`. A # starts a comment, a backslash at the end joins the next
// line, quotes keep words together. The first failure ends the batch unless -force is given; what is wrong in its words ends it
// in any case, as in iproute2.

import { errnoNumber, errnoText } from "../../uapi/errno.ts";
import { CommandExit, EXIT_FAILURE } from "../exit.ts";
import { Words } from "../words.ts";
import type { IpContext, IpObject } from "./context.ts";

/** A line of a batch: its words and its number, which is that of the last line joined to it. */
interface BatchLine {
  readonly words: readonly string[];
  readonly number: number;
}

/** Runs the commands in the file `path` ("-" is standard input) one after another; returns the exit code. */
export async function runBatch(ip: IpContext, path: string, run: IpObject): Promise<number> {
  const text = await readBatch(ip, path);
  let code = 0;
  for (const { words, number } of batchLines(text)) {
    const result = await runLine(ip, words, run);
    if (result === 0) continue;
    ip.io.stderr(`Command failed ${path}:${number}\n`);
    code = EXIT_FAILURE;
    if (!ip.options.force) break;
  }
  return code;
}

async function runLine(ip: IpContext, words: readonly string[], run: IpObject): Promise<number> {
  try {
    return await run(ip, new Words(words));
  } catch (error) {
    if (!(error instanceof CommandExit) || error.isFinal) throw error;
    ip.io.stderr(error.text);
    return error.code;
  }
}

async function readBatch(ip: IpContext, path: string): Promise<string> {
  try {
    return await ip.io.readFile(path);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    const reason =
      code === "EACCES" || code === "EISDIR"
        ? errnoText(errnoNumber(code))
        : errnoText(errnoNumber("ENOENT"));
    throw new CommandExit(EXIT_FAILURE, `Cannot open file "${path}" for reading: ${reason}\n`);
  }
}

/** Cuts a file into lines of words; empty lines are left out. */
function* batchLines(text: string): Generator<BatchLine, void, void> {
  const lines = text.split("\n");
  let joined = "";
  for (const [index, line] of lines.entries()) {
    const content = line.replace(/#.*/, "");
    const isEnd = index + 1 === lines.length;
    if (content.endsWith("\\") && !isEnd) {
      joined += content.slice(0, -1);
      if (index + 2 === lines.length && lines[index + 1] === "") throw missingContinuation();
      continue;
    }
    const words = splitWords(joined + content);
    joined = "";
    if (words.length > 0) yield { words, number: index + 1 };
  }
}

function missingContinuation(): CommandExit {
  return new CommandExit(EXIT_FAILURE, "Missing continuation line\n", true);
}

/** Splits at white space; a quote at the start of a word takes everything up to the same quote. */
function splitWords(line: string): string[] {
  const words: string[] = [];
  let rest = line.trimStart();
  while (rest !== "") {
    const quote = rest[0] === '"' || rest[0] === "'" ? rest[0] : undefined;
    const end = quote === undefined ? rest.search(/\s|$/) : rest.indexOf(quote, 1);
    if (end < 0) throw new CommandExit(EXIT_FAILURE, "Unterminated quoted string\n", true);
    words.push(rest.slice(quote === undefined ? 0 : 1, end));
    rest = rest.slice(quote === undefined ? end : end + 1).trimStart();
  }
  return words;
}
