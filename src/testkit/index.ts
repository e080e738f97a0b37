// The public door `uveth/testkit`: what tests of programs that use a machine need, with any test runner.

export type { ArpWords, EchoWords, FrameEnds, PacketEnds, UdpWords } from "./frames.ts";
export { arpFrame, echoFrame, ethernetFrame, udpFrame } from "./frames.ts";
export { closeAndFindLeaks, leaks } from "./leaks.ts";
export type { TestMachine, TestMachineOptions } from "./machine.ts";
export { createTestMachine } from "./machine.ts";
