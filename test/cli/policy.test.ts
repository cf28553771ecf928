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

  it('test runs cases of whole instances against the policy, and says what was found where one fails', async () => {
    const policy = file(
      'agent.yaml',
      'schema: snowfence.policy/v1\nname: ours\nrules:\n' +
        '  - { id: ours/agent, kind: allow, reason: our agent is installed at launch, fact: file, paths: [/opt/agent/**] }\n' +
        '  - { id: ours/agent-port, kind: allow, reason: our agent listens, fact: socket, ports: [9100], protocols: [tcp] }\n',
    );
    const holding = file(
      'cases.yaml',
      `schema: snowfence.policy-cases/v1
cases:
  - name: the agent is no drift, and what hides beside it is
    both: { files: { /usr/bin/ls: { mode: "755", text: ls } } }
    image: { packages: { openssl: "3.0.11" } }
    instance:
      files: { /opt/agent/run: { mode: "755", text: run }, /usr/bin/x: { mode: "4755", text: x } }
      packages: { openssl: "3.0.15" }
      accounts: { eve: { uid: 0, password: set } }
      sockets: [{ protocol: tcp, port: 9100, executable: /opt/agent/run }, { protocol: tcp, port: 4444, executable: /usr/bin/nc }]
      processes: [{ executable: /usr/bin/ls }]
    expect:
      live: 4
      findings:
        - { kind: file, subject: /opt/agent/run, disposition: expected, rule: ours/agent }
        - { subject: /usr/bin/x, severity: critical, rule: severity/set-id }
        - { kind: package, subject: openssl, disposition: drift }
        - { kind: account, subject: user eve, rule: account/second-root }
        - { kind: socket, disposition: violation }
`,
    );
    const args = ['policy', 'test', '--policy', policy];
    expect(await snowfence([...args, holding])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('1 case holds'),
    });
    const failing = file(
      'failing.yaml',
      'schema: snowfence.policy-cases/v1\ncases:\n' +
        '  - { name: clean, instance: { files: { /usr/bin/x: { mode: "755" } } }, expect: { live: 0, findings: [{ rule: ours/agent }] } }\n',
    );
    const { code, stdout, stderr } = await snowfence([...args, holding, failing]);
    expect([code, stdout]).toEqual([1, expect.stringContaining('1 case holds')]);
    expect(stderr).toContain(
      `${failing}: case "clean": 1 finding counts, expected 0; there is file /usr/bin/x (added)`,
    );
    expect(stderr).toContain('no finding is {"rule":"ours/agent"}');
    const wrong = file(
      'wrong.yaml',
      'schema: snowfence.policy-cases/v1\ncases:\n  - { name: x, instanc: {}, expect: { live: 0 } }\n',
    );
    const told = await snowfence([...args, wrong]);
    expect(told.code).toBe(2);
    expect(told.stderr).toMatch(/wrong\.yaml:3:\d+.*instanc.*did you mean "instance"/);
    expect(told.stderr).toContain('snowfence schema policy-cases');
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
