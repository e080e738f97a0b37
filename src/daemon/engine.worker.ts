// The entry of the engine's thread. An error that nobody caught ends the thread; the main thread sees to the rest.

import { parentPort, workerData } from "node:worker_threads";
import { startEngineThread } from "./engine-thread.ts";

if (parentPort !== null) await startEngineThread(parentPort, workerData);
