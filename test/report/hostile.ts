import fc from 'fast-check';
import { display } from '../../src/core/bytes.ts';
import { findingKinds, severities, verdicts } from '../../src/core/finding.ts';
import type { InstanceReport, Report, ReportFinding } from '../../src/core/report.ts';
import { cases } from './reports.ts';

/** What a target, an inventory or an image may hold that wants to be more than text somewhere. */
export const evil: readonly string[] = [
  '<script>document.title="owned"</script>',
  '</script><script>document.title="owned"</script><!--',
  `"><img src=x onerror="document.title='owned'">`,
  `' onmouseover='document.title="owned"`,
  '<![CDATA[ ]]> &amp; &#x1b; <?xml ?>',
  "=cmd|' /C calc'!A0",
  '+1+1',
  '-2+3',
  '@SUM(A1)',
  '\t=1',
  '\r=1',
  'a,b;"c"\n"d",e',
  '\x1b[2J\x1b]0;owned\x07',
  '\u009b2J\u009d0;owned\u009c\u007f',
  '\u202egnp.exe\u200b\u2028\u2029\ufeff',
  'a | b || c \\| d `x` ``` **bold** [x](http://example.com) ![x](http://example.com/x.png)',
  '@everyone @all #1 http://example.com www.example.com a@example.com :warning:',
  '---\n# Title\n- [ ] x',
  '{{7*7}} #{7*7} %s %n',
  '\ud800 half \udfff',
  '\ufffe\uffff\u0000\u0008',
  '../../etc/passwd',
  '..',
  '',
  '   ',
  'x'.repeat(4096),
  '\n'.repeat(50),
  '__proto__',
];

const text = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...evil) },
  { weight: 2, arbitrary: fc.string({ unit: 'binary', maxLength: 60 }) },
  {
    weight: 1,
    arbitrary: fc.array(fc.constantFrom(...evil), { minLength: 2, maxLength: 3 }).map((all) => all.join('')),
  },
);
/** A name of bytes: most are not UTF-8. */
const name = fc.oneof(
  fc.uint8Array({ minLength: 1, maxLength: 40 }).map((bytes) => display(Buffer.from(bytes).toString('latin1'))),
  text.map((t) => ({ text: t })),
);
const attributes = fc.dictionary(text, fc.oneof(text, fc.integer(), fc.boolean(), fc.array(text, { maxLength: 3 })), {
  maxKeys: 4,
  noNullPrototype: true,
});

const finding = fc
  .record({
    ...{
      name,
      id: text,
      rule: text,
      reason: text,
      diff: text,
      ownedBy: text,
      agent: text,
      before: attributes,
      after: attributes,
    },
    kind: fc.constantFrom(...findingKinds),
    change: fc.constantFrom('added' as const, 'removed' as const, 'changed' as const, 'violates' as const),
    severity: fc.constantFrom(...severities),
    disposition: fc.constantFrom('drift' as const, 'violation' as const, 'expected' as const, 'waived' as const),
    explains: fc.nat(1000),
    tamper: fc.boolean(),
    controls: fc.array(text, { maxLength: 3 }),
    attack: fc.record({ id: text, name: text, tactic: text }),
    attribution: fc.array(fc.record({ by: text, command: text, source: text }), { maxLength: 2 }),
  })
  .map(({ name, ...rest }): ReportFinding => {
    const base64 = 'base64' in name ? name.base64 : undefined;
    return { ...rest, subject: name.text, ...(base64 === undefined ? {} : { subjectBase64: base64 }) };
  });

const instance = fc
  .record({
    ...{ id: text, uri: text, name: text, group: text, os: text, identity: text },
    labels: fc.dictionary(text, text, { maxKeys: 3, noNullPrototype: true }),
    image: fc.record({ ref: text }),
    verdict: fc.constantFrom(...verdicts),
    score: fc.nat(100),
    reason: text,
    gaps: fc.array(
      fc.record({ probe: text, reason: fc.constantFrom('permission' as const, 'cut' as const), detail: text }),
      { maxLength: 2 },
    ),
    findings: fc.array(finding, { maxLength: 4 }),
  })
  .map(
    ({ reason, ...rest }): InstanceReport => ({
      ...rest,
      manifest: null,
      flags: [rest.verdict],
      recommendation: { action: 'replace', reason, confidence: 'low' },
      coverage: { files: 1, filesSeen: 1, filesHashed: 1, bytesHashed: 1, excluded: [] },
      seconds: 1,
    }),
  );

/** Reports in which every name wants to deceive. */
export const hostileReport = fc
  .record({ instances: fc.array(instance, { maxLength: 4 }), image: text, version: text })
  .map(({ instances, image, version }): Report => {
    const base = cases['clean'];
    if (!base) throw new Error('no report');
    const subject = instances[0]?.findings[0]?.subject ?? '';
    const fleet = [
      {
        image,
        instances: instances.length,
        consensus: [{ kind: 'file' as const, change: 'added', subject, seen: 1, of: 1 }],
        clusters: [],
        snowflakes: [],
      },
    ];
    return { ...base, scan: { ...base.scan, scanner: { version } }, instances, fleet };
  });

/** One report that holds each of these names in each place. */
export function allEvil(): Report {
  const base = cases['odd'];
  const [model] = base?.instances.slice(1) ?? [];
  const [found] = model?.findings ?? [];
  if (!base || !model || !found) throw new Error('no report');
  const instances = evil.map(
    (bad, i): InstanceReport => ({
      ...model,
      ...{ id: `${bad}${i}`, uri: bad, name: bad, group: bad, os: bad, image: { ref: bad }, labels: { [bad]: bad } },
      verdict: 'snowflake',
      recommendation: { action: 'replace', reason: bad, confidence: 'high' },
      gaps: [{ probe: 'files', reason: 'permission', detail: bad }],
      findings: evil.map((worse, k) => ({
        ...found,
        ...{
          id: `sf-${i}-${k}`,
          subject: worse,
          reason: worse,
          rule: worse,
          ownedBy: worse,
          diff: `--- a\n+++ b\n@@ -1 +1 @@\n-${bad}\n+${worse}\n`,
        },
        controls: [worse],
        after: { value: worse, [worse]: worse },
        attribution: [{ by: worse, command: worse, source: worse }],
      })),
    }),
  );
  return {
    ...base,
    instances,
    fleet: [{ image: evil.join(' '), instances: 1, consensus: [], clusters: [], snowflakes: [] }],
  };
}
