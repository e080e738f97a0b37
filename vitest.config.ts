// Vitest's settings. One project, `node`: every `.test.ts` (any environment) and `.node.test.ts` under src, test, tools,
// bench and examples. Files run in processes of their own, as some of them enter network namespaces.

import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    pool: "forks",
    maxWorkers: 2,
    projects: [
      {
        extends: true,
        test: {
          name: "node",
          environment: "node",
          include: ["{src,test,tools,bench,examples}/**/*.test.ts"],
          exclude: ["**/node_modules/**", "dist/**", "**/*.browser.test.ts"],
          testTimeout: 20_000,
          hookTimeout: 20_000,
          // What is waited for comes; how late is the machine's business.
          expect: { poll: { timeout: 10_000 } },
        },
      },
    ],
  },
});
