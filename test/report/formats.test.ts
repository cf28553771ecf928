import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findingKinds } from '../../src/core/finding.ts';
import type { Report, ReportView } from '../../src/core/report.ts';
import { renderers } from '../../src/report/registry.ts';
import { rowsOf } from './csv.ts';
import { allEvil, hostileReport } from './hostile.ts';
import { cases } from './reports.ts';
import { checker, ecsSchema, ecsTypes, ocsfSchema, ocsfSiblings, published } from './schemas.ts';
import { elementsOf } from './xml.ts';

const loaded = new Map(
  await Promise.all(Object.entries(renderers).map(async ([name, load]) => [name, await load()] as const)),
);

function told(format: string, report: ReportView, more: { all?: boolean; history?: [] } = {}): string {
  const renderer = loaded.get(format);
  if (!renderer) throw new Error(format);
  return [...renderer.render(report, { color: false, all: false, ...more })].join('');
}

const odd = cases['odd'] as Report;
const clean = cases['clean'] as Report;
const lines = <T = object>(text: string): T[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as T);

/** What the tests look at of a result. */
interface Result {
  level: string;
  ruleId: string;
  ruleIndex: number;
  fingerprints: Record<string, string>;
  partialFingerprints: { primaryLocationLineHash: string };
  properties: Record<string, unknown>;
  locations: [{ physicalLocation: { artifactLocation: { uri: string }; region?: object } }];
  suppressions?: object[];
}
interface Log {
  runs: [
    {
      results: Result[];
      tool: { driver: { rules: { id: string }[] } };
      invocations: [{ executionSuccessful: boolean; toolExecutionNotifications: object[] }];
    },
  ];
}
interface Ocsf extends Record<string, unknown> {
  compliance: { status: string };
  class_uid: number;
  activity_id: number;
}

describe('sarif', () => {
  const check = checker(published('sarif-2.1.0'));

  it.each(Object.entries({ ...cases, evil: allEvil() }))('of %s follows the schema of the standard', (_, report) => {
    expect(check(JSON.parse(told('sarif', report, { all: true })))).toEqual([]);
    expect(check({ version: '2.1.0', runs: [{ results: [] }] })).not.toEqual([]);
  });

  it('follows it whatever the report holds', () => {
    fc.assert(
      fc.property(hostileReport, (report) => {
        expect(check(JSON.parse(told('sarif', report, { all: true })))).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });

  it('gives levels, severities, places, fingerprints, and waived findings as suppressed', () => {
    const [run] = (JSON.parse(told('sarif', odd)) as Log).runs;
    const by = (id: string) =>
      run.results.find((r) => r.fingerprints['snowfenceFinding/v1']?.endsWith(id)) ?? (run.results[0] as Result);
    expect(run.results.length).toBe(5);
    expect([by('1').level, by('4').level, by('3').level]).toEqual(['error', 'warning', 'note']);
    expect(by('4').properties['security-severity']).toBe('5.5');
    const { artifactLocation, region } = by('4').locations[0].physicalLocation;
    expect(artifactLocation.uri).toMatch(/^web%1B.*\/etc\/app\.conf$/);
    expect(region).toEqual({ startLine: 1 });
    expect(by('2').locations[0].physicalLocation.artifactLocation.uri).toMatch(/\/srv\/%FF%FE$/);
    expect(by('3').locations[0].physicalLocation.artifactLocation.uri).not.toContain('/');
    expect(by('6').suppressions).toEqual([{ kind: 'external', status: 'accepted', justification: 'waived by ops' }]);
    expect(by('1').partialFingerprints.primaryLocationLineHash).toBe('sf-0000000000000001');
    expect(run.tool.driver.rules[by('1').ruleIndex]?.id).toBe(by('1').ruleId);
    expect(run.invocations[0].executionSuccessful).toBe(false);
    expect(run.invocations[0].toolExecutionNotifications.length).toBe(2);
  });
});

describe('junit', () => {
  it('counts what it holds', () => {
    const xml = told('junit', odd);
    const elements = elementsOf(xml);
    const count = (name: string) => elements.filter((e) => e === name).length;
    const [, tests, failures, errors, skipped] =
      /<testsuites [^>]*tests="(\d+)" failures="(\d+)" errors="(\d+)" skipped="(\d+)"/.exec(xml) ?? [];
    expect([count('testcase'), count('failure'), count('error'), count('skipped')]).toEqual(
      [tests, failures, errors, skipped].map(Number),
    );
    expect([count('testsuite'), count('failure'), count('error')]).toEqual([3, 4, 2]);
  });

  it('an instance without manifest is no success', () => {
    const [one] = clean.instances;
    const unknown = {
      ...clean,
      instances: [{ ...(one as (typeof clean.instances)[0]), verdict: 'unknown-image' as const }],
    };
    expect(told('junit', unknown)).toMatch(/errors="1"[\s\S]*<error message="[^"]+" type="unknown-image"\/>/);
  });

  it('our own reader of XML refuses what is none', () => {
    for (const bad of ['<a>', '<a></b>', '<a b="1" b="2"/>', '<a>&x</a>', '<a>\x1b</a>', '<a b=1/>', 'x', '<a/><b/>'])
      expect(() => elementsOf(bad), bad).toThrow();
  });
});

describe('csv', () => {
  it('has a row for each instance, finding and gap', () => {
    const [head = [], ...rows] = rowsOf(told('csv', odd));
    const at = (name: string) => head.indexOf(name);
    const of = (record: string) => rows.filter((row) => row[0] === record);
    expect([of('instance').length, of('finding').length, of('gap').length]).toEqual([3, 4, 2]);
    const raw = of('finding').find((row) => row[at('subject')]?.startsWith('/srv'))?.[at('subject_base64')] ?? '';
    expect(Buffer.from(raw, 'base64').toString('latin1')).toBe('/srv/\xff\xfe');
  });

  it.each(['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1', '＝1'])('%j is text to a spreadsheet', (name) => {
    const [one] = clean.instances;
    const report = { ...clean, instances: [{ ...(one as (typeof clean.instances)[0]), name }] };
    expect(rowsOf(told('csv', report))[1]?.[2]).toMatch(/^('|\\x)/);
  });
});

describe('prometheus', () => {
  it('has as many series as instances, not as findings', () => {
    const [, one] = odd.instances;
    if (!one) throw new Error('no instance');
    const more = {
      ...odd,
      instances: [{ ...one, findings: Array.from({ length: 300 }, () => one.findings[0] as never) }],
    };
    const few = { ...odd, instances: [one] };
    expect(told('prometheus', more).split('\n').length).toBe(told('prometheus', few).split('\n').length);
    expect(told('prometheus', more)).toMatch(/snowfence_instance_findings\{.*severity="critical"\} 300/);
  });
});

describe('ocsf', () => {
  const check = checker(ocsfSchema);

  it.each(Object.entries({ ...cases, evil: allEvil() }))('of %s holds what the specification requires', (_, report) => {
    const events = lines<Ocsf>(told('ocsf', report, { all: true }));
    expect(events.length).toBeGreaterThan(0);
    for (const event of events) {
      expect(check(event)).toEqual([]);
      expect(event['type_uid']).toBe(event.class_uid * 100 + event.activity_id);
      for (const [name, words] of Object.entries(ocsfSiblings))
        expect(event[name]).toBe(words[Number(event[`${name}_id`])]);
    }
  });

  it('fails, warns, suppresses and passes', () => {
    const seen = [...lines<Ocsf>(told('ocsf', odd)), ...lines<Ocsf>(told('ocsf', clean))].map(
      (event) => `${event.compliance.status} ${event['status']}`,
    );
    expect([...new Set(seen)].sort()).toEqual(['Fail New', 'Pass Resolved', 'Warning New', 'Warning Suppressed']);
  });
});

describe('ecs', () => {
  const check = checker(ecsSchema);

  it.each(Object.entries({ ...cases, evil: allEvil() }))('of %s has fields that the schema knows', (_, report) => {
    for (const document of lines(told('ecs', report, { all: true }))) expect(check(document)).toEqual([]);
  });

  it('has types that go with their category, for each kind and change', () => {
    const [, one] = odd.instances;
    const [found] = one?.findings ?? [];
    if (!one || !found) throw new Error('no finding');
    const findings = findingKinds.flatMap((kind) =>
      (['added', 'removed', 'changed', 'violates'] as const).map((change) => ({ ...found, kind, change })),
    );
    const events = lines<{ event: { category: [string]; type: [string] } }>(
      told('ecs', { ...odd, instances: [{ ...one, gaps: [], findings }] }),
    ).slice(1);
    expect(events.length).toBe(48);
    for (const { event } of events) expect(ecsTypes[event.category[0]], JSON.stringify(event)).toContain(event.type[0]);
  });
});

describe('markdown', () => {
  it('fits into a comment however much there is', () => {
    expect(told('markdown', allEvil()).length).toBeLessThan(65_000);
    expect(told('markdown', allEvil())).toMatch(/left out/);
  });

  it('hides nothing of a small report', () => {
    const text = told('markdown', odd);
    for (const word of ['/etc/app.conf', '-workers = 4', '`3.5.1-1` to', '**replace**', 'db-1'])
      expect(text).toContain(word);
  });
});

describe('cyclonedx', () => {
  // The names by which the copy of the schema refers to the two others.
  const named = (name: string) => ({
    ...published(name),
    $id: `http://cyclonedx.org/schema/${name}.SNAPSHOT.schema.json`,
  });
  const check = checker(published('cyclonedx-1.6'), named('spdx'), named('jsf-0.82'));
  const facts: [string, string][] = [
    ['apk musl', '1.2.5-r0'],
    ['apk-world nginx', '-'],
    ['dpkg libc6:i386', '2.36-9 (auto)'],
    ['dpkg openssl', '1:3.0.15-1 (hold, auto)'],
    ['dpkg-diversion /bin/sh', 'dash /bin/sh.distrib'],
    ['gem rake', '13.0.6 /usr/lib/gems'],
    ['npm @scope/name', '1.0.0 /usr/lib/a\t2.0.0 /usr/lib/b'],
    ['pacman bash', '5.2-1'],
    ['pip requests', '2.31.0 /usr/lib/python3'],
    ['rpm kernel', '1:5.14-1.x86_64,1:5.14-2.x86_64'],
    ['rpm-key abc-def', 'key of somebody'],
    ['snap core22', '1122, kept 1100'],
    ['flatpak org.x.Y', 'stable'],
    ['dpkg evil\xff\x1b[2J', '<script>'],
  ];
  const list = { os: { id: 'debian', version: '12' }, complete: true, facts };
  const told = (report: Report, packagesOf: (id: string) => typeof list | undefined) => {
    const chunks = loaded.get('cyclonedx')?.render(report, { color: false, all: false, packagesOf }) ?? [];
    return JSON.parse([...chunks].join('')) as {
      components: { name: string; components?: { name: string; version: string; purl?: string }[] }[];
      compositions: { aggregate: string; assemblies: string[] }[];
    };
  };

  it.each(Object.entries({ ...cases, evil: allEvil() }))('of %s follows the published schema', (_, report) => {
    const bom = told(report, () => list);
    expect(check(bom)).toEqual([]);
    expect(check({ ...bom, specVersion: 1 })).not.toEqual([]);
  });

  it('names each installed package by its URL, and no setting of a package manager', () => {
    const [one] = told(clean, () => list).components;
    const all = one?.components ?? [];
    expect(all.map(({ purl }) => purl)).toEqual([
      'pkg:apk/debian/musl@1.2.5-r0?distro=debian-12',
      'pkg:deb/debian/libc6@2.36-9?arch=i386&distro=debian-12',
      'pkg:deb/debian/openssl@1%3A3.0.15-1?distro=debian-12',
      'pkg:gem/rake@13.0.6',
      'pkg:npm/%40scope/name@1.0.0',
      'pkg:npm/%40scope/name@2.0.0',
      'pkg:alpm/debian/bash@5.2-1?distro=debian-12',
      'pkg:pypi/requests@2.31.0',
      'pkg:rpm/debian/kernel@5.14-1?arch=x86_64&distro=debian-12&epoch=1',
      'pkg:rpm/debian/kernel@5.14-2?arch=x86_64&distro=debian-12&epoch=1',
      undefined,
      undefined,
      'pkg:deb/debian/evil%FF%1B%5B2J@%3Cscript%3E?distro=debian-12',
    ]);
    expect(all.map(({ name, version }) => `${name} ${version}`)).toContain('core22 1122');
  });

  it('says of each instance how far its list is known', () => {
    const bom = told(odd, (id) => (id === 'db-1' ? undefined : { ...list, complete: id === 'web-2' }));
    expect(bom.compositions.map(({ aggregate, assemblies }) => [aggregate, assemblies])).toEqual([
      ['complete', ['instance-0']],
      ['incomplete', ['instance-1']],
      ['unknown', ['instance-2']],
    ]);
    expect(bom.components.map(({ components }) => components?.length)).toEqual([13, 13, undefined]);
  });
});
