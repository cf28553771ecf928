import { realpathSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { loadDocument } from '../../config/document.ts';
import { UserError } from '../../core/errors.ts';
import { renderers } from '../../report/registry.ts';
import type { Job } from '../../schedule/owed.ts';
import { mistakeOfCron, mistakeOfZone, shortestPause, timetable } from '../../schedule/timetable.ts';
import { type FleetFile, fleetSchema } from '../../schema/fleet.ts';
import type { JobConfig } from '../../schema/schedule.ts';
import { compileSchema, type Mistake, nearest } from '../../schema/validate.ts';

/** A job of a fleet file, proved; its paths are absolute. */
export interface ScheduledJob extends Job {
  config: JobConfig;
}

/** The section `schedules` of a fleet file. */
export interface Schedules {
  /** The fleet file by its one true path: what the store knows it by. */
  fleet: string;
  /** In the order of the file. */
  jobs: readonly ScheduledJob[];
}

/** Zone of a job that names none. */
const usualZone = 'UTC';

/** Reads the section `schedules`. @throws UserError with all mistakes, or where there is no such section. */
export async function loadSchedules(path: string, now = Date.now()): Promise<Schedules> {
  const validate = await compileSchema(fleetSchema);
  const file = loadDocument<FleetFile>(path, 'fleet file', (document) => {
    const mistakes = validate(document);
    return mistakes.length > 0 ? mistakes : mistakesOf(document as FleetFile, now);
  });
  if (!file.schedules)
    throw new UserError(
      `${path} says nothing of when it is to be scanned`,
      'add a section "schedules" (docs/schedules.md has one to begin with; "snowfence schema config" says what it may hold)',
    );
  const fleet = realpathSync(path);
  const at = (name: string) => resolve(dirname(path), name);
  const jobs = Object.entries(file.schedules).map(([name, config]): ScheduledJob => {
    const { cron, zone = usualZone, jitterSeconds = 0, catchUp = true, policy, formats } = config;
    const placed = {
      ...(policy ? { policy: policy.map((one) => (one.startsWith('pack:') ? one : at(one))) } : {}),
      ...(formats
        ? { formats: formats.map((one) => one.replace(/=(.*)$/s, (_, name: string) => `=${at(name)}`)) }
        : {}),
    };
    return {
      ...{ name, seed: fleet, catchUp, timetable: timetable(cron, zone), jitterMs: jitterSeconds * 1000 },
      config: { ...config, ...placed },
    };
  });
  return { fleet, jobs };
}

/** A job by its name. @throws UserError with those that there are. */
export function jobNamed({ jobs, fleet }: Schedules, name: string): ScheduledJob {
  const found = jobs.find((job) => job.name === name);
  if (found) return found;
  const names = jobs.map((job) => job.name);
  throw new UserError(`${fleet} has no job "${name}"${nearest(name, names)}`, `its jobs: ${names.join(', ')}`);
}

/** What a schema cannot say. */
function mistakesOf(file: FleetFile, now: number): Mistake[] {
  const groups = Object.keys(file.groups ?? {});
  return Object.entries(file.schedules ?? {}).flatMap(([name, config]) => {
    const found: Mistake[] = [];
    const mistake = (key: string, message: string | undefined) => {
      if (message !== undefined) found.push({ pointer: `/schedules/${name}/${key}`, message });
    };
    const { cron, zone = usualZone, jitterSeconds = 0 } = config;
    mistake('cron', mistakeOfCron(cron));
    mistake('zone', mistakeOfZone(zone));
    if (found.length === 0 && jitterSeconds > 0) {
      const pause = shortestPause(timetable(cron, zone), now);
      if (jitterSeconds * 1000 >= pause)
        mistake('jitterSeconds', `must be less than the ${pause / 1000} s between two runs`);
    }
    for (const [i, group] of (config.groups ?? []).entries())
      if (!groups.includes(group)) mistake(`groups/${i}`, `names no group: "${group}"${nearest(group, groups)}`);
    for (const [i, one] of (config.formats ?? []).entries()) {
      const format = one.slice(0, one.indexOf('='));
      const known = Object.keys(renderers);
      if (!known.includes(format)) mistake(`formats/${i}`, `names no format: "${format}"${nearest(format, known)}`);
    }
    if (config.replace && file.replace?.mode !== 'auto')
      mistake('replace', `needs replace.mode auto; it is ${file.replace?.mode ?? 'plan'}`);
    return found;
  });
}
