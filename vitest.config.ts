// Vitest's settings. Two projects, of the tests under src, test, tools, bench and examples:
//
//   node   `.node.test.ts`, which starts programs, enters network namespaces, loads what is built: each file in a process of its own
//   pure   every other `.test.ts`, of rooms for any environment: two processes for all files, which load each source once. What
//          parity makes of the live kernel is in namespaces of each test's own
//
// The second comes last, as Vitest goes by name: many short files, so that nothing long stands at the end.

import { defineConfig } from "vitest/config";

const folders = "{src,test,tools,bench,examples}";
const settings = {
  environment: "node",
  testTimeout: 20_000,
  hookTimeout: 20_000,
  // What is waited for comes; how late is the machine's business.
  expect: { poll: { timeout: 10_000 } },
};

export default defineConfig({
  test: {
    pool: "forks",
    maxWorkers: 2,
    projects: [
      {
        extends: true,
        test: {
          ...settings,
          name: "node",
          include: [`${folders}/**/*.node.test.ts`],
          exclude: ["**/node_modules/**", "dist/**"],
        },
      },
      {
        extends: true,
        test: {
          ...settings,
          name: "pure",
          include: [`${folders}/**/*.test.ts`],
          exclude: ["**/node_modules/**", "dist/**", "**/*.{node,browser}.test.ts"],
          isolate: false,
        },
      },
    ],
  },
});
