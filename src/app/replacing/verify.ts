import { isLive } from '../../core/finding.ts';
import type { Instance } from '../../core/ports.ts';
import type { PlanItem, Successor } from '../../core/replacement.ts';
import type { InstanceReport } from '../../core/report.ts';
import type { Verified } from '../../replace/one.ts';
import type { ReplaceConfig } from '../../schema/replace.ts';

/** Gives the new instance as it is to be scanned: its address, its host keys, the image that it must be of. */
export function successorInstance(
  old: Instance,
  item: PlanItem,
  { uri, hostKeys }: Successor,
  config: ReplaceConfig,
  emptyFile: string,
): Instance {
  const { manifest, image: _, reach, ...rest } = old;
  const keys = hostKeys && hostKeys.length > 0 ? { hostKeys } : {};
  // The old one's key is known under the address that the new one has.
  const first =
    config.verify?.hostKey === 'accept-new' && !('hostKeys' in keys)
      ? { hostKeyPolicy: 'accept-new' as const, knownHosts: [emptyFile] }
      : {};
  return {
    ...rest,
    uri,
    image: item.image.ref,
    ...(manifest !== undefined && (old.image ?? item.image.ref) === item.image.ref ? { manifest } : {}),
    reach: { ...reach, ...first, ...keys },
  };
}

/** Is what a full scan saw the new instance, of the right image, and clean? Pure. `sameIdentity`: as the driver says of the successor. */
export function verdictOn(
  item: PlanItem,
  seen: InstanceReport,
  config: ReplaceConfig,
  { sameIdentity = false }: Pick<Successor, 'sameIdentity'> = {},
): Verified {
  const { verdict, identity = '', image, gaps, findings } = seen;
  if (verdict === 'unreachable') return { state: 'later', says: gaps[0]?.detail ?? 'it cannot be reached' };
  if (!sameIdentity && item.identity !== '' && identity === item.identity)
    return { state: 'later', says: `the old instance still answers (${item.identity})` };
  const wrong =
    item.image.digest !== undefined && image.digest !== undefined
      ? item.image.digest !== image.digest
      : item.image.ref !== image.ref;
  if (wrong)
    return {
      state: 'bad',
      says: `it was launched from ${image.digest ?? image.ref}, not from ${item.image.digest ?? item.image.ref}`,
    };
  if (verdict === 'clean' || (verdict === 'incomplete' && config.guard?.incomplete === true))
    return { state: 'clean', says: `scanned: ${verdict}`, identity };
  const live = findings.filter(isLive);
  const first = live[0] ? `${live[0].kind} ${live[0].subject}: ${live[0].reason}` : (gaps[0]?.detail ?? '');
  return { state: 'bad', says: `the new instance is ${verdict} (${live.length || gaps.length}: ${first})` };
}
