// Events for an `await`ing reader: what comes before it is asked for waits.

/** A queue that is read with `for await`; leaving the loop closes it. */
export class EventQueue<Event> implements AsyncIterableIterator<Event, undefined, void> {
  readonly #waiting: Event[] = [];
  readonly #readers: ((result: IteratorResult<Event, undefined>) => void)[] = [];
  readonly #onClose: () => void;
  #isOpen = true;

  /** `onClose` is called once, when the queue is closed from either side. */
  constructor(onClose: () => void) {
    this.#onClose = onClose;
  }

  push(event: Event): void {
    if (!this.#isOpen) return;
    const reader = this.#readers.shift();
    if (reader === undefined) this.#waiting.push(event);
    else reader({ value: event, done: false });
  }

  next(): Promise<IteratorResult<Event, undefined>> {
    const event = this.#waiting.shift();
    if (event !== undefined) return Promise.resolve({ value: event, done: false });
    if (!this.#isOpen) return Promise.resolve({ value: undefined, done: true });
    return new Promise((resolve) => void this.#readers.push(resolve));
  }

  /** Ends the queue; what waits in it can still be read. */
  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    for (const reader of this.#readers.splice(0)) reader({ value: undefined, done: true });
    this.#onClose();
  }

  return(): Promise<IteratorResult<Event, undefined>> {
    this.#waiting.length = 0;
    this.close();
    return Promise.resolve({ value: undefined, done: true });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }
}
