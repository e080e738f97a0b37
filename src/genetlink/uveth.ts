// The family `uveth`: what Linux does by system call or not at all. Its commands are in the files of their subjects; its
// numbers in uapi/uveth.ts.

import * as uveth from "../uapi/uveth.ts";
import type { GenlFamily } from "./family.ts";
import { attachOps } from "./uveth-attach.ts";
import { captureOps } from "./uveth-capture.ts";
import { infoOps } from "./uveth-info.ts";
import { nativeOps } from "./uveth-native.ts";
import { netnsOps } from "./uveth-netns.ts";
import { pingOps } from "./uveth-ping.ts";
import { sysctlOps } from "./uveth-sysctl.ts";

/** The family. */
export const uvethFamily: GenlFamily = {
  name: uveth.UVETH_GENL_NAME,
  version: uveth.UVETH_GENL_VERSION,
  reservedStart: 0,
  ops: [...infoOps, ...netnsOps, ...nativeOps, ...sysctlOps, ...pingOps, ...captureOps, ...attachOps],
  groups: [{ name: uveth.UVETH_MCGRP_NETNS_NAME }],
};
