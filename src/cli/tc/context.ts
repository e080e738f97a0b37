// What one `tc` command works with: that of `ip`, and the options only tc has.

import { IpContext } from "../ip/context.ts";

/** One command, or the commands of one batch. `close()` it at the end. */
export class TcContext extends IpContext {
  /** -raw: numbers as the kernel has them, beside those for people. */
  isRaw = false;
}
