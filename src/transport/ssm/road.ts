import { randomBytes } from 'node:crypto';
import type { GetCommandInvocationCommandOutput, InstanceInformation, SSMClient } from '@aws-sdk/client-ssm';
import { Coalescer } from './coalesce.ts';

type Sdk = typeof import('@aws-sdk/client-ssm');

/** SendCommand and CancelCommand take at most 50 instance ids; DescribeInstanceInformation gives at most 50 a page. */
const mostIds = 50;
/** How long a call waits for others that are like it. Milliseconds. */
const windowMs = 50;
/** Attempts of one request: the SDK waits longer and longer between them, with jitter. Its `adaptive` mode makes all instances wait for one. */
const attempts = 10;
/** Shortest and longest delivery timeout that SendCommand takes. Seconds. */
const [shortestDelivery, longestDelivery] = [30, 2_592_000];
/** Longest run that AWS-RunShellScript allows. Seconds. */
const longestRun = 172_800;

/** What a command is sent with; equal values for many instances become one call. */
export interface Sending {
  document: string;
  script: string;
  /** Time to reach the instance, then to run there. Milliseconds. */
  deliveryMs: number;
  runMs: number;
}

/** One region of Systems Manager, shared by all sessions that are open there at a time. */
export class Road {
  readonly region: string;
  /** Distinguishes what our commands hold on instances from anybody else's; sessions add their own digits. */
  readonly nonce = randomBytes(12).toString('hex');
  readonly #sdk: Sdk;
  readonly #client: SSMClient;
  readonly #describe: Coalescer<InstanceInformation | undefined>;
  readonly #send: Coalescer<string>;
  readonly #cancel: Coalescer<void>;

  constructor(sdk: Sdk, region: string) {
    this.region = region;
    this.#sdk = sdk;
    this.#client = new sdk.SSMClient({
      ...(region ? { region } : {}),
      maxAttempts: attempts,
      retryMode: 'standard',
    });
    const perhapsOne = (error: unknown): boolean => (error as { name?: unknown }).name === 'InvalidInstanceId';
    this.#describe = new Coalescer((_, ids) => this.#describeAll(ids), mostIds, windowMs, perhapsOne);
    this.#send = new Coalescer(
      (key, ids) => this.#sendAll(JSON.parse(key) as Sending, ids),
      mostIds,
      windowMs,
      perhapsOne,
    );
    this.#cancel = new Coalescer((id, ids) => this.#cancelAll(id, ids), mostIds, windowMs, perhapsOne);
  }

  /** What Systems Manager knows of a node; undefined when it does not know it. */
  describe(node: string): Promise<InstanceInformation | undefined> {
    return this.#describe.ask('', node);
  }

  /** Sends a script to a node; gives the command's id, which nodes of one call share. */
  send(sending: Sending, node: string): Promise<string> {
    return this.#send.ask(JSON.stringify(sending), node);
  }

  /** How a command stands on a node; undefined while the service does not know of it yet. */
  async invocation(
    command: string,
    node: string,
    signal: AbortSignal,
  ): Promise<GetCommandInvocationCommandOutput | undefined> {
    const asked = new this.#sdk.GetCommandInvocationCommand({ CommandId: command, InstanceId: node });
    try {
      return await this.#client.send(asked, { abortSignal: signal });
    } catch (error) {
      if (error instanceof this.#sdk.InvocationDoesNotExist) return undefined;
      throw error;
    }
  }

  /** Tells a node to end a command. */
  cancel(command: string, node: string): Promise<void> {
    return this.#cancel.ask(command, node);
  }

  close(): void {
    this.#client.destroy();
  }

  async #describeAll(ids: string[]): Promise<(id: string) => InstanceInformation | undefined> {
    const found = new Map<string, InstanceInformation>();
    let next: string | undefined;
    do {
      const page = await this.#client.send(
        new this.#sdk.DescribeInstanceInformationCommand({
          Filters: [{ Key: 'InstanceIds', Values: ids }],
          MaxResults: mostIds,
          ...(next ? { NextToken: next } : {}),
        }),
      );
      for (const one of page.InstanceInformationList ?? []) if (one.InstanceId) found.set(one.InstanceId, one);
      next = page.NextToken;
    } while (next && found.size < ids.length);
    return (id) => found.get(id);
  }

  async #sendAll(sending: Sending, ids: string[]): Promise<(id: string) => string> {
    const delivery = Math.ceil(sending.deliveryMs / 1000);
    const { Command: command } = await this.#client.send(
      new this.#sdk.SendCommandCommand({
        InstanceIds: ids,
        DocumentName: sending.document,
        Comment: 'snowfence: reads, writes nothing',
        TimeoutSeconds: Math.min(longestDelivery, Math.max(shortestDelivery, delivery)),
        Parameters: {
          commands: [sending.script],
          executionTimeout: [String(Math.min(longestRun, Math.max(1, Math.ceil(sending.runMs / 1000))))],
        },
      }),
    );
    const id = command?.CommandId;
    if (!id) throw new Error('Systems Manager took the command and gave no id for it');
    return () => id;
  }

  async #cancelAll(command: string, ids: string[]): Promise<() => void> {
    await this.#client.send(new this.#sdk.CancelCommandCommand({ CommandId: command, InstanceIds: ids }));
    return () => {};
  }
}

const roads = new Map<string, { road: Road; users: number }>();

/** The road to a region, shared while somebody uses it. The SDK is loaded by the first. `leave` must be called once. */
export async function enterRoad(region: string): Promise<{ road: Road; leave(): void }> {
  const sdk = await import('@aws-sdk/client-ssm');
  // The SDK takes these when a client is made: with others, it is another road.
  const { AWS_ENDPOINT_URL_SSM, AWS_ENDPOINT_URL, AWS_PROFILE, AWS_ACCESS_KEY_ID } = process.env;
  const key = JSON.stringify([region, AWS_ENDPOINT_URL_SSM, AWS_ENDPOINT_URL, AWS_PROFILE, AWS_ACCESS_KEY_ID]);
  const known = roads.get(key) ?? { road: new Road(sdk, region), users: 0 };
  roads.set(key, known);
  known.users++;
  let inside = true;
  return {
    road: known.road,
    leave() {
      if (!inside) return;
      inside = false;
      if (--known.users > 0) return;
      roads.delete(key);
      known.road.close();
    },
  };
}
