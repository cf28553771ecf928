import { describe, expect, it } from 'vitest';
import { UserError } from '../../src/core/errors.ts';
import type { Report } from '../../src/core/report.ts';
import { AuditLoop } from '../../src/tui/loop.ts';
import type { AuditPorts } from '../../src/tui/ports.ts';
import { initial } from '../../src/tui/state.ts';
import { plan, screen, small } from './make.ts';

/** An audit without a terminal; `done` hears what was copied and how it was left. */
function audit(more: Partial<AuditPorts>, report: Report | undefined = small()) {
  const done: unknown[] = [];
  const ports: AuditPorts = {
    history: () => [],
    waive: async () => 'waived',
    exportTo: async () => 'written',
    ...more,
  };
  const can = { replace: ports.replace !== undefined, scan: ports.scan !== undefined };
  const state = initial({ title: '', can, owner: 'ops', history: () => [], ...(report ? { report } : {}) });
  const loop = new AuditLoop(state, ports, { copy: (text) => done.push(text), quit: (how) => done.push(how) });
  const press = (...keys: string[]) => {
    for (const key of keys) loop.dispatch({ type: 'key', key });
  };
  return {
    loop,
    done,
    press,
    shown: () => screen(loop.state()),
    settled: () => new Promise((ok) => setTimeout(ok, 20)),
  };
}

describe('the loop', () => {
  it('copies, and quits as it was asked to', () => {
    const { done, press } = audit({});
    press('y', 'q', 'ctrl-c');
    expect(done).toEqual(['ssh://root@web-1:22', false, true]);
  });

  it('scans, shows how far it is, and then the report', async () => {
    const instances = [{ id: 'web-1', name: 'web-1', group: 'web', image: '' }];
    let finish: (report: Report) => void = () => {};
    const scan: AuditPorts['scan'] = {
      instances,
      run: (onEvent) => {
        onEvent({ type: 'instance-started', instance: 'web-1', at: '' });
        return new Promise((ok) => {
          finish = ok;
        });
      },
    };
    const { press, shown, settled } = audit({ scan });
    press('R');
    expect(shown()).toContain('0 of 1 read');
    await expect.poll(shown).toContain('connecting');
    finish(small());
    await settled();
    expect(shown()).toContain('4 instances');
  });

  it('an interrupted scan is aborted and waited for', async () => {
    let aborted = false;
    const scan: AuditPorts['scan'] = {
      instances: [],
      run: (_, signal) =>
        new Promise((ok) =>
          signal.addEventListener('abort', () => {
            aborted = true;
            setTimeout(() => ok({ ...small(), scan: { ...small().scan, partial: true } }), 10);
          }),
        ),
    };
    const { loop, press } = audit({ scan });
    press('R');
    await loop.stop();
    expect([aborted, loop.state().title]).toEqual([true, 'partial scan']);
  });

  it('plans and replaces by its port, step by step', async () => {
    const [item] = plan().items;
    const asked: unknown[] = [];
    const replace: AuditPorts['replace'] = {
      plan: async (_, only) => {
        asked.push(only);
        return plan();
      },
      apply: async (approved, onStep) => {
        if (item) onStep({ item, step: 'verify', state: 'done', says: 'clean' });
        asked.push(approved.digest);
        return { run: '12345678', state: 'done', says: 'all are clean' };
      },
    };
    const { press, shown, settled } = audit({ replace });
    press('p');
    await settled();
    press('a', ...'abcdef', 'enter');
    await settled();
    expect(asked).toEqual([[], plan().digest]);
    expect(shown()).toContain('verify done');
    expect(shown()).toContain('all are clean');
  });

  it('shows what went wrong with what to do about it, and goes on', async () => {
    const fail = async () => {
      throw new UserError('the file is there already', 'name another one');
    };
    const { press, shown, settled } = audit({ exportTo: fail, waive: fail });
    press('e', 'enter');
    await settled();
    expect(shown()).toContain('the file is there already; name another one');
    press('enter', 'w', ...'long enough', 'ctrl-s');
    await settled();
    expect(shown()).toContain('the file is there already');
    expect(shown()).toContain('name another one');
  });
});
