// npm run interop: every trial of uveth's TCP against Linux's, in a network namespace of its own; ends with 1 when a stream did
// not come whole, or tshark found something wrong.

import { loadTapCalls } from "../../src/attach/node/tap-calls.ts";
import { CLONE_NEWNET } from "../../src/uapi/sched.ts";
import { commandLine } from "../command-line.ts";
import { runCase } from "./case.ts";
import { allCases, settingCases } from "./cases.ts";

const USAGE = `Usage: npm run interop -- [WORD…]
Runs the trials of TCP between uveth and Linux whose names hold every WORD, all by default; exit code 1 when one fails.`;

const words = commandLine(USAGE, {}, true).positionals;
const calls = await loadTapCalls();
if (calls.libc.unshare(CLONE_NEWNET) !== 0) {
  console.error("A network namespace takes root: sudo, or unshare -Urn");
  process.exitCode = 2;
} else {
  for (const trial of [...allCases(), ...settingCases()].filter(({ name }) =>
    words.every((word) => name.includes(word)),
  )) {
    const { complaints, isSame, receivedBytes, seconds } = await runCase(calls, trial);
    const isGood = isSame && (complaints ?? "") === "";
    const rate = ((receivedBytes * 8) / seconds / 1e6).toFixed(1);
    console.log(
      `${isGood ? "ok  " : "FAIL"} ${trial.name}: ${receivedBytes} bytes, ${rate} Mbit/s ${complaints ?? ""}`,
    );
    if (!isGood) process.exitCode = 1;
  }
}
