import { setTimeout as delay } from 'node:timers/promises';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Driver, DriverContext, Permit, Progress, Settings, Target } from '../../src/core/replacement.ts';
import { ReplaceError } from '../../src/core/replacement.ts';
import { permitOf } from './make.ts';

/** A provider that a driver is held against: the real thing, or a double that speaks its protocol and keeps its state. */
export interface Provider {
  settings: Settings;
  context: DriverContext;
  /** A fresh instance to replace; called before each test. `identity` is what `alive` calls it. */
  launch(): Promise<Target>;
  /** Identities of all machines that exist now, old and new. */
  alive(): Promise<string[]>;
  /** The same with those that are stopped, where the provider has such. */
  machines?(): Promise<string[]>;
  /** How often the provider was asked to change something since it began. */
  changes(): Promise<number>;
  /** The machine goes away behind our back. */
  vanish(target: Target): Promise<void>;
  /** The next call is answered as an overloaded provider does. Left out where a provider has no such answer. */
  throttle?(): Promise<void>;
  /** A target that the driver must refuse without asking anybody; with the settings that go with it. */
  refused?: { target: Target; settings?: Settings };
  close(): Promise<void>;
}

/** What a provider does not have: then the tests of it are not there either. */
export interface Lacks {
  throttle?: true;
  refused?: true;
}

/** What every driver keeps. `start` gives the provider once for all tests. */
export function describeDriver(name: string, driver: Driver, start: () => Promise<Provider>, lacks: Lacks = {}): void {
  describe(`the driver ${name}`, () => {
    let provider: Provider;
    let target: Target;
    beforeAll(async () => {
      provider = await start();
    }, 120_000);
    afterAll(() => provider?.close(), 60_000);
    beforeEach(async () => {
      target = await provider.launch();
    }, 60_000);

    /** In a session of its own, as after the process before it was killed. */
    const begin = async (permit: Permit) => {
      const session = await driver.open(provider.settings, provider.context);
      try {
        return await session.start(permit);
      } finally {
        await session.close();
      }
    };
    const end = async (token: string, permit: Permit): Promise<Progress> => {
      const session = await driver.open(provider.settings, provider.context);
      try {
        for (let tries = 0; tries < 1800; tries++) {
          const progress = await session.poll(token, permit);
          if (progress.state === 'done') await session.retire?.(permit, token);
          if (progress.state !== 'running') return progress;
          expect(progress.detail).not.toBe('');
          await delay(100);
        }
        throw new Error('it is never done');
      } finally {
        await session.close();
      }
    };

    it('has settings that a schema can prove', () => {
      const validate = new Ajv2020({ strict: false }).compile(driver.settings);
      expect([validate(provider.settings), validate.errors]).toEqual([true, null]);
      expect(validate({ ...provider.settings, 'no-such-setting': 1 })).toBe(false);
    });

    it('plans in words that a person can check, and changes nothing', async () => {
      const before = [await provider.changes(), await provider.alive()];
      const plan = driver.plan(target, provider.settings);
      expect(plan).toMatchObject({ calls: expect.arrayContaining([expect.stringMatching(/.{10,}/)]) });
      expect(JSON.stringify(plan)).not.toContain('undefined');
      expect([await provider.changes(), await provider.alive()]).toEqual(before);
    });

    it('replaces one machine by one other', async () => {
      const before = await provider.alive();
      const permit = permitOf(target);
      const progress = await end(await begin(permit), permit);
      expect(progress).toMatchObject({ state: 'done', successor: { uri: expect.stringMatching(/^[a-z0-9]+:/) } });
      const after = await provider.alive();
      expect(after).not.toContain(target.identity);
      expect(after).toHaveLength(before.length);
      expect(before.filter((id) => id !== target.identity).every((id) => after.includes(id))).toBe(true);
    });

    it('begins nothing twice for one permit, whoever asks and however often', async () => {
      const permit = permitOf(target);
      await begin(permit);
      const token = await begin(permit);
      expect(token.length).toBeLessThanOrEqual(4096);
      expect((await end(token, permit)).state).toBe('done');
      const after = await provider.alive();
      const again = await begin(permit);
      expect((await end(again, permit)).state).toBe('done');
      expect(await provider.alive()).toEqual(after);
    });

    it('polls without changing anything', async () => {
      const permit = permitOf(target);
      const token = await begin(permit);
      await end(token, permit);
      const before = [await provider.changes(), await provider.alive()];
      await end(token, permit);
      await end(token, permit);
      expect([await provider.changes(), await provider.alive()]).toEqual(before);
    });

    it('says what became of a machine that is gone already, and touches no other', async () => {
      const others = (await provider.alive()).filter((id) => id !== target.identity);
      await provider.vanish(target);
      const permit = permitOf(target);
      let said: string;
      try {
        said = (await end(await begin(permit), permit)).state;
      } catch (error) {
        expect(error).toBeInstanceOf(ReplaceError);
        expect((error as ReplaceError).transient).toBe(false);
        said = 'failed';
      }
      expect(['done', 'failed']).toContain(said);
      const alive = await provider.alive();
      expect(others.filter((id) => !alive.includes(id))).toEqual([]);
    });

    it('keeps the old one until the new one was seen clean, where it says so', async () => {
      const permit = permitOf(target);
      const session = await driver.open(provider.settings, provider.context);
      try {
        const token = await begin(permit);
        while ((await session.poll(token, permit)).state === 'running') await delay(50);
        const machines = provider.machines ?? provider.alive;
        const between = await machines();
        await session.retire?.(permit, token);
        if (session.retire) expect(between).toContain(target.identity);
        expect(await machines()).not.toContain(target.identity);
        const after = await provider.alive();
        await session.retire?.(permit, token);
        expect(await provider.alive()).toEqual(after);
      } finally {
        await session.close();
      }
    });

    if (!lacks.throttle)
      it('calls what a provider throttles worth another try, and then does it once', async () => {
        const count = (await provider.alive()).length;
        const permit = permitOf(target);
        await provider.throttle?.();
        const token = await begin(permit).catch((error: unknown) => {
          // Either it waited by itself, or it says that one should.
          expect(error).toMatchObject({ name: 'ReplaceError', transient: true });
          return begin(permit);
        });
        expect((await end(token, permit)).state).toBe('done');
        expect(await provider.alive()).toHaveLength(count);
      });

    if (!lacks.refused)
      it('refuses what it cannot do, in words', async () => {
        const { target: other, settings = provider.settings } = provider.refused ?? { target };
        expect(driver.plan(other, settings)).toEqual({ refused: expect.stringMatching(/.{10,}/) });
      });
  });
}
