// The colours of `ip -color`, one palette for light terminals and one for dark ones, chosen by COLORFGBG as vim does.
//
// Facts: the output of iproute2 6.1.

/** What has a colour. */
export type Color = "ifname" | "mac" | "inet" | "inet6" | "up" | "down";

/** When colours are used: `-color=always`, `auto` (a terminal) or `never`. */
export type ColorMode = "never" | "auto" | "always";

const CODES: Readonly<Record<Color, string>> = {
  ifname: "36",
  mac: "33",
  inet: "35",
  inet6: "34",
  up: "32",
  down: "31",
};

/** Returns how to colour a text; the text itself when `isDark` is undefined, which is without colours. */
export function paint(text: string, color: Color | undefined, isDark: boolean | undefined): string {
  if (color === undefined || isDark === undefined) return text;
  return `\x1b[${isDark ? "1;" : ""}${CODES[color]}m${text}\x1b[0m`;
}

/** True when COLORFGBG ("foreground;background") names a dark background: 0 to 6, or 8. */
export function isDarkBackground(colorFgBg: string | undefined): boolean {
  return colorFgBg !== undefined && /;[0-68]$/.test(colorFgBg);
}
