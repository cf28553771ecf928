import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { cases } from '../report/reports.ts';
import { build, Desk } from './run.ts';

describe('snowfence policy', () => {
  let desk: Desk;
  beforeAll(build, 120_000);
  beforeEach(() => {
    desk = new Desk();
  });
  afterEach(() => desk.remove());
  const file = (name: string, text: string) => desk.write(name, text);
  const snowfence = (args: string[]) => desk.run(...args);
  const rule = (rest: string) =>
    `schema: snowfence.policy/v1\nname: ours\nrules:\n  - id: ours/shadow\n    kind: require\n    reason: passwords are nobody's business\n    fact: file\n    paths: [/etc/shadow]\n    severity: high\n${rest}`;

  it('check runs the examples and says which rule does not do what it says', async () => {
    const right = file(
      'right.yaml',
      rule(
        '    modes: ["640"]\n    examples: { hit: [{ path: /etc/shadow, mode: "644" }], miss: [{ path: /etc/shadow, mode: "600" }] }\n',
      ),
    );
    expect(await snowfence(['policy', 'check', right])).toMatchObject({
      code: 0,
      stdout: '1 policy file is valid: 1 rules\n',
    });
    const wrong = file(
      'wrong.yaml',
      rule('    modes: ["640"]\n    examples: { hit: [{ path: /etc/shadow, mode: "600" }] }\n'),
    );
    const { code, stderr } = await snowfence(['policy', 'check', wrong]);
    expect(code).toBe(1);
    expect(stderr).toContain(`${wrong}: ours/shadow: example hit 1: the rule does not apply to it`);
  });

  it('check names the place of a mistake and what is allowed', async () => {
    const wrong = file('wrong.yaml', rule('    modus: ["640"]\n'));
    const { code, stderr } = await snowfence(['policy', 'check', wrong]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/wrong\.yaml:10:\d+.*modus/);
    expect(stderr).toContain('modes');
  });

  it('test runs the examples of all rules that are shipped', async () => {
    const { code, stdout } = await snowfence(['policy', 'test']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^\d+ examples of \d+ rules do what they say$/m);
  });

  it('explain says which rule decided, where it stands, and what can be done', async () => {
    const report = cases['odd'];
    const found = report?.instances.flatMap((one) => one.findings).find((one) => one.disposition === 'drift');
    const path = file('report.json', JSON.stringify(report));
    const { code, stdout } = await snowfence(['policy', 'explain', found?.id ?? '', '--report', path]);
    expect(code).toBe(0);
    expect(stdout).toContain(`decided by ${found?.rule}`);
    expect(stdout).toContain(`snowfence waiver add ${found?.id}`);
    const none = await snowfence(['policy', 'explain', 'sf-nowhere', '--report', path]);
    expect(none).toMatchObject({ code: 2 });
    expect(none.stderr).toContain('no finding "sf-nowhere"');
    const odd = await snowfence(['policy', 'explain', 'sf-nowhere', '--report', file('odd.json', '{}')]);
    expect(odd.code).toBe(2);
    expect(odd.stderr).toContain('is no report');
  });
});
