import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { Frame } from '../../src/collect/frames.ts';
import { kernel } from '../../src/collect/kernel/probe.ts';
import { people } from '../../src/collect/people/probe.ts';
import { prelude } from '../../src/collect/prelude.ts';
import type { Probe } from '../../src/collect/probe.ts';
import { processes } from '../../src/collect/processes/probe.ts';
import { composeProgram } from '../../src/collect/program.ts';
import { sockets } from '../../src/collect/sockets/probe.ts';
import { traits } from '../../src/collect/traits/probe.ts';
import { units } from '../../src/collect/units/probe.ts';
import { Draft } from '../../src/core/draft.ts';
import { answerOf, awks, shells } from './shells.ts';

function read(probe: Probe, records: string[], draft = new Draft('/')): Draft {
  probe.parse(new Frame(probe.name, Buffer.from(records.map((record) => `${record}\0`).join(''), 'latin1')), draft);
  return draft;
}

const said = ({ gaps }: Draft) => gaps.map(({ probe, reason }) => `${probe} ${reason}`);

describe('a list that is not all of it', () => {
  const upto = /^upto\(\) .*$/m.exec(prelude)?.[0] ?? '';

  it.each(awks.filter(({ missing }) => !missing))('says so behind what is kept, by $name', ({ command }) => {
    const kept = (limit: string, input: string) =>
      spawnSync('sh', ['-c', `awk() { ${command.join(' ')} "$@"; }; ${upto}; upto ${limit}`], {
        input,
        encoding: 'latin1',
      }).stdout;
    expect(kept('3 100', 'a\nb\nc\n')).toBe('a\nb\nc\n');
    expect(kept('3 100', 'a\nb\nc\nd\n')).toBe('a\nb\nc\nmore\n');
    expect(kept('3 6', 'a\nbcd\n')).toBe('a\nbcd\n');
    expect(kept('3 6', 'a\nbcde\nf\n')).toBe('a\nmore\n');
    expect(kept('3 6', '')).toBe('');
  });

  const run = `0::/x.service`;
  it.each<[Probe, string[], string[]]>([
    [units, ['unit groups\nx.service\nmore\n'], []],
    [units, ['unit states\nalive x.service\nmore\n'], []],
    [units, ['unit groups\nx.service\n', 'unit made a.service', 'more made'], ['units']],
    [units, ['more units'], ['units']],
    [sockets, ['more networks'], ['sockets']],
    [sockets, ['more holders'], ['sockets']],
    [traits, ['limit more'], []],
    [traits, [`cgroup\n/proc/7/cgroup:${run}\nmore\n`], []],
    [kernel, ['modules loop 1 0 - Live 0x0\nmore\n'], []],
    [people, ['boot 100', 'more sessions'], []],
  ])('is a gap of %s: %j', (probe, records, partial) => {
    const draft = read(probe, records);
    expect(said(draft)).toEqual([`${probe.name} limit`]);
    expect([...draft.partial]).toEqual(partial);
  });

  it('is not what a file of a unit says', () => {
    const records = ['unit /run/systemd/system/a.service\n[Service]\nmore\n', 'unit made a\nmore\n.service'];
    const draft = read(units, [...records, 'unit groups\na.service\n', 'unit states\nalive a.service\n']);
    expect([said(draft), [...draft.partial]]).toEqual([[], []]);
  });

  it('of holders leaves out sockets whose holder was not looked for', () => {
    const tcp = [
      'tcp   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode',
      '   0: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 100 1',
      '   1: 00000000:0017 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 200 1',
    ].join('\n');
    const found = (...more: string[]) =>
      [...(read(sockets, [...more, tcp, '/proc/9/fd/3:socket:[100]']).sockets?.keys() ?? [])].map(
        (key) => key.split(' ')[2],
      );
    expect(found()).toEqual(['22', '23']);
    expect(found('more holders')).toEqual(['22']);
  });
});

describe('sockets of very many processes', () => {
  const asked = [processes, traits, sockets];
  const args = { root: '/', mode: 'live', since: 0 } as const;

  it.each(shells.filter(({ missing }) => !missing))('are looked for by $name up to a limit', ({ command }) => {
    const told = (n: number, limit: number) => {
      const list = `P=$(awk 'BEGIN{for(i=0;i<${n};i++)print "/proc/9" 1000000+i}')`;
      const text = composeProgram(asked).replaceAll('P=$(echo /proc/[0-9]*)', list).replaceAll('50000', String(limit));
      expect(text.split(list)).toHaveLength(3);
      const { stdout } = answerOf(command, text, args);
      expect(stdout.length).toBeGreaterThan(0);
      return stdout.toString('latin1').includes('more holders');
    };
    expect(told(2000, 50_000)).toBe(false);
    expect(told(2000, 1000)).toBe(true);
  });
});
