// The door `uveth/lab`: networks as code.

export type { Disposer } from "./disposer.ts";
export { FrameView } from "./frame-view.ts";
export { createLab, Lab } from "./lab.ts";
export { LabError } from "./lab-error.ts";
export type { LabOptions } from "./lab-options.ts";
export type { FrameVerdict, LinkFaults, LinkOptions } from "./link.ts";
export { LabLink } from "./link.ts";
export type { ExecResult } from "./node.ts";
export { Host, LabNode, Outside, Router, Switch } from "./node.ts";
export type { PingAllResult } from "./ping-all.ts";
export type { Preset } from "./presets.ts";
export type { TcpFaults } from "./tcp-faults.ts";
export type { Shape } from "./topology.ts";
export { buildTopology, linear, mesh, single, torus, tree } from "./topology.ts";
export type { WaitStrategy } from "./wait.ts";
export { Wait, waitFor } from "./wait.ts";
export type { CaptureMode, TestLabOptions } from "./with-lab.ts";
export { withLab } from "./with-lab.ts";
