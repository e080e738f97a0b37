// What undoes a fault: call `heal()`, or let `await using` do so at the end of a scope. Twice is once.

/** A fault that can be taken back. */
export interface Disposer extends AsyncDisposable {
  heal(): Promise<void>;
}

/** Runs `undo` when healed, the first time. */
export function disposer(undo: () => void | Promise<void>): Disposer {
  let done: Promise<void> | undefined;
  const heal = (): Promise<void> => {
    done ??= Promise.resolve(undo());
    return done;
  };
  return { heal, [Symbol.asyncDispose]: heal };
}
