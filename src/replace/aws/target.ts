import { printable } from '../../core/bytes.ts';
import { ReplaceError, type Target } from '../../core/replacement.ts';

/** EC2 instance ids: 8 hex digits, or 17 since 2016. */
const instanceId = /^i-(?:[0-9a-f]{8}|[0-9a-f]{17})$/;
const regionName = /^[a-z]{2,4}(-[a-z]+)+-\d{1,2}$/;

/** Which instance of which region a target is. */
export interface Ec2Target {
  id: string;
  /** Undefined: the driver's, or what the SDK's configuration says. */
  region?: string;
}

/** Finds the instance id in the URI, the label `instanceId` or what the scan saw. Contacts nobody. */
export function ec2TargetOf({ uri, labels, identity }: Target): Ec2Target | { refused: string } {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//.exec(uri)?.[1];
  if (scheme !== 'ssm' && scheme !== 'ssh')
    return { refused: `${printable(uri)} is no instance of EC2: only ssm:// and ssh:// are replaced by this driver` };
  const [, node = '', query = ''] = /^ssm:\/\/([^/?]*)\/?(?:\?(.*))?$/.exec(uri) ?? [];
  if (node.startsWith('mi-'))
    return { refused: `${printable(node)} is a managed node outside of EC2, which cannot be launched anew` };
  const said = [node, labels['instanceId'] ?? '', identity.startsWith('i-') ? identity : ''].filter(
    (one) => one !== '',
  );
  const [id, ...others] = [...new Set(said)];
  if (id === undefined || !instanceId.test(id))
    return { refused: 'its instance id is not known: give it in the inventory as the label instanceId (i-...)' };
  // An address that was given to another machine since: replacing either would be a guess.
  if (others.length > 0)
    return {
      refused: `it is said to be ${id}, and ${printable(others.join(', '))}: correct the inventory or scan again`,
    };
  const region = new URLSearchParams(query).get('region') ?? labels['region'];
  if (region !== undefined && !regionName.test(region)) return { refused: `"${printable(region)}" is no region` };
  return { id, ...(region === undefined ? {} : { region }) };
}

/** The same for a target that is begun with. @throws ReplaceError */
export function knownTarget(target: Target): Ec2Target {
  const known = ec2TargetOf(target);
  if ('refused' in known) throw new ReplaceError(known.refused);
  return known;
}

/** The AMI that is wanted; undefined where the image is named in another way. */
export function wantedAmi({ image: { ref } }: Target): string | undefined {
  return /^ami-[0-9a-f]+$/.test(ref) ? ref : undefined;
}

/** A token of ours, which comes back from the journal. @throws ReplaceError when it is none. */
export function readToken<T extends object>(token: string, fits: (value: Record<string, unknown>) => boolean): T {
  let value: unknown;
  try {
    value = JSON.parse(token);
  } catch {
    value = undefined;
  }
  if (typeof value === 'object' && value !== null && fits(value as Record<string, unknown>)) return value as T;
  throw new ReplaceError('the journal holds no token of this driver', { hint: 'plan again' });
}

/** May this stand as an instance id in a token? */
export const isInstanceId = (value: unknown): value is string => typeof value === 'string' && instanceId.test(value);
