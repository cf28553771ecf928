import type {
  Activity,
  AutoScalingClient,
  AutoScalingGroup,
  AutoScalingInstanceDetails,
  InstanceRefresh,
  StartInstanceRefreshType,
} from '@aws-sdk/client-auto-scaling';
import { ReplaceError } from '../../core/replacement.ts';
import { type ClientSettings, clientOptions, type Ec2 } from '../aws/ec2.ts';
import { inWords } from '../aws/words.ts';

type Sdk = typeof import('@aws-sdk/client-auto-scaling');

/** DescribeScalingActivities and DescribeInstanceRefreshes give at most 100 a page. */
const pageSize = 100;
/** Most pages of activities that are read: six weeks are kept, and a busy group has thousands. */
const mostPages = 30;

/** Auto Scaling in one region: what the driver asks it. Every call throws ReplaceError. */
export class Scaling {
  readonly #sdk: Sdk;
  readonly #client: AutoScalingClient;
  readonly #signal: AbortSignal;

  private constructor(sdk: Sdk, client: AutoScalingClient, signal: AbortSignal) {
    this.#sdk = sdk;
    this.#client = client;
    this.#signal = signal;
  }

  /** Loads the SDK and makes a client; contacts nobody. */
  static async open(settings: ClientSettings, signal: AbortSignal): Promise<Scaling> {
    const sdk = await import('@aws-sdk/client-auto-scaling');
    return new Scaling(sdk, new sdk.AutoScalingClient(clientOptions(settings)), signal);
  }

  close(): void {
    this.#client.destroy();
  }

  /** An instance as its group sees it; undefined when it is in none (any more). */
  async instance(id: string): Promise<AutoScalingInstanceDetails | undefined> {
    const asked = new this.#sdk.DescribeAutoScalingInstancesCommand({ InstanceIds: [id] });
    const { AutoScalingInstances: all = [] } = await this.#ask('DescribeAutoScalingInstances', (options) =>
      this.#client.send(asked, options),
    );
    return all.find((one) => one.InstanceId === id);
  }

  /** @throws ReplaceError when there is no such group. */
  async group(name: string): Promise<AutoScalingGroup> {
    const asked = new this.#sdk.DescribeAutoScalingGroupsCommand({ AutoScalingGroupNames: [name] });
    const { AutoScalingGroups: all = [] } = await this.#ask('DescribeAutoScalingGroups', (options) =>
      this.#client.send(asked, options),
    );
    const found = all.find((one) => one.AutoScalingGroupName === name);
    if (!found) throw new ReplaceError(`there is no Auto Scaling group "${name}" in this region`);
    return found;
  }

  /** What happened to a group, newest first, back to `since` (milliseconds of the epoch) or to where `enough` says so. */
  async activities(group: string, enough: (sofar: readonly Activity[]) => boolean): Promise<Activity[]> {
    const found: Activity[] = [];
    let next: string | undefined;
    for (let page = 0; page < mostPages; page++) {
      const asked = new this.#sdk.DescribeScalingActivitiesCommand({
        AutoScalingGroupName: group,
        MaxRecords: pageSize,
        ...(next ? { NextToken: next } : {}),
      });
      const answer = await this.#ask('DescribeScalingActivities', (options) => this.#client.send(asked, options));
      found.push(...(answer.Activities ?? []));
      next = answer.NextToken;
      if (!next || enough(found)) break;
    }
    return found;
  }

  async terminate(id: string): Promise<void> {
    const asked = new this.#sdk.TerminateInstanceInAutoScalingGroupCommand({
      InstanceId: id,
      ShouldDecrementDesiredCapacity: false,
    });
    await this.#ask('TerminateInstanceInAutoScalingGroup', (options) => this.#client.send(asked, options));
  }

  async unhealthy(id: string): Promise<void> {
    const asked = new this.#sdk.SetInstanceHealthCommand({
      InstanceId: id,
      HealthStatus: 'Unhealthy',
      ShouldRespectGracePeriod: true,
    });
    await this.#ask('SetInstanceHealth', (options) => this.#client.send(asked, options));
  }

  /** Instance refreshes of a group, newest first. */
  async refreshes(group: string): Promise<InstanceRefresh[]> {
    const asked = new this.#sdk.DescribeInstanceRefreshesCommand({ AutoScalingGroupName: group, MaxRecords: pageSize });
    const { InstanceRefreshes: all = [] } = await this.#ask('DescribeInstanceRefreshes', (options) =>
      this.#client.send(asked, options),
    );
    return all;
  }

  async refresh(request: StartInstanceRefreshType): Promise<string> {
    const asked = new this.#sdk.StartInstanceRefreshCommand(request);
    const answer = await this.#ask('StartInstanceRefresh', (options) => this.#client.send(asked, options));
    return answer.InstanceRefreshId ?? '';
  }

  /** The AMIs that a group launches from now; several where its policy mixes them. */
  async images(group: AutoScalingGroup, ec2: Ec2): Promise<string[]> {
    const { LaunchConfigurationName: old, LaunchTemplate: single, MixedInstancesPolicy: mixed } = group;
    if (old) {
      const asked = new this.#sdk.DescribeLaunchConfigurationsCommand({ LaunchConfigurationNames: [old] });
      const answer = await this.#ask('DescribeLaunchConfigurations', (options) => this.#client.send(asked, options));
      return [answer.LaunchConfigurations?.[0]?.ImageId ?? ''];
    }
    const base = mixed?.LaunchTemplate?.LaunchTemplateSpecification ?? single;
    const overrides = mixed?.LaunchTemplate?.Overrides ?? [];
    const own = overrides.flatMap(({ ImageId: image }) => (image ? [image] : []));
    const needed = [
      ...(overrides.length === 0 || overrides.some((one) => !one.ImageId && !one.LaunchTemplateSpecification)
        ? [base]
        : []),
      ...overrides.flatMap(({ ImageId: image, LaunchTemplateSpecification: spec }) => (image || !spec ? [] : [spec])),
    ];
    const images = [...own];
    for (const spec of needed) images.push(spec ? ((await ec2.template(spec)).image ?? '') : '');
    return [...new Set(images)];
  }

  async #ask<T>(action: string, call: (options: { abortSignal: AbortSignal }) => Promise<T>): Promise<T> {
    try {
      return await call({ abortSignal: this.#signal });
    } catch (error) {
      throw inWords(action, error, this.#signal);
    }
  }
}
