import type { EC2Client, Instance, ReplaceRootVolumeTask, RunInstancesRequest } from '@aws-sdk/client-ec2';
import { ReplaceError } from '../../core/replacement.ts';
import { hostKeysOnConsole } from './host-keys.ts';
import { codeOf, inWords } from './words.ts';

type Sdk = typeof import('@aws-sdk/client-ec2');

/** What a client of AWS is made with. Times in milliseconds. */
export interface ClientSettings {
  region?: string;
  endpoint?: string;
}

/** Options that clients of all services share. */
export function clientOptions({ region, endpoint }: ClientSettings) {
  return {
    ...(region === undefined ? {} : { region }),
    ...(endpoint === undefined ? {} : { endpoint }),
    maxAttempts: 3,
    requestHandler: { connectionTimeout: 10_000, requestTimeout: 60_000, throwOnRequestTimeout: true },
  };
}

/** A launch template as a group or an instance names it. */
export interface TemplateName {
  LaunchTemplateId?: string | undefined;
  LaunchTemplateName?: string | undefined;
  Version?: string | undefined;
}

/** EC2 in one region: what the drivers ask it. Every call throws ReplaceError. */
export class Ec2 {
  readonly #sdk: Sdk;
  readonly #client: EC2Client;
  readonly #signal: AbortSignal;

  private constructor(sdk: Sdk, client: EC2Client, signal: AbortSignal) {
    this.#sdk = sdk;
    this.#client = client;
    this.#signal = signal;
  }

  /** Loads the SDK and makes a client; contacts nobody. */
  static async open(settings: ClientSettings, signal: AbortSignal): Promise<Ec2> {
    const sdk = await import('@aws-sdk/client-ec2');
    return new Ec2(sdk, new sdk.EC2Client(clientOptions(settings)), signal);
  }

  close(): void {
    this.#client.destroy();
  }

  /** An instance; undefined when EC2 does not know it (any more). */
  async instance(id: string): Promise<Instance | undefined> {
    return (await this.#instances({ InstanceIds: [id] }))[0];
  }

  /** Instances that were launched with a client token. */
  launchedWith(token: string): Promise<Instance[]> {
    return this.#instances({ Filters: [{ Name: 'client-token', Values: [token] }] });
  }

  async #instances(asked: {
    InstanceIds?: string[];
    Filters?: { Name: string; Values: string[] }[];
  }): Promise<Instance[]> {
    const found: Instance[] = [];
    let next: string | undefined;
    try {
      do {
        const page = await this.#client.send(
          new this.#sdk.DescribeInstancesCommand({ ...asked, ...(next ? { NextToken: next } : {}) }),
          { abortSignal: this.#signal },
        );
        found.push(...(page.Reservations ?? []).flatMap((one) => one.Instances ?? []));
        next = page.NextToken;
      } while (next && found.length < 1000);
    } catch (error) {
      if (codeOf(error) === 'InvalidInstanceID.NotFound') return [];
      throw inWords('DescribeInstances', error, this.#signal);
    }
    return found;
  }

  /** Is it running, and do both status checks say ok? The words of the checks otherwise. */
  async checks(id: string): Promise<{ ok: boolean; says: string }> {
    const asked = new this.#sdk.DescribeInstanceStatusCommand({ InstanceIds: [id], IncludeAllInstances: true });
    const { InstanceStatuses: [one] = [] } = await this.#ask('DescribeInstanceStatus', (options) =>
      this.#client.send(asked, options),
    );
    const words = [one?.InstanceState?.Name, one?.InstanceStatus?.Status, one?.SystemStatus?.Status];
    const [state = 'unknown', instance = 'unknown', system = 'unknown'] = words;
    return {
      ok: state === 'running' && instance === 'ok' && system === 'ok',
      says: `${state}, instance check ${instance}, system check ${system}`,
    };
  }

  /** AMI and networks of a launch template's version. `$Default` and `$Latest` are resolved, and parameters of SSM too. */
  async template({ LaunchTemplateId: id, LaunchTemplateName: name, Version: version = '$Default' }: TemplateName) {
    const asked = new this.#sdk.DescribeLaunchTemplateVersionsCommand({
      ...(id ? { LaunchTemplateId: id } : { LaunchTemplateName: name }),
      Versions: [version],
      ResolveAlias: true,
    });
    const { LaunchTemplateVersions: [one] = [] } = await this.#ask('DescribeLaunchTemplateVersions', (options) =>
      this.#client.send(asked, options),
    );
    const data = one?.LaunchTemplateData;
    return { image: data?.ImageId, networks: (data?.NetworkInterfaces ?? []).length > 0 };
  }

  /** Launches one instance; its id. */
  async run(request: Omit<RunInstancesRequest, 'MinCount' | 'MaxCount'>): Promise<string> {
    const asked = new this.#sdk.RunInstancesCommand({ ...request, MinCount: 1, MaxCount: 1 });
    const { Instances: [one] = [] } = await this.#ask('RunInstances', (options) => this.#client.send(asked, options));
    if (!one?.InstanceId) throw new ReplaceError('RunInstances told no instance id', { transient: true });
    return one.InstanceId;
  }

  async terminate(id: string): Promise<void> {
    const asked = new this.#sdk.TerminateInstancesCommand({ InstanceIds: [id] });
    await this.#ask('TerminateInstances', (options) => this.#client.send(asked, options));
  }

  /** May nobody terminate it by the API? */
  async isProtected(id: string): Promise<boolean> {
    const asked = new this.#sdk.DescribeInstanceAttributeCommand({
      InstanceId: id,
      Attribute: 'disableApiTermination',
    });
    const { DisableApiTermination: one } = await this.#ask('DescribeInstanceAttribute', (options) =>
      this.#client.send(asked, options),
    );
    return one?.Value === true;
  }

  /** Allocation ids of the elastic addresses of an instance. */
  async addressesOf(id: string): Promise<string[]> {
    const asked = new this.#sdk.DescribeAddressesCommand({ Filters: [{ Name: 'instance-id', Values: [id] }] });
    const { Addresses: all = [] } = await this.#ask('DescribeAddresses', (options) =>
      this.#client.send(asked, options),
    );
    return all.flatMap(({ AllocationId: allocation }) => (allocation ? [allocation] : []));
  }

  async associate(allocation: string, id: string): Promise<void> {
    const asked = new this.#sdk.AssociateAddressCommand({
      AllocationId: allocation,
      InstanceId: id,
      AllowReassociation: true,
    });
    await this.#ask('AssociateAddress', (options) => this.#client.send(asked, options));
  }

  async tag(id: string, key: string, value: string): Promise<void> {
    const asked = new this.#sdk.CreateTagsCommand({ Resources: [id], Tags: [{ Key: key, Value: value }] });
    await this.#ask('CreateTags', (options) => this.#client.send(asked, options));
  }

  /** Begins to replace the root volume; the task. */
  async replaceRoot(id: string, image: string | undefined, key: string, tag: string, remove: boolean) {
    const asked = new this.#sdk.CreateReplaceRootVolumeTaskCommand({
      InstanceId: id,
      ...(image === undefined ? {} : { ImageId: image }),
      ClientToken: key,
      DeleteReplacedRootVolume: remove,
      TagSpecifications: [{ ResourceType: 'replace-root-volume-task', Tags: [{ Key: tag, Value: key }] }],
    });
    const { ReplaceRootVolumeTask: task } = await this.#ask('CreateReplaceRootVolumeTask', (options) =>
      this.#client.send(asked, options),
    );
    return task?.ReplaceRootVolumeTaskId ?? '';
  }

  /** Tasks that have a tag, or one of an id. */
  async rootTasks(by: { id: string } | { tag: string; value: string }): Promise<ReplaceRootVolumeTask[]> {
    const asked = new this.#sdk.DescribeReplaceRootVolumeTasksCommand(
      'id' in by ? { ReplaceRootVolumeTaskIds: [by.id] } : { Filters: [{ Name: `tag:${by.tag}`, Values: [by.value] }] },
    );
    const answer = await this.#ask('DescribeReplaceRootVolumeTasks', (options) => this.#client.send(asked, options));
    return answer.ReplaceRootVolumeTasks ?? [];
  }

  /** Host keys on its console; none where it says none, or where we may not read it. */
  async hostKeys(id: string): Promise<string[]> {
    for (const latest of [true, false]) {
      const asked = new this.#sdk.GetConsoleOutputCommand({ InstanceId: id, ...(latest ? { Latest: true } : {}) });
      try {
        const { Output: output = '' } = await this.#client.send(asked, { abortSignal: this.#signal });
        return hostKeysOnConsole(Buffer.from(output, 'base64').toString('latin1'));
      } catch (error) {
        const said = inWords('GetConsoleOutput', error, this.#signal);
        if (said.transient || this.#signal.aborted) throw said;
        // Only instances on Nitro have a latest output; others the one that was posted after their start.
      }
    }
    return [];
  }

  async #ask<T>(action: string, call: (options: { abortSignal: AbortSignal }) => Promise<T>): Promise<T> {
    try {
      return await call({ abortSignal: this.#signal });
    } catch (error) {
      throw inWords(action, error, this.#signal);
    }
  }
}

/** An instance as EC2 describes it. */
export type { Instance } from '@aws-sdk/client-ec2';

/** Value of a tag. */
export function tagOf(instance: Instance | undefined, key: string): string | undefined {
  return instance?.Tags?.find((tag) => tag.Key === key)?.Value;
}

/** Does it no longer run, for good? */
export function isGone(instance: Instance | undefined): boolean {
  return instance === undefined || instance.State?.Name === 'terminated';
}
