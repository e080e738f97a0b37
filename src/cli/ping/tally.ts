// What a run of ping adds up to, and how ping(8) sums it up.

/** Microseconds as milliseconds with three digits behind the point. */
function threeDigits(microseconds: number): string {
  return (Math.floor(microseconds) / 1_000).toFixed(3);
}

/** A round trip as ping prints it: three significant digits, down to the microsecond. */
export function roundTripText(nanoseconds: number): string {
  const microseconds = Math.floor(nanoseconds / 1_000);
  if (microseconds >= 100_000 - 50) return `${Math.floor((microseconds + 500) / 1_000)}`;
  if (microseconds >= 10_000 - 5) return (Math.floor((microseconds + 50) / 100) / 10).toFixed(1);
  if (microseconds >= 1_000) return (Math.floor((microseconds + 5) / 10) / 100).toFixed(2);
  return threeDigits(microseconds);
}

/** Counts what happened. Times are nanoseconds. */
export class Tally {
  transmitted = 0;
  received = 0;
  duplicates = 0;
  errors = 0;
  /** The most requests that were on their way at once. */
  pipe = 0;
  #firstNs: number | undefined;
  #lastNs = 0;
  #shortest = Number.POSITIVE_INFINITY;
  #longest = 0;
  #sum = 0;
  #sumOfSquares = 0;
  #timed = 0;

  /** When the first request went out; ping(8) counts its time from there to the last one. */
  get startNs(): number | undefined {
    return this.#firstNs;
  }

  sent(timeNs: number): void {
    this.#firstNs ??= timeNs;
    this.#lastNs = timeNs;
    this.transmitted++;
    this.pipe = Math.max(this.pipe, this.transmitted - this.received - this.errors);
  }

  /** An answer; without a round trip when the request was too small to carry its time. */
  replied(rttNs: number | undefined, isDuplicate: boolean): void {
    if (isDuplicate) this.duplicates++;
    else this.received++;
    if (rttNs === undefined) return;
    const microseconds = Math.floor(rttNs / 1_000);
    this.#timed++;
    this.#shortest = Math.min(this.#shortest, microseconds);
    this.#longest = Math.max(this.#longest, microseconds);
    this.#sum += microseconds;
    this.#sumOfSquares += microseconds * microseconds;
  }

  failed(): void {
    this.errors++;
  }

  /** The lines at the end. */
  summary(target: string): string {
    const elapsedMs = Math.floor((this.#lastNs - (this.#firstNs ?? this.#lastNs)) / 1e6);
    const duplicates = this.duplicates > 0 ? `, +${this.duplicates} duplicates` : "";
    const errors = this.errors > 0 ? `, +${this.errors} errors` : "";
    const lost = this.transmitted > 0 ? ((this.transmitted - this.received) * 100) / this.transmitted : 0;
    const loss =
      this.transmitted > 0 ? `, ${Number(lost.toPrecision(6))}% packet loss, time ${elapsedMs}ms` : "";
    const counts = `${this.transmitted} packets transmitted, ${this.received} received${duplicates}${errors}${loss}`;
    return `\n--- ${target} ping statistics ---\n${counts}\n${this.#roundTrips()}\n`;
  }

  #roundTrips(): string {
    const pipe = this.pipe > 1 ? `pipe ${this.pipe}` : "";
    if (this.#timed === 0) return pipe;
    const average = this.#sum / this.#timed;
    const deviation = Math.sqrt(Math.max(0, this.#sumOfSquares / this.#timed - average * average));
    const figures = [this.#shortest, average, this.#longest, deviation].map(threeDigits).join("/");
    return `rtt min/avg/max/mdev = ${figures} ms${pipe === "" ? "" : `, ${pipe}`}`;
  }
}
