import { expect, it } from 'vitest';
import type { Finding } from '../../src/core/finding.ts';
import { type Audited, ControlBook } from '../../src/fleet/controls.ts';

const controlReports = (instances: Audited[]) => {
  const book = new ControlBook();
  for (const one of instances) book.add(one);
  return book.reports();
};
const finding = (id: string, controls: string[], disposition: Finding['disposition'] = 'violation') =>
  ({ id, controls, disposition }) as Finding;
const evidence = new Map([
  ['A 1', { rules: ['r/one', 'r/two'], probes: new Set(['files']) }],
  ['A 2', { rules: ['r/three'], probes: new Set(['packages']) }],
]);
const instance = (id: string, rest: Partial<Audited> = {}): Audited => ({
  ...{ id, judged: true, findings: [], gaps: [], evidence },
  ...rest,
});

it('a control is evidenced where all was read and nothing is live', () => {
  expect(
    controlReports([instance('a'), instance('b', { findings: [finding('f', ['A 1'], 'expected')] })]),
  ).toMatchObject([
    { control: 'A 1', state: 'evidenced', evidenced: 2, failed: [], rules: ['r/one', 'r/two'] },
    { control: 'A 2', state: 'evidenced', evidenced: 2 },
  ]);
});

it('a live finding fails it, a waived one does not and is listed', () => {
  const [first] = controlReports([
    instance('a', { findings: [finding('f', ['A 1', 'A 2']), finding('g', ['A 1'], 'drift')] }),
    instance('b', { findings: [finding('h', ['A 1'], 'waived')] }),
  ]);
  expect(first).toMatchObject({
    ...{ state: 'failed', evidenced: 1 },
    failed: [{ instance: 'a', findings: ['f', 'g'] }],
    waived: [{ instance: 'b', findings: ['h'] }],
  });
});

it('lists the gravest twenty of an instance, and counts the rest', () => {
  const many = Array.from({ length: 23 }, (_, i) => finding(`f${i}`, ['A 1']));
  const failed = controlReports([instance('a', { findings: many })])[0]?.failed[0];
  expect(failed).toMatchObject({ findings: many.slice(0, 20).map(({ id }) => id), more: 3 });
  expect(controlReports([instance('a', { findings: many.slice(0, 20) })])[0]?.failed[0]).not.toHaveProperty('more');
});

it('what could not be read is not covered, and never evidenced', () => {
  const gap = { probe: 'files', reason: 'permission' } as const;
  const [files, packages] = controlReports([
    instance('a', { gaps: [gap] }),
    instance('b', { judged: false, evidence: new Map() }),
  ]);
  expect(files).toMatchObject({
    state: 'not covered',
    evidenced: 0,
    notCovered: [
      { instance: 'a', why: 'files: permission' },
      { instance: 'b', why: 'it could not be judged' },
    ],
  });
  expect(packages).toMatchObject({ state: 'evidenced', evidenced: 1 });
});

it('a rule that does not concern an instance says nothing of it', () => {
  expect(controlReports([instance('a'), instance('b', { evidence: new Map() })])[0]).toMatchObject({
    evidenced: 1,
    notCovered: [],
  });
});
