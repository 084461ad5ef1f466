// RunPod's JavaScript SDK, as its documentation shows it.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const sdk = createRequire(`${process.env.RUNPOD_SDK_MODULES}/`)("runpod-sdk");
const runpod = (sdk.default ?? sdk)("not-a-key", { baseUrl: process.env.RUNPOD_ENDPOINT_BASE_URL });
const endpoint = runpod.endpoint("any-endpoint");
const workflow = JSON.parse(readFileSync(0, "utf8"));

const submitted = await endpoint.run({ input: { workflow } });
let job = submitted;
while (job.status === "IN_QUEUE" || job.status === "IN_PROGRESS") job = await endpoint.status(submitted.id);
const sync = await endpoint.runSync({ input: { workflow } });
const other = await endpoint.run({ input: { workflow } });
const cancelled = await endpoint.cancel(other.id);
process.stdout.write(
  JSON.stringify({ output: job.output, run_sync: sync.output, cancelled: cancelled.status, health: await endpoint.health() }),
);
