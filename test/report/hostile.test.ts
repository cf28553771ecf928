import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Report, ReportView } from '../../src/core/report.ts';
import { renderers } from '../../src/report/registry.ts';
import { rowsOf } from './csv.ts';
import { allEvil, hostileReport } from './hostile.ts';
import { manyInstances } from './many.ts';
import { elementsOf } from './xml.ts';

const formats = Object.keys(renderers);
const loaded = new Map(await Promise.all(formats.map(async (name) => [name, await renderers[name]?.()] as const)));

function told(format: string, report: ReportView, all = true): string {
  return [...(loaded.get(format)?.render(report, { color: false, all, history: [] }) ?? [])].join('');
}

const lines = (text: string) =>
  text
    .trimEnd()
    .split('\n')
    .filter((line) => line !== '');

/** What each format promises of its form, whatever is in the report. */
const forms: Record<string, (text: string, report: Report) => void> = {
  text: () => {},
  json: (text) => JSON.parse(text),
  sarif: (text, { instances }) => {
    const log = JSON.parse(text) as { runs: [{ results: unknown[] }] };
    expect(log.runs[0].results.length).toBe(instances.flatMap((i) => i.findings).length);
  },
  ndjson: (text) => lines(text).map((line) => JSON.parse(line)),
  ecs: (text) => lines(text).map((line) => JSON.parse(line)),
  ocsf: (text) => lines(text).map((line) => JSON.parse(line)),
  cyclonedx: (text, { instances }) => {
    const bom = JSON.parse(text) as { components: object[] };
    expect(bom.components.length).toBe(instances.length);
  },
  junit: (text, { instances }) => {
    const elements = elementsOf(text);
    expect(elements.filter((name) => name === 'testsuite').length).toBe(instances.length);
  },
  csv: (text, { instances }) => {
    const rows = rowsOf(text);
    expect(rows.length).toBe(1 + instances.reduce((n, i) => n + 1 + i.gaps.length + i.findings.length, 0));
    for (const row of rows) expect(row.length).toBe(rows[0]?.length);
    for (const cell of rows.flat()) expect(cell).not.toMatch(/^[=+\-@\t\r]/);
  },
  html: (text) => {
    // Each element of ours, and none of anybody else.
    expect(text.match(/<script/g)?.length).toBe(
      (text.match(/<script type="application\/json" class="data">/g)?.length ?? 0) + 1,
    );
    for (const [, data] of text.matchAll(/class="data">(.*?)<\/script>/gs)) JSON.parse(data ?? '');
    expect(text).not.toMatch(/<img|<a |onerror="|javascript:/i);
  },
  markdown: (text) => {
    const outside = text.replace(/^ *(`{3,})diff\n[\s\S]*?\n *\1$/gm, '').replace(/`[^`\n]*`/g, '');
    expect(outside).not.toMatch(/@(?!<!)\w|\]\(|!\[|https?:\/\/|<script|<img/i);
    const rows = text.split('\n').filter((line) => line.startsWith('| '));
    for (const row of rows) expect(row.match(/\|/g)?.length).toBe(7);
  },
  prometheus: (text) => {
    for (const line of lines(text))
      expect(line).toMatch(/^(# (HELP|TYPE) \w+ .+|\w+(\{(\w+="([^"\\]|\\\\|\\")*",?)*\})? [-\d.e+]+)$/u);
    const series = lines(text).flatMap((line) => (line.startsWith('#') ? [] : [line.slice(0, line.lastIndexOf(' '))]));
    expect(new Set(series).size).toBe(series.length);
  },
};

/** What a terminal or an eye obeys, but for the ends of lines. */
const obeyed = /[\u0000-\u0009\u000b\u000c\u000e-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/;

describe('whatever a report holds', () => {
  it('each format has a form that is checked', () => expect(Object.keys(forms).sort()).toEqual([...formats].sort()));

  it.each(formats)('%s keeps its form', (format) => {
    fc.assert(
      fc.property(hostileReport, (report) => {
        const text = told(format, report);
        expect(text).not.toMatch(obeyed);
        // Of no instance there may be no line.
        expect(text === '' || text.endsWith('\n')).toBe(true);
        forms[format]?.(text, report);
      }),
      { numRuns: 150 },
    );
  });

  it.each(formats)('%s keeps it with all that we know of at once', (format) => {
    const report = allEvil();
    const text = told(format, report);
    expect(text).not.toMatch(obeyed);
    expect(text.length).toBeGreaterThan(1000);
    forms[format]?.(text, report);
  });
});

describe('a report of many instances', () => {
  const many = manyInstances(2000, 20);

  it.each(formats)('%s is told in chunks of about an instance', (format) => {
    let longest = 0;
    let total = 0;
    for (const chunk of loaded.get(format)?.render(many, { color: false, all: false }) ?? []) {
      longest = Math.max(longest, chunk.length);
      total += chunk.length;
    }
    // A chunk of data of the page, or a thousand samples of a metric, is the largest.
    expect(longest).toBeLessThan(1_000_000);
    expect(total).toBeGreaterThan(5000);
  });

  /** 200,000 findings take some 150 MB as objects; who kept them would not get through with a heap of 64. */
  it.each(formats)('%s of ten thousand is told with a heap of 64 MiB', (format) => {
    const child = fileURLToPath(new URL('child.ts', import.meta.url));
    const args = ['--no-warnings', '--max-old-space-size=64', child, format, '10000', '20'];
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    expect([status, stderr]).toEqual([0, '']);
    expect(Number(stdout.split(' ')[0])).toBeGreaterThan(50_000);
  });
});
