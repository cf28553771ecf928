import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Target } from '../../../src/core/replacement.ts';
import { type ActivityLike, pairsOf, rankedOf } from '../../../src/replace/asg/activities.ts';
import { hostKeysOnConsole } from '../../../src/replace/aws/host-keys.ts';
import { uriOf } from '../../../src/replace/aws/successor.ts';
import { inWords } from '../../../src/replace/aws/words.ts';

const minute = 60_000;
const end = (id: string, at: number, cause = 'in response to a user request.'): ActivityLike => ({
  ...{ ActivityId: `e${id}`, Description: `Terminating EC2 instance: ${id}`, Cause: cause, StartTime: new Date(at) },
  StatusCode: 'Successful',
});
const come = (id: string, at: number, status = 'Successful'): ActivityLike => ({
  ...{ ActivityId: `l${id || at}`, Description: `Launching a new EC2 instance${id ? `: ${id}` : ''}` },
  ...{ StartTime: new Date(at), StatusCode: status },
});
const id = (n: number) => `i-${n.toString(16).padStart(17, '0')}`;
const next = (all: ActivityLike[]) => pairsOf(all).map((pair) => [pair.old, pair.next]);

describe('who came in the place of whom', () => {
  it('is told by the order, newest first as the service gives it', () => {
    const all = [come(id(4), 4), end(id(2), 3), come(id(3), 2), end(id(1), 1)];
    expect(next(all)).toEqual([
      [id(1), id(3)],
      [id(2), id(4)],
    ]);
  });

  it('keeps the place of a launch that has no id yet, and skips one that failed', () => {
    expect(next([end(id(1), 1), end(id(2), 2), come('', 3, 'WaitingForInstanceId'), come(id(3), 4)])).toEqual([
      [id(1), undefined],
      [id(2), id(3)],
    ]);
    expect(next([end(id(1), 1), come('', 2, 'Failed'), come(id(2), 3)])).toEqual([[id(1), id(2)]]);
  });

  it('gives nothing to what a shrinking group ended, to what came before, or after long', () => {
    const shrinking = end(id(1), 1, 'in response to a user request, shrinking the capacity from 3 to 2.');
    expect(next([shrinking, end(id(2), 2), come(id(3), 3)])).toEqual([[id(2), id(3)]]);
    expect(next([come(id(3), 1), end(id(2), 2)])).toEqual([[id(2), undefined]]);
    expect(next([end(id(1), 0), end(id(2), 20 * minute), come(id(3), 21 * minute)])).toEqual([
      [id(1), undefined],
      [id(2), id(3)],
    ]);
  });

  it('is told once where a page of a growing record says again what the one before said', () => {
    const [first, second] = [come(id(3), 3), come(id(4), 4)];
    const ends = [end(id(2), 2), end(id(1), 1)];
    expect(next([first, ...ends])).toEqual([
      [id(1), id(3)],
      [id(2), undefined],
    ]);
    // Between two pages the second launch came in front, and moved the first to the next page.
    expect(next([first, first, ...ends])).toEqual(next([first, ...ends]));
    expect(next([second, first, ends[0] as ActivityLike, ...ends])).toEqual([
      [id(1), id(3)],
      [id(2), id(4)],
    ]);
  });

  it('stays what it was told to be when another comes in the same moment', () => {
    const ends = [end(id(2), 2), end(id(1), 1)];
    const [early, late] = [come(id(9), 3), come(id(4), 3)];
    expect(next([early, ...ends])[0]).toEqual([id(1), id(9)]);
    expect(next([late, early, ...ends])).toEqual([
      [id(1), id(9)],
      [id(2), id(4)],
    ]);
  });

  it('never gives one instance to two, whatever the record holds', () => {
    const activity = fc.record(
      {
        ActivityId: fc.string(),
        Description: fc.oneof(
          fc.string(),
          fc.nat(9).map((n) => `Terminating EC2 instance: ${id(n)}`),
          fc.nat(9).map((n) => `Launching a new EC2 instance: ${id(n + 16)}`),
        ),
        Cause: fc.string(),
        StartTime: fc.date({ noInvalidDate: false }),
        StatusCode: fc.constantFrom('Successful', 'Failed', 'InProgress'),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.array(activity), (all) => {
        for (const pairs of [pairsOf(all), rankedOf(all, 0, Number.POSITIVE_INFINITY, () => true)]) {
          const given = pairs.flatMap((pair) => pair.next ?? []);
          expect(new Set(given).size).toBe(given.length);
        }
      }),
    );
  });
});

describe('host keys on a console', () => {
  const block = (...lines: string[]) =>
    ['-----BEGIN SSH HOST KEY KEYS-----', ...lines, '-----END SSH HOST KEY KEYS-----'].join('\r\n');
  const ed = `ssh-ed25519 AAAAC3Nza${'b'.repeat(59)}`;

  it('are those of the last whole block, with what a console puts before a line', () => {
    expect(
      hostKeysOnConsole(`${block('ssh-rsa AAAAold')}\n${block(`[   9.1] cloud-init[7]: ${ed} root@a`, 'noise')}`),
    ).toEqual([ed]);
    expect(hostKeysOnConsole(`${block(ed)}\n-----BEGIN SSH HOST KEY KEYS-----\nssh-rsa AAAA`)).toEqual([ed]);
    expect(hostKeysOnConsole(ed)).toEqual([]);
  });

  it('never throws, and gives nothing but keys', () => {
    fc.assert(
      fc.property(fc.string(), fc.array(fc.string()), (before, lines) => {
        for (const key of hostKeysOnConsole(before + block(...lines))) expect(key).toMatch(/^[a-z0-9-]+ AAAA[\w+/=]+$/);
      }),
    );
  });
});

describe('the address of a new instance', () => {
  const of = (uri: string) => ({ uri }) as Target;
  const vm = { InstanceId: 'i-0123456789abcdef0', PrivateIpAddress: '10.0.0.9', PublicIpAddress: '203.0.113.9' };

  it('is written as the old one was', () => {
    expect(uriOf(of('ssm://i-1?region=eu-west-1'), { id: 'x' }, vm, {})).toBe(
      'ssm://i-0123456789abcdef0?region=eu-west-1',
    );
    expect(uriOf(of('ssm://i-1'), { id: 'x', region: 'eu-west-2' }, vm, {})).toBe(
      'ssm://i-0123456789abcdef0?region=eu-west-2',
    );
    expect(uriOf(of('ssh://web-1'), { id: 'x' }, vm, {})).toBe('ssh://10.0.0.9');
    expect(uriOf(of('ssh://a@[2001:db8::1]:2200/'), { id: 'x' }, vm, { address: 'public' })).toBe(
      'ssh://a@203.0.113.9:2200',
    );
    expect(uriOf(of('ssh://a@b'), { id: 'x' }, { ...vm, PrivateIpAddress: 'x/../y' }, {})).toBeUndefined();
    expect(uriOf(of('ssh://a@b:1'), { id: 'x' }, vm, { address: 'same' })).toBe('ssh://a@b:1');
  });
});

describe('errors of AWS in words', () => {
  const { signal } = new AbortController();
  it.each([
    ['Throttling', 400, true],
    ['RequestLimitExceeded', 503, true],
    ['ScalingActivityInProgressFault', 400, true],
    ['InternalError', 500, true],
    ['ValidationError', 400, false],
    ['UnauthorizedOperation', 403, false],
    ['InstanceRefreshInProgressFault', 400, false],
  ])('%s', (name, httpStatusCode, transient) => {
    const error = Object.assign(new Error('said \u001b[31m'), { name, $metadata: { httpStatusCode } });
    const said = inWords('RunInstances', error, signal);
    expect(said).toMatchObject({ name: 'ReplaceError', transient });
    expect(said.message).not.toContain('\u001b');
  });
  it('nothing odd makes it throw', () => {
    fc.assert(
      fc.property(fc.anything(), (odd) => {
        expect(inWords('x', odd, signal).name).toBe('ReplaceError');
      }),
    );
  });
});
