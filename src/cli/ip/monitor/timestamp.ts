// Time stamps before what is printed: -timestamp as ctime(3) has it, on a line of its own, -tshort as ISO 8601 in brackets.

import type { IpOptions } from "../options.ts";

/** The stamp for `now` in local time, as the option asks; empty without one. */
export function timestampText(now: Date, style: IpOptions["timestamp"]): string {
  if (style === "none") return "";
  const microseconds = String(now.getMilliseconds() * 1000);
  const time = [now.getHours(), now.getMinutes(), now.getSeconds()].map(twoDigits).join(":");
  if (style === "short") {
    const date = [now.getFullYear(), twoDigits(now.getMonth() + 1), twoDigits(now.getDate())].join("-");
    return `[${date}T${time}.${microseconds.padStart(6, "0")}] `;
  }
  const day = DAYS[now.getDay()] ?? "";
  const month = MONTHS[now.getMonth()] ?? "";
  const date = String(now.getDate()).padStart(2);
  return `Timestamp: ${day} ${month} ${date} ${time} ${now.getFullYear()} ${microseconds} usec\n`;
}

const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

function twoDigits(value: number): string {
  return String(value).padStart(2, "0");
}
