import type { Progress, Successor, Target } from '../../core/replacement.ts';
import type { Ec2 } from './ec2.ts';
import type { AwsSettings } from './settings.ts';
import type { Ec2Target } from './target.ts';

/** Default of `hostKeySeconds`. */
const keySeconds = 120;

/** What of an instance its address is made from. */
export interface Addressed {
  InstanceId?: string | undefined;
  PrivateIpAddress?: string | undefined;
  PublicIpAddress?: string | undefined;
}

/** URI of the new instance in the manner of the old one's; undefined while it has no address. Pure. */
export function uriOf(target: Target, { region }: Ec2Target, instance: Addressed, settings: AwsSettings) {
  const { InstanceId: id, PrivateIpAddress: inner, PublicIpAddress: outer } = instance;
  if (target.uri.startsWith('ssm://')) {
    const said = new URLSearchParams(target.uri.split('?')[1] ?? '').get('region') ?? region;
    return `ssm://${id}${said ? `?region=${said}` : ''}`;
  }
  if (settings.address === 'same') return target.uri;
  const address = settings.address === 'public' ? outer : inner;
  // Of a provider too an address is taken only if it is one.
  if (address === undefined || !/^\d{1,3}(\.\d{1,3}){3}$/.test(address)) return undefined;
  const [, user = '', port = ''] = /^ssh:\/\/([^@/]*@)?.*?(:\d{1,5})?\/?$/.exec(target.uri) ?? [];
  return `ssh://${user}${address}${port}`;
}

/** The end of a replacement: where the new instance is, and its host keys where it is reached by ssh. */
export async function arrived(
  ec2: Ec2,
  target: Target,
  known: Ec2Target,
  id: string,
  settings: AwsSettings,
  more: { detail: string; sameIdentity?: boolean },
): Promise<Progress> {
  const instance = await ec2.instance(id);
  if (!instance) return { state: 'running', detail: `EC2 does not tell of ${id} yet` };
  const uri = uriOf(target, known, { ...instance, InstanceId: id }, settings);
  if (uri === undefined)
    return { state: 'running', detail: `${id} has no ${settings.address ?? 'private'} address yet` };
  const same: Partial<Successor> = more.sameIdentity ? { sameIdentity: true } : {};
  const successor: Successor = { uri, id, ...same };
  if (uri.startsWith('ssm://')) return { state: 'done', detail: more.detail, successor };
  const hostKeys = await ec2.hostKeys(id);
  if (hostKeys.length > 0 && !more.sameIdentity)
    return { state: 'done', detail: more.detail, successor: { ...successor, hostKeys } };
  const age = (Date.now() - (instance.LaunchTime?.getTime() ?? 0)) / 1000;
  if (!more.sameIdentity && age >= 0 && age < (settings.hostKeySeconds ?? keySeconds))
    return { state: 'running', detail: `${id} is in service; its host keys are not on its console yet` };
  return { state: 'done', detail: more.detail, successor };
}
