// What: a fault that netem does not have, or that would do nothing, is refused by name; every one that it has is taken.
//
// Source: tc-netem(8), and what iproute2's q_netem.c refuses: reordering without a delay, a distribution without a jitter, ecn
// without a loss.

import { expect, test } from "vitest";
import { netemComplaint } from "./netem-check.ts";

test.each([
  [{ delay: "10ms", jitter: 5, delayCorrelation: "25%", distribution: "pareto" }],
  [{ loss: "1%", ecn: true }],
  [{ loss: { probability: 0.3, correlation: "25%" }, duplicate: "1%", corrupt: { probability: "0.1%" } }],
  [{ loss: { p13: "1%", p31: "20%" } }],
  [{ loss: { p: "1%", r: "10%", h: "70%", k: "0.1%" } }],
  [{ delay: "10ms", reorder: { probability: "25%", correlation: "50%" }, gap: 5 }],
  [{ rate: "10mbit", packetOverhead: -4, cellSize: 53, cellOverhead: 5, limit: 100, seed: 7n }],
  [{ slot: { min: "800us", max: "1ms", packets: 10, bytes: 4_000 }, perSegment: false }],
] as const)("%o can be", (options) => {
  expect(netemComplaint(options)).toBeUndefined();
});

test.each([
  ['{"latency":"50ms"}', "latency", 'There is no "latency" for a wire, only delay, jitter, '],
  ['{"toString":1}', "toString", 'There is no "toString"'],
  ['{"delay":"soon"}', "delay", 'Cannot read the time "soon"'],
  ['{"delay":-1}', "delay", 'Cannot wait for "-1"'],
  ['{"jitter":["5ms",1]}', "jitter", "Cannot read the time"],
  ['{"loss":"2"}', "loss", 'Cannot use the share "2"'],
  ['{"loss":{"probabilty":"1%"}}', "loss", 'it has "probability"'],
  ['{"loss":{"p":"1%","q":"1%"}}', "loss", 'There is no "q" in loss, only p, r, h, k'],
  ['{"rate":"10parsec"}', "rate", 'Cannot read the rate "10parsec"'],
  ['{"rate":-8}', "rate", 'Cannot use the rate "-8"'],
  ['{"limit":1.5}', "limit", "whole number from 0"],
  ['{"gap":"5","delay":1}', "gap", 'Cannot use "5" as gap'],
  ['{"ecn":"yes","loss":1}', "ecn", "true or false"],
  [
    '{"jitter":1,"distribution":"gauss"}',
    "distribution",
    'There is no distribution "gauss", only uniform, normal',
  ],
  ['{"slot":{"max":"1ms"}}', "slot", 'it has "min"'],
  ['{"slot":{"min":"1ms","packets":-1}}', "slot", "slot.packets"],
  [
    '{"distribution":"normal","delay":"10ms"}',
    "distribution",
    '"distribution" does nothing without "jitter"',
  ],
  ['{"reorder":"25%"}', "reorder", '"reorder" does nothing without "delay"'],
  ['{"ecn":true}', "ecn", '"ecn" does nothing without "loss"'],
])("%s is refused", (text, key, message) => {
  const complaint = netemComplaint(JSON.parse(text));
  expect(complaint?.key).toBe(key);
  expect(complaint?.text).toContain(message);
});
