import { messageOf } from '../core/errors.ts';
import type { DriverSession, Journal, JournalRow, Permit, PlanItem, Step, Successor } from '../core/replacement.ts';
import { ReplaceError } from '../core/replacement.ts';
import { again } from './again.ts';

/** What a look at the new instance found. */
export interface Verified {
  /** `later`: not reachable yet, look again. `bad`: it is there and not as it must be. */
  state: 'clean' | 'later' | 'bad';
  /** One sentence. */
  says: string;
  identity?: string;
}

/** Everything outside that a replacement needs; the steps of each are told by the journal. */
export interface Hands {
  journal: Journal;
  /** The driver's session for an item; opened once a driver and group. */
  session(item: PlanItem): Promise<DriverSession>;
  /** Stores the evidence; what and where. Asked again, it stores it anew. */
  evidence(item: PlanItem): Promise<Record<string, unknown>>;
  /** Runs a hook where there is one; what it answered. */
  hook(
    which: 'drain' | 'after',
    item: PlanItem,
    permit: Permit,
    more: Record<string, unknown>,
  ): Promise<Record<string, unknown>>;
  verify(item: PlanItem, successor: Successor): Promise<Verified>;
  /** Milliseconds since the epoch. */
  now(): number;
  sleep(ms: number): Promise<void>;
  /** Milliseconds until a new instance must be up, and until it must be reachable; and between two looks. */
  upMs: number;
  everyMs: number;
  /** Aborted by a person: nothing is failed by it, a later `resume` goes on. */
  signal: AbortSignal;
  onStep?(item: PlanItem, step: Step, state: 'begun' | 'done' | 'failed' | 'waiting', says: string): void;
}

/** How one replacement ended. */
export interface Ended {
  item: PlanItem;
  state: 'done' | 'failed' | 'interrupted';
  says: string;
  /** The new instance came up and is not as its image, or did not come: the image may be at fault. */
  image?: boolean;
}

/** A failure that speaks against the image and not only against this instance. */
class ImageFault extends ReplaceError {}

/** An interruption is no failure: the journal keeps the step as begun. */
class Interrupted extends Error {}

/**
 * Takes one instance through the steps. What the journal has as done is not done again, and what it has as begun is begun again:
 * each step can be. Never throws but for faults of ours.
 */
export async function replaceOne(
  item: PlanItem,
  permit: Permit,
  run: string,
  rows: readonly JournalRow[],
  hands: Hands,
): Promise<Ended> {
  const mine = rows.filter((row) => row.instance === item.instance);
  const failed = mine.find((row) => row.state === 'failed');
  if (failed) return { item, state: 'failed', says: String(failed.data['says'] ?? 'it failed') };
  let token = '';
  let successor: Successor = { uri: item.uri };
  const acts: Record<Step, () => Promise<Record<string, unknown>>> = {
    evidence: () => hands.evidence(item),
    drain: () => again(() => hands.hook('drain', item, permit, {}), hands.sleep),
    start: async () => {
      const session = await hands.session(item);
      return { token: await again(() => session.start(permit), hands.sleep) };
    },
    up: async () => ({ ...(await untilUp(item, permit, token, hands)) }),
    verify: async () => ({ ...(await untilClean(item, successor, hands)) }),
    retire: async () => {
      const session = await hands.session(item);
      await again(async () => session.retire?.(permit, token), hands.sleep);
      return {};
    },
    after: () => again(() => hands.hook('after', item, permit, { successor }), hands.sleep),
  };
  const order: Step[] = [
    ...(item.evidence ? (['evidence'] as const) : []),
    'drain',
    'start',
    'up',
    'verify',
    'retire',
    'after',
  ];
  for (const step of order) {
    if (step === 'retire' && !(await hands.session(item)).retire) continue;
    const done = mine.find((row) => row.step === step && row.state === 'done');
    const write = (state: JournalRow['state'], data: Record<string, unknown>) => {
      hands.journal.write({ run, instance: item.instance, step, state, at: new Date(hands.now()).toISOString(), data });
      hands.onStep?.(item, step, state, String(data['says'] ?? ''));
    };
    let data = done?.data;
    if (!data) {
      try {
        if (hands.signal.aborted) throw new Interrupted();
        write('begun', {});
        data = await acts[step]();
        write('done', data);
      } catch (error) {
        // A step that was stopped from outside did not fail; whether it took effect the next look will tell.
        if (error instanceof Interrupted || hands.signal.aborted)
          return { item, state: 'interrupted', says: `interrupted at ${step}` };
        const hint = error instanceof ReplaceError && error.hint ? `; ${error.hint}` : '';
        const says = `${step}: ${messageOf(error)}${hint}${await keptOld(step, item, hands)}`;
        write('failed', { says });
        return { item, state: 'failed', says, image: error instanceof ImageFault };
      }
    }
    if (step === 'start') token = String(data['token'] ?? '');
    if (step === 'up') successor = data as unknown as Successor;
  }
  hands.journal.verified(item.group, item.image, new Date(hands.now()).toISOString());
  return { item, state: 'done', says: 'replaced and verified' };
}

/** Whether there is an old one to go back to when a step has failed. */
async function keptOld(step: Step, item: PlanItem, hands: Hands): Promise<string> {
  if (step !== 'verify') return '';
  const session = await hands.session(item).catch(() => undefined);
  return session?.retire ? '; the old one was kept' : '';
}

/** Asks the driver until the new instance is in service. @throws ReplaceError when it does not come in time. */
async function untilUp(item: PlanItem, permit: Permit, token: string, hands: Hands): Promise<Successor> {
  const session = await hands.session(item);
  const end = hands.now() + hands.upMs;
  for (;;) {
    const progress = await again(() => session.poll(token, permit), hands.sleep);
    if (progress.state === 'done') return progress.successor;
    if (progress.state === 'failed') throw new ImageFault(progress.detail);
    if (hands.now() >= end)
      throw new ImageFault(`it did not come up in ${Math.round(hands.upMs / 1000)} s: ${progress.detail}`);
    hands.onStep?.(item, 'up', 'waiting', progress.detail);
    await pause(hands);
  }
}

/** Looks at the new instance until it is read. @throws ReplaceError when it is not clean, or not reachable in time. */
async function untilClean(item: PlanItem, successor: Successor, hands: Hands): Promise<Verified> {
  const end = hands.now() + hands.upMs;
  for (;;) {
    const seen = await hands.verify(item, successor);
    if (seen.state === 'clean') return seen;
    if (seen.state === 'bad') throw new ImageFault(seen.says);
    if (hands.now() >= end)
      throw new ImageFault(`it was not seen clean in ${Math.round(hands.upMs / 1000)} s: ${seen.says}`);
    hands.onStep?.(item, 'verify', 'waiting', seen.says);
    await pause(hands);
  }
}

async function pause(hands: Hands): Promise<void> {
  if (hands.signal.aborted) throw new Interrupted();
  await hands.sleep(hands.everyMs);
  if (hands.signal.aborted) throw new Interrupted();
}
