import { describe, expect, it } from 'vitest';
import type { Running, UnitStateFact } from '../../src/core/running.ts';
import { compare } from '../../src/drift/drift.ts';
import { compilePolicy } from '../../src/policy/compile.ts';
import { judge } from '../../src/policy/judge.ts';
import { file, fingerprint } from '../drift/make.ts';

const units = '/usr/lib/systemd/system';
const link = (target: string) => `l 777 0 0 - - - ${target}`;
const image = {
  [`${units}/ssh.service`]: file('a'),
  [`${units}/getty@.service`]: file('a'),
  [`${units}/apt-daily.timer`]: file('a'),
  [`${units}/other.service`]: file('a'),
  '/etc/init.d/old': file('a', '755'),
  '/etc/systemd/system/multi-user.target.wants/ssh.service': link(`${units}/ssh.service`),
  '/etc/systemd/system/timers.target.wants/apt-daily.timer': link(`${units}/apt-daily.timer`),
};

function found(running: Running, files: Record<string, string> = image) {
  const [before, after] = [fingerprint(image), fingerprint(files, (draft) => Object.assign(draft.running, running))];
  const { findings } = judge({
    instance: { id: 'web-1', group: 'web', imageRef: 'web:42' },
    ...{ image: before, live: after, now: 0 },
    drifts: compare(before, after).drifts,
    policy: compilePolicy([], { os: ['debian'], image: 'web:42', group: 'web' }),
  });
  return findings
    .filter(({ rule }) => rule.startsWith('service/'))
    .map(({ subject, severity }) => `${subject}: ${severity}`);
}
const ended = (rest: Partial<UnitStateFact>): Running => ({
  unitStates: [
    {
      name: 'ssh.service',
      state: 'stopped',
      type: 'notify',
      ran: true,
      conditions: true,
      triggered: false,
      restarts: false,
      ...rest,
    },
  ],
});
const alive = (...names: string[]): Running => ({ unitStates: names.map((name) => ({ name, state: 'alive' })) });

describe('units that run', () => {
  it('without a file are a finding', () => {
    expect(found(alive('ssh.service', 'evil.service'))).toEqual(['unit evil.service without a file: high']);
  });

  it.each<[string, Running, Record<string, string>?]>([
    ['of a template', alive('getty@tty1.service')],
    ['of a start-up script', alive('old.service')],
    ['that a generator made', { ...alive('made.service'), madeUnits: ['made.service'] }],
    [
      'whose file is new: that is the finding',
      alive('new.service'),
      { ...image, '/etc/systemd/system/new.service': file('b') },
    ],
  ])('%s are no finding', (_, running, files) => {
    expect(found(running, files)).toEqual([]);
  });

  it('started by hand are one finding', () => {
    const unit = { name: 'run-u1.service', path: '/run/systemd/transient/run-u1.service', commands: ['/opt/x'] };
    expect(found({ ...alive('run-u1.service'), units: [unit] })).toEqual(['unit run-u1.service of run time: high']);
  });
});

describe('units of the image that ended', () => {
  it.each<[string, Partial<UnitStateFact>, string[]]>([
    ['a daemon was stopped', {}, ['unit ssh.service stopped: medium']],
    [
      'it is one that is always started again',
      { type: 'simple', restarts: true },
      ['unit ssh.service stopped: medium'],
    ],
    ['a timer was stopped', { name: 'apt-daily.timer', type: '' }, ['unit apt-daily.timer stopped: medium']],
    ['it failed', { state: 'failed', type: 'simple' }, ['unit ssh.service failed: low']],
    ['it may have been done', { type: 'simple' }, []],
    ['it runs once', { type: 'oneshot', state: 'failed' }, []],
    ['it never ran', { ran: false }, []],
    ['its conditions are not met', { conditions: false }, []],
    ['a socket starts it', { triggered: true }, []],
    ['the image does not start it', { name: 'other.service' }, []],
  ])('%s', (_, rest, expected) => {
    expect(found(ended(rest))).toEqual(expected);
  });

  it('of which a file differs are told by that file', () => {
    expect(found(ended({}), { ...image, [`${units}/ssh.service`]: file('b') })).toEqual([]);
    expect(found(ended({}), { ...image, '/etc/systemd/system/ssh.service.d/x.conf': file('b') })).toEqual([]);
  });
});
