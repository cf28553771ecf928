import { setTimeout as delay } from 'node:timers/promises';
import { printable } from '../../core/bytes.ts';
import { messageOf } from '../../core/errors.ts';
import { type Permit, ReplaceError } from '../../core/replacement.ts';
import { type Engine, EngineError } from '../engine/client.ts';
import { findImage, isSame } from '../engine/image.ts';
import { object, text } from '../json.ts';
import { anonymousVolumes, creationOf } from './body.ts';
import { nameOf, newOf, oldOf, type Seen, stateOf } from './find.ts';
import { refuse } from './refuse.ts';

/** Settings of the driver. */
export interface DockerSettings {
  host?: string;
  pull?: boolean;
  stopSeconds?: number;
  settleSeconds?: number;
  healthSeconds?: number;
  anonymousVolumes?: 'refuse' | 'discard';
  keep?: boolean;
}

/** Pause between two looks at a container that comes up, milliseconds. */
const lookMs = 250;

/** What a replacement came to: the name that the new one has, or why it failed and the old one is back. */
export type Outcome = { name: string } | { failed: string };

/**
 * Takes a container from wherever it is on the way to its successor to the end, or back. Each step leaves a state that this finds
 * again by names and labels: new one created under a name of its own, names exchanged, old one stopped, new one started, seen well.
 * The old one stays, stopped, until `retire`.
 * @throws ReplaceError when it is not to be done, or the daemon cannot be asked.
 */
export async function recreate(
  engine: Engine,
  asked: string,
  { target, key }: Permit,
  settings: DockerSettings,
  signal: AbortSignal,
): Promise<Outcome> {
  const old = await oldOf(engine, asked, target.identity, key);
  let made = await newOf(engine, key);
  if (!old) {
    // Done, but for what was removed last.
    if (made && stateOf(made).begun) return await settled(engine, made, settings, signal);
    throw new ReplaceError(`there is no container "${asked}" any more`, { hint: 'scan and plan again' });
  }
  const name = nameOf(old, key);
  if (made && !stateOf(made).begun) {
    // Created and perhaps not yet in all its networks: cheaper made anew than completed.
    await remove(engine, made, false);
    made = undefined;
  }
  if (!made) {
    await refuse(engine, old, key, settings);
    const begun = await create(engine, old, { name, key }, target.image, settings);
    if ('failed' in begun) return begun;
    made = begun.made;
  }
  if (text(made['Name']) !== `/${name}`) {
    if (text(old['Name']) === `/${name}`) await rename(engine, old, `${name}-${key}`);
    await rename(engine, made, name);
  }
  try {
    const { stopSeconds } = settings;
    const wait = stopSeconds ?? Number(object(old['Config'])['StopTimeout'] ?? 10);
    await engine.call(
      'POST',
      `/containers/${text(old['Id'])}/stop${stopSeconds === undefined ? '' : `?t=${stopSeconds}`}`,
      {
        timeoutMs: (wait + 60) * 1000,
      },
    );
    await engine.call('POST', `/containers/${text(made['Id'])}/start`);
  } catch (error) {
    if (error instanceof EngineError && error.final) return await putBack(engine, old, made, name, error.said);
    throw error;
  }
  const outcome = await settled(engine, made, settings, signal);
  if ('failed' in outcome) return await putBack(engine, old, made, name, outcome.failed);
  await stopForGood(engine, old);
  return { name };
}

/** Removes the old one, when the new one was seen clean. */
export async function retire(
  engine: Engine,
  asked: string,
  { target, key }: Permit,
  { keep, anonymousVolumes }: DockerSettings,
): Promise<void> {
  const old = await oldOf(engine, asked, target.identity, key);
  // Only what was put aside by this replacement: whoever else has the name by now stays.
  if (old && !keep && text(old['Name']).endsWith(`-${key}`)) await remove(engine, old, anonymousVolumes === 'discard');
}

/** Creates the new one, in all its networks, not started. What the daemon refuses is no error: nothing was touched. */
async function create(
  engine: Engine,
  old: Seen,
  { name, key }: { name: string; key: string },
  image: Permit['target']['image'],
  { pull }: DockerSettings,
): Promise<{ made: Seen } | { failed: string }> {
  const was = text(object(old['Config'])['Image']);
  const before = await findImage(engine, text(old['Image']));
  if (!before)
    throw new ReplaceError(`the image of ${name} (${text(old['Image'])}) is gone from the daemon`, {
      hint: 'what it was told cannot be told from what its image says: recreate it by hand',
    });
  const same = isSame(image, was, before);
  const ref = same ? was : image.ref;
  if (pull) await engine.pull(ref);
  const found = await findImage(engine, ref);
  // The name may have been given to another image since; the same image is what was asked for, unless the newest is.
  const of = same && !pull && found?.id !== before.id ? before.id : ref;
  if (!found && of === ref)
    return { failed: `the daemon has no image ${printable(ref)}: pull it, or set "pull: true"; nothing was touched` };
  const { body, connect } = creationOf(old, before.config, { image: of, key, minor: engine.minor });
  let id = '';
  try {
    id = text(object(await engine.call('POST', `/containers/create?name=${name}-new-${key}`, { body }))['Id']);
    if (!/^[0-9a-f]{64}$/.test(id)) throw new ReplaceError('the daemon gives no id for the new container');
    for (const { network, endpoint } of connect)
      await engine.call('POST', `/networks/${encodeURIComponent(network.toWellFormed())}/connect`, {
        body: { Container: id, EndpointConfig: endpoint },
      });
  } catch (error) {
    if (!(error instanceof EngineError && error.final)) throw error;
    if (id !== '') await engine.call('DELETE', `/containers/${id}?force=1&v=1`);
    return { failed: `a new container cannot be created: ${error.said}; nothing was touched` };
  }
  const made = await engine.find(`/containers/${id}/json`);
  if (!made) throw new ReplaceError('the container that was created is gone', { transient: true });
  return { made };
}

/** Waits until the new one is healthy, or runs long enough where its health is not checked. */
async function settled(engine: Engine, made: Seen, settings: DockerSettings, signal: AbortSignal): Promise<Outcome> {
  const { settleSeconds = 5, healthSeconds = 120 } = settings;
  const begun = performance.now();
  let first: number | undefined;
  for (;;) {
    const now = await engine.find(`/containers/${text(made['Id'])}/json`);
    if (!now) return { failed: 'the new container is gone' };
    const { running, health, exitCode, restarts } = stateOf(now);
    const seconds = (performance.now() - begun) / 1000;
    first ??= restarts;
    if (!running) return { failed: `the new container ended (exit code ${exitCode})` };
    if (restarts > first) return { failed: 'the new container ended, and was started again by its restart policy' };
    if (health === 'unhealthy') return { failed: 'the new container is unhealthy' };
    if (health === 'healthy' || (health === '' && seconds >= settleSeconds))
      return { name: text(now['Name']).slice(1) };
    if (seconds >= Math.max(healthSeconds, settleSeconds))
      return { failed: `the new container was not healthy in ${healthSeconds} s` };
    if (signal.aborted) throw new ReplaceError('interrupted while the new container came up');
    await delay(lookMs, undefined, { signal }).catch(() => {});
  }
}

/** The old one serves again, under its name; the new one goes. */
async function putBack(engine: Engine, old: Seen, made: Seen, name: string, why: string): Promise<Outcome> {
  try {
    await remove(engine, made, true);
    await engine.call('POST', `/containers/${text(old['Id'])}/start`);
    await rename(engine, old, name);
  } catch (error) {
    if (error instanceof ReplaceError && error.transient && !(error instanceof EngineError && error.final)) throw error;
    throw new ReplaceError(`${why}; the old container could not be put back: ${messageOf(error)}`, {
      hint: `look at ${name}-... on ${engine.endpoint.name}: "docker ps -a"`,
    });
  }
  return { failed: `${why}; the old one was put back` };
}

async function rename(engine: Engine, { Id: id }: Seen, name: string): Promise<void> {
  const now = await engine.find(`/containers/${text(id)}/json`);
  if (now && text(now['Name']) === `/${name}`) return;
  await engine.call('POST', `/containers/${text(id)}/rename?name=${encodeURIComponent(name)}`);
}

/** A restart of the daemon must not start it beside its successor. */
async function stopForGood(engine: Engine, { Id: id }: Seen): Promise<void> {
  await engine.call('POST', `/containers/${text(id)}/update`, { body: { RestartPolicy: { Name: 'no' } } });
}

async function remove(engine: Engine, container: Seen, volumes: boolean): Promise<void> {
  // Only volumes without a name go with it.
  const more = volumes || anonymousVolumes(container).length === 0 ? '&v=1' : '';
  try {
    await engine.call('DELETE', `/containers/${text(container['Id'])}?force=1${more}`);
  } catch (error) {
    if (!(error instanceof EngineError && (error.status === 404 || error.status === 409))) throw error;
    // Gone, or on its way.
    if (error.status === 409 && !/already in progress/i.test(error.said)) throw error;
  }
}
