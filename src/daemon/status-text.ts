// A daemon's state in words.

import type { DaemonStatus } from "./status.ts";

/** `2 namespaces, 5 devices and 1 client`. */
export function contentsText({ namespaces, devices, clients }: DaemonStatus): string {
  return `${count(namespaces, "namespace")}, ${count(devices, "device")} and ${count(clients, "client")}`;
}

/** `3 d 4 h`, `5 min 2 s`: the two largest units. */
export function durationText(durationMs: number): string {
  const seconds = Math.floor(durationMs / 1_000);
  const parts = [
    [Math.floor(seconds / 86_400), "d"],
    [Math.floor(seconds / 3_600) % 24, "h"],
    [Math.floor(seconds / 60) % 60, "min"],
    [seconds % 60, "s"],
  ] as const;
  const first = parts.findIndex(([value]) => value > 0);
  if (first < 0) return "0 s";
  const shown = parts.slice(first, first + 2).filter(([value]) => value > 0);
  return shown.map(([value, unit]) => `${value} ${unit}`).join(" ");
}

function count(value: number, noun: string): string {
  return `${value} ${noun}${value === 1 ? "" : "s"}`;
}
