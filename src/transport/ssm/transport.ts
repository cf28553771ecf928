import { setTimeout as sleep } from 'node:timers/promises';
import type { InstanceInformation } from '@aws-sdk/client-ssm';
import { printable } from '../../core/bytes.ts';
import { ReachError } from '../../core/errors.ts';
import type { Transport } from '../../core/ports.ts';
import { parseSsmUri } from './address.ts';
import { enterRoad } from './road.ts';
import { ssmSession } from './session.ts';
import { inWords } from './words.ts';

/** An instance that AWS Systems Manager manages, by Run Command: `ssm://i-0abc?region=eu-west-1`. */
export const ssm: Transport = {
  scheme: 'ssm',
  scope: () => ({ root: '/', mode: 'live' }),
  async open(instance, limits, signal) {
    if (signal.aborted) throw new ReachError('interrupted', 'interrupted before it was called');
    const deadline = performance.now() + limits.totalMs;
    const { node, region = '' } = parseSsmUri(instance.uri);
    const { document = 'AWS-RunShellScript', hold = true } = instance.reach.ssm ?? {};
    const { road, leave } = await enterRoad(region);
    const over = new AbortController();
    const limitMs = Math.min(limits.connectMs, limits.totalMs);
    const patience = sleep(limitMs, undefined, { signal: AbortSignal.any([signal, over.signal]) }).then(
      () => new ReachError('timeout', `Systems Manager did not answer about ${node} in time`),
      () => new ReachError('interrupted', 'interrupted while Systems Manager was asked'),
    );
    try {
      const known = road.describe(node).then(
        (info) => refusal(info, node, region),
        (error: unknown) => unless(error, node, region),
      );
      const no = await Promise.race([known, patience]);
      if (no) throw no;
      return ssmSession({ road, node, document, hold, limits, deadline, signal, leave });
    } catch (error) {
      leave();
      throw error;
    } finally {
      over.abort();
    }
  },
};

/** Who may not ask for the list may still send commands; anything else is the end. */
function unless(error: unknown, node: string, region: string): ReachError | undefined {
  const name = String((error as { name?: unknown }).name);
  return /^AccessDenied/.test(name) ? undefined : inWords(error, node, region);
}

/** Why a node cannot be asked now. */
function refusal(info: InstanceInformation | undefined, node: string, region: string): ReachError | undefined {
  if (!info)
    return inWords(
      Object.assign(new Error('not in the list of managed nodes'), { name: 'InvalidInstanceId' }),
      node,
      region,
    );
  if (info.PlatformType && info.PlatformType !== 'Linux')
    return new ReachError('unsupported', `${node} runs ${printable(info.PlatformType)}, not Linux`);
  if (info.PingStatus === 'Online') return undefined;
  const since = info.LastPingDateTime ? `, last heard of ${info.LastPingDateTime.toISOString()}` : '';
  return new ReachError(
    'unreachable',
    `the agent of ${node} is not there (${printable(info.PingStatus ?? 'unknown')}${since})`,
    'is the instance up, and does amazon-ssm-agent run on it?',
  );
}
