import { readdirSync } from 'node:fs';
import { expect, it } from 'vitest';
import { complianceFormats } from '../../src/compliance/registry.ts';
import type { Report } from '../../src/core/report.ts';
import { cases } from '../report/reports.ts';

const hostile = '</td><script>alert(1)</script>|`x`[a](b)\u001b[31m\n# head';
const base = cases['odd'] as Report;
const broken = base.instances.find((one) => one.findings.length > 0 && one.manifest !== null);
const first = broken?.findings[0];

/** A report with a control of each state, and strings that want to be markup. */
const report: Report = {
  ...base,
  instances: base.instances.map((one) =>
    one === broken && first
      ? {
          ...one,
          name: `web ${hostile}`,
          findings: [{ ...first, subject: `/etc/${hostile}`, reason: `because ${hostile}` }, ...one.findings.slice(1)],
        }
      : one,
  ),
  waivers: [
    {
      id: 'w/motd',
      owner: hostile,
      reason: 'a greeting',
      ticket: 'OPS-1',
      expires: '2027-01-01T00:00:00.000Z',
      state: 'expiring',
      used: 2,
    },
  ],
  controls: [
    ...(['PCI DSS 11.5.10', 'PCI DSS 11.5.2', 'NIST 800-53 CM-6', 'ISO 27001 A.8.9'] as const).map((control) => ({
      ...{
        control,
        state: 'evidenced' as const,
        rules: ['severity/set-id'],
        evidenced: 3,
        failed: [],
        waived: [],
        notCovered: [],
      },
    })),
    {
      ...{ control: 'NIST 800-53 SI-7', state: 'failed', rules: ['baseline/x'], evidenced: 1, waived: [] },
      failed: [{ instance: broken?.id ?? '', findings: [first?.id ?? ''] }],
      notCovered: [{ instance: broken?.id ?? '', why: `files: ${hostile}` }],
    },
    {
      ...{ control: 'NIST 800-53 AU-2', state: 'not covered', rules: ['x/y'], evidenced: 0, failed: [], waived: [] },
      notCovered: [{ instance: 'nobody', why: 'it could not be judged' }],
    },
  ],
};

const written = async (name: string) => {
  const load = complianceFormats[name];
  if (!load) throw new Error(name);
  return (await load())(report);
};

it('the registry is what the files are', () => {
  const files = readdirSync(new URL('../../src/compliance', import.meta.url)).map((file) => file.replace(/\.ts$/, ''));
  expect(Object.keys(complianceFormats).sort()).toEqual(
    files.filter((f) => !['account', 'registry'].includes(f)).sort(),
  );
});

it.each(Object.keys(complianceFormats))(
  '%s: says every control, what failed where and why, the policy, the waivers',
  async (name) => {
    const text = await written(name);
    for (const said of [
      '11.5.2',
      '11.5.10',
      'A.8.9',
      'SI-7',
      'AU-2',
      report.scan.policy.digest,
      'w/motd',
      'OPS-1',
      'because',
    ])
      expect(text).toContain(said);
    expect(text.indexOf('11.5.2')).toBeLessThan(text.indexOf('11.5.10'));
    expect(text).not.toContain('\u001b');
  },
);

it('html holds no markup of anybody else, and nothing that is fetched or run', async () => {
  const html = await written('html');
  expect(html).not.toContain('<script');
  expect(html).toContain('&lt;script&gt;');
  expect(html).toContain("default-src 'none'");
  expect(html).not.toMatch(/(src|href)=/);
});

it('markdown keeps each in its line and its cell', async () => {
  const markdown = await written('markdown');
  expect(markdown).not.toMatch(/^# head/m);
  expect(markdown).not.toContain('<script');
  for (const line of markdown.split('\n').filter((row) => row.startsWith('| w/motd')))
    expect(line.match(/(?<!\\)\|/g)).toHaveLength(8);
});

it('json is json, with the findings that it cites', async () => {
  const json = JSON.parse(await written('json'));
  expect(json).toMatchObject({
    schema: 'snowfence.compliance/v1',
    summary: { evidenced: 4, failed: 1, 'not covered': 1 },
  });
  const si7 = json.frameworks
    .find((f: { name: string }) => f.name === 'NIST 800-53')
    .controls.find((c: { number: string }) => c.number === 'SI-7');
  expect(si7.failed[0].findings[0]).toMatchObject({ id: first?.id, severity: first?.severity });
});
