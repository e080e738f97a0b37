// Where the program is that makes and enters namespaces (native/netns/): in `dist/`, wherever this module runs from.

import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { NetlinkError } from "../../../netlink/error.ts";

const NAME = "uveth-netns";

/** Its path; a NetlinkError (ENOENT) with the cure where it has not been built. */
export function netnsProgram(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  for (let up = dirname(folder); ; up = dirname(folder)) {
    for (const path of [join(folder, NAME), join(folder, "dist", NAME)]) if (existsSync(path)) return path;
    if (up === folder) break;
    folder = up;
  }
  throw new NetlinkError(
    "ENOENT",
    `Cannot make a namespace of the kernel: the program ${NAME} is missing; install a C compiler and type "npm run build"`,
  );
}
