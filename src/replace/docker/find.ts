import { ReplaceError } from '../../core/replacement.ts';
import type { Engine } from '../engine/client.ts';
import { filters } from '../engine/filters.ts';
import { list, object, text } from '../json.ts';
import { keyLabel } from './body.ts';

/** A container as the daemon describes it (`GET /containers/ID/json`). */
export type Seen = Record<string, unknown>;

/** The container that was created for a replacement; undefined when none was, or it is gone. @throws ReplaceError */
export async function newOf(engine: Engine, key: string): Promise<Seen | undefined> {
  const found = list(await engine.call('GET', `/containers/json?all=1&${filters({ label: [`${keyLabel}=${key}`] })}`));
  const [first] = found.map((one) => text(object(one)['Id']));
  return first === undefined || first === '' ? undefined : await seen(engine, first);
}

/**
 * The container that is to be replaced, under its own name or already under that which it is retired to.
 * @throws ReplaceError when another one has its name by now
 */
export async function oldOf(engine: Engine, asked: string, identity: string, key: string): Promise<Seen | undefined> {
  const known = /^[0-9a-f]{64}$/.test(identity);
  const found = known
    ? await seen(engine, identity)
    : ((await seen(engine, `${asked}-${key}`)) ?? (await seen(engine, asked)));
  if (found && object(object(found['Config'])['Labels'])[keyLabel] === key) return undefined;
  if (found || !known) return found;
  const other = await seen(engine, asked);
  if (other && object(object(other['Config'])['Labels'])[keyLabel] !== key)
    throw new ReplaceError(`the container "${asked}" is another one than was scanned`, { hint: 'scan and plan again' });
  return undefined;
}

async function seen(engine: Engine, asked: string): Promise<Seen | undefined> {
  const found = await engine.find(`/containers/${encodeURIComponent(asked)}/json`);
  if (found && !/^[0-9a-f]{64}$/.test(text(found['Id'])))
    throw new ReplaceError(`the daemon's description of the container "${asked}" is not understood`);
  return found;
}

/** The name of a container as it was before the replacement, or will be after it. */
export function nameOf(container: Seen, key: string): string {
  const name = text(container['Name']).replace(/^\//, '');
  const own = name.endsWith(`-${key}`) ? name.slice(0, -key.length - 1).replace(/-new$/, '') : name;
  if (!/^[A-Za-z0-9][A-Za-z0-9_.-]*$/.test(own)) throw new ReplaceError('the daemon gives the container no good name');
  return own;
}

/** How a container stands. */
export function stateOf(container: Seen) {
  const state = object(container['State']);
  const started = text(state['StartedAt']);
  return {
    /** It was started, whatever became of it. The zero of Go's time says that it never was. */
    begun: started !== '' && !started.startsWith('0001-'),
    running: state['Running'] === true && state['Restarting'] !== true,
    /** `starting`, `healthy`, `unhealthy`, or empty where it is not checked. */
    health: text(object(state['Health'])['Status']).replace(/^none$/, ''),
    exitCode: Number(state['ExitCode']) || 0,
    restarts: Number(container['RestartCount']) || 0,
  };
}
