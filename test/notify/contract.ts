import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { DeliveryError, type Notification, type Sink, type SinkSettings } from '../../src/core/notify.ts';
import { message, transition } from './make.ts';

/** How a receiver behaves. */
export type Manners =
  | { does: 'take'; status?: number }
  | { does: 'refuse' }
  | { does: 'throttle'; seconds: number }
  | { does: 'hang' }
  | { does: 'reset' };

/** A receiver of one kind, and the settings that lead to it. */
export interface Receiver {
  settings: SinkSettings;
  /** What arrived, as text. */
  got(): string | Promise<string>;
}

export interface SinkCase {
  load(): Promise<Sink>;
  /** Starts a receiver in a scratch directory; closed by `onTestFinished`. */
  receive(manners: Manners, dir: string): Promise<Receiver>;
  /** Manners that this kind of receiver can have. */
  can: readonly Manners['does'][];
}

export const secretValue = 'sup3r-s3cret-value';

/** Sends as the application does, with a time limit. */
export function sending(sink: Sink, settings: SinkSettings, what: Notification, ms = 5000, delivered = 0) {
  return sink.send(what, settings, {
    ...{ signal: AbortSignal.timeout(ms), env: { PATH: process.env['PATH'] }, version: '1', delivered },
    secret: async (reference) => (reference.startsWith('env:URL=') ? reference.slice(8) : secretValue),
  });
}

const hostile = transition({
  title: 'file added /tmp/<!channel> @here *b* `c` <script> "q" \\ ] \\x1b[2J {{7*7}}',
  reason: '"}],"x":1',
  instance: { ...transition().instance, name: 'web <evil> @channel', labels: { '"': ']' } },
});

/** What every sink keeps to. */
export function sinkContract(name: string, { load, receive, can }: SinkCase): void {
  const desk = () => {
    const dir = mkdtempSync(join(tmpdir(), 'snowfence-sink-'));
    onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
    return dir;
  };
  const failing = async (manners: Manners, ms?: number): Promise<DeliveryError> => {
    const { settings } = await receive(manners, desk());
    const error = await sending(await load(), settings, message([transition()]), ms).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(DeliveryError);
    const { message: says } = error as DeliveryError;
    expect(says).toMatch(/^[\x20-\x7e]{10,600}$/);
    expect(says).not.toContain(secretValue);
    return error as DeliveryError;
  };

  describe(name, () => {
    it('says what it is, and takes only settings that it knows', async () => {
      const sink = await load();
      expect(sink.about.length).toBeGreaterThan(20);
      expect(sink.settings).toMatchObject({ type: 'object', additionalProperties: false });
    });

    it('delivers what is new, worse and resolved', async () => {
      const { settings, got } = await receive({ does: 'take' }, desk());
      const worse = transition({ kind: 'worse', was: 'low', key: 'k2', title: 'file changed /etc/b' });
      const resolved = transition({ kind: 'resolved', by: 'gone', key: 'k3', title: 'file changed /etc/c' });
      await sending(await load(), settings, message([transition(), worse, resolved]));
      const text = await got();
      for (const word of ['/etc/a', '/etc/b', 'web-1']) expect(text).toContain(word);
      expect(text.includes('/etc/c') || text.includes('k3')).toBe(true);
    });

    it('delivers names that want to be more than names, as names', async () => {
      const { settings, got } = await receive({ does: 'take' }, desk());
      await sending(await load(), settings, message([hostile]));
      const text = await got();
      expect(text).toContain('/tmp/');
      expect(text).not.toContain(secretValue.repeat(2));
    });

    it('says of a test that it is one, and nothing of instances', async () => {
      const { settings, got } = await receive({ does: 'take' }, desk());
      await sending(await load(), settings, message([], { kind: 'test', id: 'test/1' }));
      expect((await got()).toLowerCase()).toContain('test');
    });

    it('delivers a message that was cut, and says so where a person reads it', async () => {
      const { settings, got } = await receive({ does: 'take' }, desk());
      const many = { counts: { new: 214, worse: 0, resolved: 0 }, more: 213 };
      await sending(await load(), settings, message([transition()], many));
      expect(await got()).toContain('213');
    });

    if (can.includes('refuse'))
      it('what is refused is not tried again', async () => {
        expect(await failing({ does: 'refuse' })).toMatchObject({ transient: false });
      });
    if (can.includes('throttle'))
      it('what is throttled is tried again, when it was asked to', async () => {
        const error = await failing({ does: 'throttle', seconds: 17 });
        expect(error).toMatchObject({ transient: true });
        expect([0, 17_000]).toContain(error.retryAfterMs);
      });
    if (can.includes('hang'))
      it('a receiver that hangs is left, and tried again', async () => {
        expect(await failing({ does: 'hang' }, 400)).toMatchObject({ transient: true });
      });
    if (can.includes('reset'))
      it('a connection that breaks is tried again', async () => {
        expect(await failing({ does: 'reset' })).toMatchObject({ transient: true });
      });
  });
}
