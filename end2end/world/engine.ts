// The container engine, asked from outside through its own command line: what is left of an instance, what a container
// really has. Every call has a deadline, as an engine under load may never answer.
import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Runs the engine's command line and gives its lines. */
export async function docker(...args: string[]): Promise<string[]> {
  const { stdout } = await run("docker", args, { timeout: 90_000, maxBuffer: 16 * 1024 * 1024 });
  return stdout.split("\n").filter((line) => line !== "");
}

/** What the engine still has of one instance. */
export interface Remains {
  containers: string[];
  volumes: string[];
}

/** Containers (running or not) and volumes that carry the label of an instance. */
export async function remainsOf(instance: string): Promise<Remains> {
  const filter = `label=rexec.instance=${instance}`;
  const [containers, volumes] = await Promise.all([
    docker("ps", "--all", "--no-trunc", "--quiet", "--filter", filter),
    docker("volume", "ls", "--quiet", "--filter", filter),
  ]);
  return { containers, volumes };
}

/** The engine's own description of a container. */
export async function inspect(container: string): Promise<Record<string, unknown>> {
  const text = (await docker("inspect", container)).join("\n");
  const [description] = JSON.parse(text) as Record<string, unknown>[];
  if (!description) throw new Error(`the engine does not know ${container}`);
  return description;
}

/** Removes what a failed test left, so that the next run starts from nothing. Touches this instance alone. */
export async function sweep(instance: string): Promise<void> {
  const { containers } = await remainsOf(instance);
  if (containers.length > 0) await docker("rm", "--force", "--volumes", ...containers);
  const { volumes } = await remainsOf(instance);
  if (volumes.length > 0) await docker("volume", "rm", "--force", ...volumes);
}
