import { basename, dirname, join } from 'node:path';
import type { ScheduledJob } from '../app/scheduling/setup.ts';
import type { ScanFlags } from './whole-scan.ts';

/** The flags of a scan that a job stands for. What the command line says itself outranks the job; policies add up. */
export function flagsOfJob<Flags extends ScanFlags>(flags: Flags, { name, config }: ScheduledJob, time: number): Flags {
  const { depth, groups, formats, policy = [], failOn, replace } = config;
  return {
    ...flags,
    job: name,
    ...(flags.depth === undefined && depth ? { depth } : {}),
    ...(flags.group.length === 0 && groups ? { group: [...groups] } : {}),
    ...(flags.format.length === 0 && formats ? { format: formats.map((one) => placed(one, name, time)) } : {}),
    ...(failOn ? { failOn } : {}),
    ...(replace ? { replace } : {}),
    policy: [...flags.policy, ...policy],
  };
}

/** `{job}` and `{time}` in the name of a file; not in that of its directory, which must exist before. */
function placed(format: string, job: string, time: number): string {
  const at = format.indexOf('=') + 1;
  const path = format.slice(at);
  const stamp = new Date(time).toISOString().replace(/[-:]|\.\d+/g, '');
  const file = basename(path).replaceAll('{job}', job).replaceAll('{time}', stamp);
  return `${format.slice(0, at)}${join(dirname(path), file)}`;
}
