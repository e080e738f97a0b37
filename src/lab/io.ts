// What the commands of labs need of the process.

/** Where text goes, and the environment. */
export interface LabIo {
  stdout(text: string): void;
  stderr(text: string): void;
  readonly env: Readonly<Record<string, string | undefined>>;
}
