// A Vitest reporter that writes one JSON file about a run, for tools/test.mjs: the file named by UVETH_TEST_COUNT.

import { writeFileSync } from "node:fs";

/**
 * What is written.
 *
 * @typedef {object} Count
 * @property {number} passed
 * @property {number} failed
 * @property {number} skipped
 * @property {number} broken Files that failed outside their tests.
 * @property {number} errors Errors that nobody caught.
 * @property {Record<string, number>} notes Reason given by skipped tests → how many gave it.
 */

export default class CountReporter {
  /**
   * @param {readonly import("vitest/node").TestModule[]} modules
   * @param {readonly unknown[]} unhandled
   */
  onTestRunEnd(modules, unhandled) {
    /** @type {Count} */
    const count = { passed: 0, failed: 0, skipped: 0, broken: 0, errors: unhandled.length, notes: {} };
    for (const module of modules) {
      const failedBefore = count.failed;
      for (const test of module.children.allTests()) {
        const result = test.result();
        count[result.state === "pending" ? "skipped" : result.state]++;
        const note = result.state === "skipped" ? result.note : undefined;
        if (note) count.notes[note] = (count.notes[note] ?? 0) + 1;
      }
      if (module.state() === "failed" && count.failed === failedBefore) count.broken++;
    }
    const path = process.env["UVETH_TEST_COUNT"];
    if (path !== undefined) writeFileSync(path, JSON.stringify(count));
  }
}
