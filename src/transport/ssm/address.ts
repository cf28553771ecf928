import { ReachError } from '../../core/errors.ts';

/** A managed node of AWS Systems Manager. */
export interface SsmAddress {
  /** EC2 instance (`i-...`) or hybrid node (`mi-...`). */
  node: string;
  /** Undefined: what the SDK's own configuration says. */
  region?: string;
}

/** Takes `ssm://i-0abc?region=eu-west-1` apart. @throws ReachError `unsupported` for what is no such address. */
export function parseSsmUri(uri: string): SsmAddress {
  const usage = 'write ssm://i-0123456789abcdef0?region=eu-west-1';
  // Managed node ids: AWS::SSM InstanceId pattern, (i-8 or 17 hex digits)|(mi-17 hex digits).
  const match = /^ssm:\/\/(i-(?:[0-9a-f]{8}|[0-9a-f]{17})|mi-[0-9a-f]{17})\/?(?:\?(.*))?$/.exec(uri);
  if (!match?.[1]) throw new ReachError('unsupported', `"${uri}" names no managed node`, usage);
  const query = new URLSearchParams(match[2] ?? '');
  const odd = [...query.keys()].find((key) => key !== 'region');
  if (odd !== undefined) throw new ReachError('unsupported', `"${uri}": unknown parameter "${odd}"`, usage);
  const region = query.get('region') ?? undefined;
  if (region !== undefined && !/^[a-z]{2,4}(-[a-z]+)+-\d{1,2}$/.test(region))
    throw new ReachError('unsupported', `"${uri}": "${region}" is no region`, usage);
  return { node: match[1], ...(region ? { region } : {}) };
}
