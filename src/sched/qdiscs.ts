// The queueing disciplines that a machine has.

import type { QdiscOps } from "../net/netdevice.ts";
import { bfifo } from "./bfifo.ts";
import { clsact } from "./clsact.ts";
import { fqCodel } from "./fq-codel.ts";
import { htb } from "./htb.ts";
import { ingress } from "./ingress.ts";
import { mq } from "./mq.ts";
import { netem } from "./netem.ts";
import { noqueue } from "./noqueue.ts";
import { pfifo, pfifoHeadDrop } from "./pfifo.ts";
import { pfifoFast } from "./pfifo-fast.ts";
import { prio } from "./prio.ts";
import { red } from "./red.ts";
import { tbf } from "./tbf.ts";

export const qdiscs: readonly QdiscOps[] = [
  noqueue,
  pfifo,
  pfifoHeadDrop,
  bfifo,
  pfifoFast,
  prio,
  tbf,
  htb,
  netem,
  fqCodel,
  red,
  mq,
  ingress,
  clsact,
];
