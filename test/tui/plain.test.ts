import { describe, expect, it } from 'vitest';
import { PlainAudit } from '../../src/tui/plain.ts';
import type { AuditPorts } from '../../src/tui/ports.ts';
import { drifted, finding, hostile, plan, report, small } from './make.ts';

/** What is said when these lines are typed. */
async function said(
  lines: string[],
  of: Partial<ConstructorParameters<typeof PlainAudit>[0]> = {},
  more: Partial<AuditPorts> = {},
) {
  const out: string[] = [];
  const left = [...lines];
  const ports: AuditPorts = {
    history: () => [2, 3],
    waive: async (found, request) => `${found.finding.id} ${JSON.stringify(request)}`,
    exportTo: async (file) => `written to ${file}`,
    ...more,
  };
  const ways = {
    say: (line: string) => void out.push(line),
    ask: async () => left.shift(),
    signal: AbortSignal.timeout(5000),
  };
  await new PlainAudit({ report: small(), ports, ways, owner: 'ops', ...of }).run();
  return out.join('\n');
}

describe('the audit in lines', () => {
  it('lists, opens, explains; by number, name and id', async () => {
    const text = await said(['show 1', 'finding 1', 'show web-2', 'finding sf-motd', 'list db', 'show 1', 'images']);
    for (const line of [
      '1. web-1: snowflake, risk 80, 1 high 1 low, replace, findings before: 2',
      'replace: it cannot be rebuilt (confidence high)',
      'not read: files: /root may not be read [permission]',
      'db-1: clean, risk 0, image db:7',
      'snowfence policy explain sf-motd',
    ])
      expect(text).toContain(line);
    expect(text).toMatch(/^\+yes$/m);
  });

  it('draws nothing: no boxes, no bars, no escapes, whatever a name is', async () => {
    const text = await said(['show 1', 'finding 1', 'images', 'help', 'changes', 'plan', 'nonsense'], {
      report: report([drifted(hostile, [finding('x', { subject: hostile, diff: hostile })])]),
    });
    expect(text).not.toMatch(/[\u2500-\u259f]|[\p{Cf}\p{Cs}]|[^\n\P{Cc}]/u);
    expect(text).toContain('there is no "nonsense"');
  });

  it('asks what a waiver needs', async () => {
    const text = await said(['show 1', 'waive 1', '', 'until 43 is out', '2w', '', 'image', 'no', 'w.yaml']);
    expect(text).toContain('sf-sshd {"owner":"ops","reason":"until 43 is out","expires":"2w"');
  });

  it('replaces only what was approved by its digest', async () => {
    const done: string[] = [];
    const replace: AuditPorts['replace'] = {
      plan: async () => plan(),
      apply: async ({ digest }) => {
        done.push(digest);
        return { run: 'r1', state: 'done', says: 'all are clean' };
      },
    };
    const refused = await said(['approve abcdef', 'plan', 'approve abcde', 'approve ffffff'], {}, { replace });
    expect(refused.match(/not approved/g)).toHaveLength(2);
    expect(done).toEqual([]);
    expect(await said(['plan', 'approve abcdef', 'approve abcdef'], {}, { replace })).toContain('run r1: done');
    expect(done).toEqual([plan().digest]);
  });
});
