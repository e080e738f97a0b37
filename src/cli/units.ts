// Numbers for people: three digits and a letter (-human), in powers of 1000 or, with -iec, of 1024.

const LETTERS = ["", "k", "M", "G", "T", "P", "E"];

/** "6400714" as "6.40M", with `isIec` as "6.10Mi". Numbers below a thousand stay as they are. */
export function humanNumber(value: number, isIec: boolean): string {
  const base = isIec ? 1024 : 1000;
  let power = 0;
  let scaled = value;
  while (scaled >= base && power + 1 < LETTERS.length) {
    scaled /= base;
    power++;
  }
  if (power === 0) return String(value);
  const decimals = scaled < 10 ? 2 : scaled < 100 ? 1 : 0;
  return `${scaled.toFixed(decimals)}${LETTERS[power] ?? ""}${isIec ? "i" : ""}`;
}
