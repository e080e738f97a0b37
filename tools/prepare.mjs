// What every program of the checkout does first: install and build what is missing or stale, saying so on stderr.

import { ensureBuilt } from "./build.mjs";
import { ensureInstalled } from "./install.mjs";

/**
 * Installs and builds; when that fails, says why and ends the process.
 *
 * @param {string} root The checkout.
 */
export async function prepare(root) {
  try {
    await ensureInstalled(root, console.error);
    await ensureBuilt(root, console.error);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    if (isForbidden(error))
      console.error(
        `What is built in ${root} is older than its sources, and may be built anew by their owner only: npm run build`,
      );
    process.exit(1);
  }
}

/** @param {unknown} error */
function isForbidden(error) {
  return (
    error instanceof Error && "code" in error && ["EACCES", "EPERM", "EROFS"].includes(String(error.code))
  );
}
