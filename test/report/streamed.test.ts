import { describe, expect, it } from 'vitest';
import { printableJson } from '../../src/core/bytes.ts';
import { renderers } from '../../src/report/registry.ts';
import { cases, onTheFly } from './reports.ts';

const all = Object.keys(cases).flatMap((name) => Object.keys(renderers).map((format) => [name, format] as const));

describe('a report whose instances are made on the fly', () => {
  it.each(all)('%s as %s is told in the same bytes', async (name, format) => {
    const renderer = await renderers[format]?.();
    if (!renderer) throw new Error(format);
    const options = { color: false, all: false };
    const { instances, ...rest } = onTheFly(name);
    const told = [...renderer.render({ ...rest, instances }, options)].join('');
    // Keys in the order of the document, as whoever writes it has them.
    const same = cases[name];
    expect(told.length).toBeGreaterThan(0);
    if (format === 'json') expect(JSON.parse(told)).toEqual(same);
    else if (same) expect(told).toBe([...renderer.render(same, options)].join(''));
  });

  it.each(Object.entries(cases))('%s as JSON is what JSON.stringify gives, printable', async (_, report) => {
    const renderer = await renderers['json']?.();
    expect([...(renderer?.render(report, { color: false, all: false }) ?? [])].join('')).toBe(
      `${printableJson(JSON.stringify(report, null, 2))}\n`,
    );
  });
});
