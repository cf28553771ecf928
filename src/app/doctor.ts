import { type Found, nothingFound, preflightProbes } from '../collect/preflight.ts';
import { collect } from '../collect/run.ts';
import { display } from '../core/bytes.ts';
import type { Draft } from '../core/draft.ts';
import { ReachError } from '../core/errors.ts';
import type { Gap } from '../core/facts.ts';
import type { Arrival, Instance, Limits } from '../core/ports.ts';
import { reachGap, transportOf } from './look.ts';

/** What was looked at, and how it stands: `gap` = a scan would not read all, `fail` = a scan would read nothing. */
export interface Check {
  check: string;
  state: 'ok' | 'note' | 'gap' | 'fail';
  detail: string;
  /** The next step, in words. */
  advice?: string;
}

/** One instance, examined. */
export interface Examined {
  id: string;
  uri: string;
  /** Nothing stands in the way of a whole scan. */
  well: boolean;
  checks: Check[];
}

/** How far two clocks may differ before it is worth a word. Seconds. */
const skewSeconds = 5;

/** Examines instances, a few at a time; never throws for what an instance does. */
export async function examine(
  instances: readonly Instance[],
  limits: Limits,
  concurrency: number,
  signal: AbortSignal,
): Promise<Examined[]> {
  const results = new Array<Examined>(instances.length);
  let next = 0;
  const worker = async () => {
    for (let i = next++; i < instances.length; i = next++) {
      const instance = instances[i];
      if (instance) results[i] = await examineOne(instance, limits, signal);
    }
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, instances.length) }, worker));
  return results;
}

async function examineOne(instance: Instance, limits: Limits, signal: AbortSignal): Promise<Examined> {
  const checks: Check[] = [];
  try {
    const transport = await transportOf(instance);
    const scope = transport.scope(instance);
    const began = performance.now();
    const session = await transport.open(instance, limits, signal);
    const openMs = performance.now() - began;
    try {
      checks.push(...arrived(session.arrival, openMs));
      if (session.archive) {
        const detail =
          'there is no shell: its files come as an archive, and what runs is seen from outside where that is allowed';
        checks.push({ check: 'program', state: 'note', detail });
        return { id: instance.id, uri: instance.uri, well: true, checks };
      }
      const found = nothingFound();
      const [startedAt, started] = [Date.now() / 1000, performance.now()];
      const draft = await collect(session, preflightProbes(found), { ...scope, since: Math.floor(startedAt) });
      const runMs = performance.now() - started;
      checks.push(...afterRun(instance, draft, found, startedAt, runMs));
    } finally {
      await session.close();
    }
  } catch (error) {
    checks.push(failed(error));
  }
  const well = checks.every(({ state }) => state === 'ok' || state === 'note');
  return { id: instance.id, uri: instance.uri, well, checks };
}

function arrived(arrival: Arrival | undefined, openMs: number): Check[] {
  const { road = [], hostKey = '', login = '', client = '' } = arrival ?? {};
  const by = client === 'openssh' ? ", by the system's ssh" : '';
  return [
    { check: 'road', state: 'ok', detail: `${road.join(' -> ')}${by}` },
    ...(hostKey ? [{ check: 'host key', state: 'ok' as const, detail: hostKey }] : []),
    ...(login ? [{ check: 'login', state: 'ok' as const, detail: login }] : []),
    ...(client
      ? [{ check: 'latency', state: 'ok' as const, detail: `connected and logged in within ${Math.round(openMs)} ms` }]
      : []),
  ];
}

/** Why nobody got in, as the check that it stands for. */
function failed(error: unknown): Check {
  const { reason, detail } = reachGap(error);
  const hint = error instanceof ReachError ? error.hint : '';
  const check = { auth: 'login', 'host-key': 'host key' }[reason as string] ?? 'road';
  const own = error instanceof ReachError ? error.message : detail;
  return { check, state: 'fail', detail: own, ...(hint ? { advice: hint } : {}) };
}

function afterRun(instance: Instance, draft: Draft, found: Found, startedAt: number, runMs: number): Check[] {
  const lost = draft.gaps.find(({ probe }) => probe === 'connect');
  if (lost) {
    const sudo = lost.detail.startsWith('sudo ');
    return [{ check: sudo ? 'sudo' : 'program', state: 'fail', detail: lost.detail }];
  }
  return [
    privilege(instance, draft),
    clock(draft.readAt, startedAt, runMs),
    ...tools(found),
    ...readable(draft, found),
  ];
}

function privilege({ reach, uri }: Instance, { os }: Draft): Check {
  const sudo = reach.sudo || reach.sudoPassword !== undefined || reach.sudoCommand !== undefined;
  const check = sudo ? 'sudo' : 'account';
  if (os.uid === 0)
    return { check, state: 'ok', detail: sudo ? 'the program runs as root, by sudo' : 'the program runs as root' };
  const detail =
    os.uid < 0 ? 'the instance does not say who runs the program' : `the program runs as user ${os.uid}, not as root`;
  const advice =
    'a scan says what it could not read; for a whole one: --sudo, or "snowfence doctor --sudoers" for the least that is needed';
  return { check, state: 'note', detail, ...(uri.startsWith('rootfs:') ? {} : { advice }) };
}

function clock(readAt: number, startedAt: number, runMs: number): Check {
  if (!readAt) return { check: 'clock', state: 'note', detail: 'the instance does not say its time' };
  // Whole seconds there, and the program began somewhere between the two times here.
  const early = readAt + 1 - startedAt;
  const late = readAt - (startedAt + runMs / 1000);
  const skew = late > 0 ? late : early < 0 ? early : 0;
  const seconds = Math.round(Math.abs(skew));
  if (seconds <= skewSeconds)
    return { check: 'clock', state: 'ok', detail: `agrees with this machine's (within ${seconds + 1} s)` };
  return {
    check: 'clock',
    state: 'note',
    detail: `${seconds} s ${skew > 0 ? 'ahead of' : 'behind'} this machine's`,
    advice:
      "bake time synchronisation (chrony, systemd-timesyncd) into the image: times in findings are the instance's",
  };
}

function tools(found: Found): Check[] {
  const { find, hasher, attributes, grepZ, lacks, polite } = found;
  const of = (check: string, good: boolean, detail: string, bad: Check['state'], advice: string): Check =>
    good ? { check, state: 'ok', detail } : { check, state: bad, detail, advice };
  const named = (text: string): string => display(text).text;
  return [
    of(
      'tools',
      lacks.length === 0,
      lacks.length === 0
        ? 'what the questions are put together from works (find, xargs, awk, sed...)'
        : `missing or not working: ${named(lacks.join(', '))}`,
      'fail',
      'bake them into the image (findutils, coreutils, sed, grep, awk, or busybox)',
    ),
    of(
      'listing',
      find === 'printf',
      find === 'printf' ? 'find with formats' : 'find without -printf',
      'note',
      'slower, and no worse: GNU findutils in the image would help',
    ),
    of(
      'hashing',
      hasher === 'openssl',
      hasher === 'none' ? 'nothing computes sha256' : `by ${named(hasher)}`,
      hasher === 'none' ? 'gap' : 'note',
      hasher === 'none'
        ? 'bake coreutils or openssl into the image: no file can be compared'
        : 'openssl in the image would hash several times faster on most processors',
    ),
    of(
      'attributes',
      attributes !== 'none',
      attributes === 'none' ? 'nothing reads extended attributes' : `file capabilities by ${named(attributes)}`,
      'gap',
      'file capabilities stay unknown: bake perl-base or python3 into the image',
    ),
    of(
      'processes',
      grepZ,
      grepZ ? 'grep reads NUL records' : 'grep without -z',
      'note',
      'slower, and no worse: GNU grep in the image would help',
    ),
    of(
      'politeness',
      polite.includes('renice'),
      polite.length > 0 ? `lowered by ${named(polite.join(' and '))}` : 'no renice, no ionice',
      'note',
      'the program runs at ordinary priority there',
    ),
  ];
}

/** One check a probe: what it may read. */
function readable(draft: Draft, { places, unreadable }: Found): Check[] {
  const byProbe = new Map<string, Gap[]>();
  for (const gap of draft.gaps) byProbe.set(gap.probe, [...(byProbe.get(gap.probe) ?? []), gap]);
  const checks = preflightProbes()
    .slice(1)
    .map(({ name, about }): Check => {
      const gaps = byProbe.get(name) ?? [];
      if (gaps.length === 0) return { check: `reads ${name}`, state: 'ok', detail: about };
      const detail = gaps.map((gap) => gap.detail).join('; ');
      const closed = gaps.some(({ reason }) => reason === 'permission');
      return {
        check: `reads ${name}`,
        state: 'gap',
        detail,
        ...(closed && draft.os.uid !== 0 ? { advice: asRoot } : {}),
      };
    });
  const examples = unreadable.slice(0, 3).map((path) => display(path).text);
  checks.push(
    unreadable.length === 0
      ? { check: 'reads files', state: 'ok', detail: `all of ${places} places looked at` }
      : {
          ...{ check: 'reads files', state: 'gap', advice: asRoot },
          detail: `${unreadable.length} of ${places} places looked at are closed to this account: ${examples.join(', ')}${unreadable.length > 3 ? ', ...' : ''}`,
        },
  );
  return checks;
}

const asRoot = 'root reads all: --sudo, or the least that is needed: snowfence doctor --sudoers';
