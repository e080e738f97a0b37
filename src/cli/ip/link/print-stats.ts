// The counters of a link (-stats): a table of two lines per direction, and two more for the errors when -stats is given
// twice. Columns are as wide as their longest number.
//
// Facts: the output of iproute2 6.1. Text and JSON differ in where missed and overrun frames stand.

import type { Link } from "../../../client/link.ts";
import type { LinkStats } from "../../../client/stats.ts";
import type { Output } from "../../output.ts";
import { humanNumber } from "../../units.ts";
import type { IpContext } from "../context.ts";

/** One counter: its key in JSON and its heading in text, with the value of each. */
interface Column {
  readonly key: string;
  readonly value: number;
  readonly heading: string;
  /** What text shows, where it is not `value`. */
  readonly shown?: number;
}

/** A line of counters. Those of errors stand one column to the right, behind the longer label. */
interface Row {
  readonly direction: "rx" | "tx";
  readonly label: string;
  readonly isError: boolean;
  readonly columns: readonly Column[];
  /** Counters that are left out when they are zero. */
  readonly extras: readonly Column[];
}

/** The least widths of the columns; the first one has the row's label before it. */
const WIDTHS = [10, 7, 6, 7, 7, 7] as const;
/** The width of the column of compressed frames, which stays empty when there are none. */
const COMPRESSED_WIDTH = 10;

/** Prints the counters, without a line end after the last. */
export function printStats(ip: IpContext, out: Output, link: Link): void {
  if (link.stats64 === undefined) return;
  const rows = rowsOf(link.stats64, link.carrierChanges).filter(
    ({ isError }) => !isError || ip.options.stats > 1,
  );
  if (out.isJson) printJson(out, rows);
  else printText(ip, out, rows);
}

function rowsOf(stats: LinkStats, carrierChanges = 0): Row[] {
  return [
    {
      direction: "rx",
      label: "RX:",
      isError: false,
      columns: [
        { key: "bytes", value: stats.rxBytes, heading: "bytes" },
        { key: "packets", value: stats.rxPackets, heading: "packets" },
        { key: "errors", value: stats.rxErrors, heading: "errors" },
        { key: "dropped", value: stats.rxDropped, heading: "dropped" },
        { key: "over_errors", value: stats.rxOverErrors, heading: "missed", shown: stats.rxMissedErrors },
        { key: "multicast", value: stats.multicast, heading: "mcast" },
      ],
      extras: [{ key: "compressed", value: stats.rxCompressed, heading: "compressed" }],
    },
    {
      direction: "rx",
      label: "RX errors:",
      isError: true,
      columns: [
        { key: "length_errors", value: stats.rxLengthErrors, heading: "length" },
        { key: "crc_errors", value: stats.rxCrcErrors, heading: "crc" },
        { key: "frame_errors", value: stats.rxFrameErrors, heading: "frame" },
        { key: "fifo_errors", value: stats.rxFifoErrors, heading: "fifo" },
        { key: "missed_errors", value: stats.rxMissedErrors, heading: "overrun", shown: stats.rxOverErrors },
      ],
      extras: [
        { key: "nohandler", value: stats.rxNohandler, heading: "nohandler" },
        { key: "otherhost", value: stats.rxOtherhostDropped, heading: "otherhost" },
      ],
    },
    {
      direction: "tx",
      label: "TX:",
      isError: false,
      columns: [
        { key: "bytes", value: stats.txBytes, heading: "bytes" },
        { key: "packets", value: stats.txPackets, heading: "packets" },
        { key: "errors", value: stats.txErrors, heading: "errors" },
        { key: "dropped", value: stats.txDropped, heading: "dropped" },
        { key: "carrier_errors", value: stats.txCarrierErrors, heading: "carrier" },
        { key: "collisions", value: stats.collisions, heading: "collsns" },
      ],
      extras: [{ key: "compressed", value: stats.txCompressed, heading: "compressed" }],
    },
    {
      direction: "tx",
      label: "TX errors:",
      isError: true,
      columns: [
        { key: "aborted_errors", value: stats.txAbortedErrors, heading: "aborted" },
        { key: "fifo_errors", value: stats.txFifoErrors, heading: "fifo" },
        { key: "window_errors", value: stats.txWindowErrors, heading: "window" },
        { key: "heartbeat_errors", value: stats.txHeartbeatErrors, heading: "heartbt" },
        { key: "carrier_changes", value: carrierChanges, heading: "transns" },
      ],
      extras: [],
    },
  ];
}

function printJson(out: Output, rows: readonly Row[]): void {
  out.openObject("stats64");
  for (const direction of ["rx", "tx"]) {
    out.openObject(direction);
    for (const row of rows) {
      if (row.direction !== direction) continue;
      for (const { key, value } of row.columns) out.json(key, value);
      for (const { key, value } of row.extras) if (value !== 0) out.json(key, value);
    }
    out.closeObject();
  }
  out.closeObject();
}

function printText(ip: IpContext, out: Output, rows: readonly Row[]): void {
  const { human, iec } = ip.options;
  const digits = ({ value, shown = value }: Column): string =>
    human ? humanNumber(shown, iec) : String(shown);
  const widths: number[] = [...WIDTHS];
  for (const { columns, isError } of rows) {
    for (const [index, column] of columns.entries()) {
      const at = isError ? index + 1 : index;
      widths[at] = Math.max(widths[at] ?? 0, digits(column).length);
    }
  }
  for (const [index, row] of rows.entries()) {
    if (index > 0) out.newline();
    out.text(headingLine(row, widths));
    out.newline();
    out.text(valueLine(row, widths, digits));
  }
}

function headingLine({ label, columns, extras, isError }: Row, widths: readonly number[]): string {
  const first = widths[0] ?? 0;
  let line = isError ? `    ${label.padEnd(first)}` : `    ${label}`;
  for (const [index, { heading }] of columns.entries()) {
    if (index === 0 && !isError) line += heading.padStart(first - label.length);
    else line += ` ${heading.padStart(widths[isError ? index + 1 : index] ?? 0)}`;
  }
  for (const { heading, value } of extras) {
    if (value !== 0) line += ` ${heading}`;
    else if (!isError) line += ` ${"".padStart(COMPRESSED_WIDTH)}`;
  }
  return line;
}

function valueLine(
  { columns, extras, isError }: Row,
  widths: readonly number[],
  digits: (column: Column) => string,
): string {
  let line = "    ";
  if (isError) line += `${"".padStart(widths[0] ?? 0)} `;
  for (const [index, column] of columns.entries()) {
    line += `${digits(column).padStart(widths[isError ? index + 1 : index] ?? 0)} `;
  }
  for (const extra of extras)
    if (extra.value !== 0) line += `${digits(extra).padStart(extra.heading.length)} `;
  return line;
}
