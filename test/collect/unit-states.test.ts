import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Frame } from '../../src/collect/frames.ts';
import { prelude } from '../../src/collect/prelude.ts';
import { units } from '../../src/collect/units/probe.ts';
import { statesQuestion } from '../../src/collect/units/states.ts';
import { Draft } from '../../src/core/draft.ts';
import { awks, shells } from './shells.ts';
import { plant, scratch } from './tree.ts';

const fixture = readFileSync(new URL('../../fixtures/units/states.txt', import.meta.url), 'latin1');
const shown = readFileSync(new URL('../../fixtures/units/show.txt', import.meta.url), 'latin1');

function read(text: string): Draft {
  const draft = new Draft('/');
  units.parse(new Frame('units', Buffer.from(text, 'latin1')), draft);
  return draft;
}

describe('units that run', () => {
  it('what systemd says, and what control groups add', () => {
    const { running, gaps } = read(
      `unit states\n${fixture}\0unit groups\nssh.service\nghost.service\nodd name.service\n\0unit made netplan-x.service\0`,
    );
    expect(gaps).toEqual([]);
    expect(running.madeUnits).toEqual(['netplan-x.service']);
    expect(running.unitStates?.filter(({ state }) => state === 'alive').map(({ name }) => name)).toEqual([
      ...['ssh.service', 'systemd-journald.service', 'systemd-logind.service', 'getty@tty1.service'],
      ...['user@1000.service', 'apt-daily.timer', 'dbus.socket', 'ghost.service'],
    ]);
    expect(running.unitStates?.filter(({ state }) => state !== 'alive')).toEqual([
      {
        name: 'chrony.service',
        state: 'stopped',
        type: 'notify',
        restarts: false,
        ran: true,
        conditions: true,
        triggered: false,
      },
      {
        name: 'rsyslog.service',
        state: 'failed',
        type: 'notify',
        restarts: false,
        ran: true,
        conditions: true,
        triggered: true,
      },
    ]);
  });

  it('where systemd does not run, nothing is known; where it says nothing, that is a gap', () => {
    expect(read('').running.unitStates).toBeUndefined();
    expect(read('unit states\n\0unit groups\n\0').gaps).toEqual([
      expect.objectContaining({ probe: 'units', reason: 'unreadable' }),
    ]);
  });

  const here = awks.filter(({ missing }) => !missing);

  it.each([...here, { name: 'awk', command: ['awk'] }])('$name makes of its answer what is told', (awk) => {
    const [, program = ''] = /awk '(function told[\s\S]*?)' \| upto/.exec(statesQuestion) ?? [];
    expect(program).not.toBe('');
    const [command = '', ...rest] = awk.command;
    const { stdout } = spawnSync(command, [...rest, program], { input: shown, encoding: 'latin1' });
    expect(stdout).toBe(fixture);
  });

  // The question takes it from the prelude.
  const upto = /^upto\(\) .*$/m.exec(prelude)?.[0];

  it.each(shells)('the question works under $name', ({ command: [shell = '', ...rest], missing }) => {
    if (missing) return;
    const dir = scratch('units');
    plant(dir.path, { 'bin/systemctl': { text: `#!/bin/sh\ncat <<'END'\n${shown}END\n`, mode: 0o755 } });
    plant(dir.path, { 'run/system/x': '', 'run/generator.late/old.service': '', 'run/generator/local-fs.target': '' });
    plant(dir.path, {
      'proc/1/cgroup': '0::/init.scope\n',
      'proc/2/cgroup': '0::/system.slice/ssh.service\n',
      'proc/3/cgroup': '12:memory:/x\n1:name=systemd:/system.slice/system-getty.slice/getty@tty1.service/sub\n',
      'proc/4/cgroup': '0::/user.slice/user-0.slice/user@0.service/app.slice/mine.service\n',
      'proc/5/cgroup': '0::/system.slice/docker-0123.scope/system.slice/inner.service\n',
    });
    const text =
      `R=; have() { command -v "$1" >/dev/null; }; rec() { printf '%s\\0' "$*"; }; ${upto}; PATH=${dir.path}/bin:$PATH\n${statesQuestion}`
        .replaceAll('/run/systemd/', `${dir.path}/run/`)
        .replaceAll('/proc/[0-9]', `${dir.path}/proc/[0-9]`);
    const { stdout, stderr } = spawnSync(shell, [...rest, '-s'], { input: text, encoding: 'latin1' });
    dir.remove();
    expect(stderr).toBe('');
    expect(stdout).toBe(
      `unit states\n${fixture}\0unit groups\ngetty@tty1.service\nssh.service\n\0unit made old.service\0`,
    );
  });

  it('garbage neither throws nor makes units', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 500 }), (text) => {
        for (const { name } of read(`unit states\n${text}\0unit groups\n${text}\0`).running.unitStates ?? [])
          expect(name).toMatch(/^[\w:.@\\-]+\.(service|timer|socket)$/);
      }),
    );
  });
});
