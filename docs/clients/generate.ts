// Sends a workflow to an endpoint with RunPod's own SDK and saves the picture. Nothing here knows of comfytape:
// RUNPOD_ENDPOINT_BASE_URL decides whether RunPod or a recording answers.
import { readFile, writeFile } from "node:fs/promises";
import runpodSdk from "runpod-sdk";

const baseUrl = process.env.RUNPOD_ENDPOINT_BASE_URL ?? "https://api.runpod.ai/v2";
const endpoint = runpodSdk(process.env.RUNPOD_API_KEY ?? "", { baseUrl }).endpoint(process.env.RUNPOD_ENDPOINT_ID ?? "any");
if (!endpoint) throw new Error("no endpoint");

const workflow = JSON.parse(await readFile(process.argv[2] ?? "workflow.json", "utf8"));
const job = await endpoint.run({ input: { workflow } });
console.log("submitted", job.status);

let state = await endpoint.status(job.id);
while (["IN_QUEUE", "IN_PROGRESS"].includes(state.status)) {
  await new Promise((resolve) => setTimeout(resolve, 200));
  state = await endpoint.status(job.id);
}
if (state.status !== "COMPLETED" || !("output" in state)) {
  console.log("ended", state.status, (state as { error?: string }).error ?? "");
  process.exit(1);
}
const [image] = state.output.images;
await writeFile("picture.png", Buffer.from(image.data, "base64"));
console.log("saved", image.filename, "as picture.png");
