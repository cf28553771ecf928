import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { renderers } from '../../src/report/registry.ts';
import { reportSchema } from '../../src/schema/report.ts';
import { compileSchema } from '../../src/schema/validate.ts';
import { cases } from './reports.ts';

/** Regenerate with UPDATE_GOLDEN=1, then read the difference. */
const golden = fileURLToPath(new URL('../../fixtures/report/', import.meta.url));
const formats = Object.keys(renderers);

async function rendered(name: string, format: string, options = { color: false, all: false }): Promise<string> {
  const report = cases[name];
  const load = renderers[format];
  if (!report || !load) throw new Error(`no ${name}.${format}`);
  return [...(await load()).render(report, options)].join('');
}

const all = Object.keys(cases).flatMap((name) => formats.map((format) => [name, format] as const));

describe('reports', () => {
  it.each(all)('%s as %s is as in its golden file', async (name, format) => {
    const path = join(golden, `${name}.${format}`);
    const text = await rendered(name, format);
    if (process.env['UPDATE_GOLDEN']) writeFileSync(path, text);
    expect(existsSync(path), `${name}.${format} is missing`).toBe(true);
    expect(text).toBe(readFileSync(path, 'utf8'));
  });

  it('have no golden file that nobody compares', () => {
    expect(readdirSync(golden).sort()).toEqual(all.map(([name, format]) => `${name}.${format}`).sort());
  });

  it.each(Object.keys(cases))('%s as JSON follows the published schema', async (name) => {
    const validate = await compileSchema(reportSchema);
    const document = JSON.parse(await rendered(name, 'json')) as unknown;
    expect(validate(document)).toEqual([]);
    expect(document).toEqual(cases[name]);
    expect(validate({ ...(document as object), instances: [{ id: 1 }] })).not.toEqual([]);
  });

  it.each(Object.keys(cases))('%s as NDJSON is one object a line, and all of the findings', async (name) => {
    const text = await rendered(name, 'ndjson');
    expect(text.endsWith('\n')).toBe(true);
    const objects = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { type: string });
    const count = (type: string) => objects.filter((o) => o.type === type).length;
    const report = cases[name];
    expect(count('instance')).toBe(report?.instances.length);
    expect(count('finding')).toBe(report?.instances.flatMap((i) => i.findings).length);
    expect([count('scan'), count('summary')]).toEqual([1, 1]);
  });

  it.each(Object.keys(cases))('%s as text gives a terminal nothing to obey', async (name) => {
    for (const options of [
      { color: false, all: true },
      { color: true, all: true },
    ]) {
      const text = await rendered(name, 'text', options);
      const bare = options.color ? text.replace(/\x1b\[\d+m/g, '') : text;
      expect(bare).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069]/);
      expect(bare.split('\n').filter((line) => line.startsWith('2 instances: 2 clean')).length).toBe(
        name === 'clean' ? 1 : 0,
      );
    }
  });

  it('hide what is expected unless all is asked for, and say how much', async () => {
    const short = await rendered('odd', 'text');
    expect(short).not.toContain('/etc/hostname');
    expect(short).toContain('2 expected differences not shown (--all shows them)');
    expect(await rendered('odd', 'text', { color: false, all: true })).toContain('/etc/hostname');
  });

  it.each(formats)('%s tells a report that has only what the schema requires', async (format) => {
    const [one] = cases['odd']?.instances.slice(1) ?? [];
    const [found] = one?.findings ?? [];
    if (!one || !found) throw new Error('no finding');
    const { id, kind, change, subject, severity, disposition, rule, reason, explains, controls } = found;
    const { uri, name, group, labels, image, manifest, verdict, flags, score, gaps } = one;
    const least = {
      ...cases['odd'],
      instances: ['snowflake', 'clean'].map((word) => ({
        ...{ id: one.id, uri, name, group, labels, image, manifest, verdict: word, flags, score, gaps },
        recommendation: { action: 'keep', reason },
        coverage: { files: 1 },
        findings:
          word === verdict
            ? [{ id, kind, change, subject, severity, disposition, rule, reason, explains, controls }]
            : [],
      })),
      fleet: [
        {
          image: 'x',
          instances: 1,
          consensus: [],
          clusters: [],
          snowflakes: [],
          recommendation: { action: 'keep', reason },
        },
      ],
    };
    expect((await compileSchema(reportSchema))(least)).toEqual([]);
    const told = [...((await renderers[format]?.())?.render(least as never, { color: false, all: false }) ?? [])].join(
      '',
    );
    const data = told.replace(/<script type="module">[\s\S]*/, '');
    expect(data).not.toMatch(/undefined|NaN|null(?!,"verdict)/);
  });
});
