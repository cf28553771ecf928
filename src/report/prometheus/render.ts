import { printable } from '../../core/bytes.ts';
import { isLive, type Severity, severities, verdicts } from '../../core/finding.ts';
import type { InstanceReport, ReportView } from '../../core/report.ts';
import type { Renderer } from '../renderer.ts';
import { cut, imageOf } from '../text.ts';
import { line } from './line.ts';

/** What is kept of an instance: samples of one metric stand together, so they are written after all were seen. */
interface Sample {
  target: string;
  group: string;
  image: string;
  verdict: string;
  score: number;
  findings: Record<Severity, number>;
  gaps: number;
  files: number;
  seconds: number;
}

/** Longest value of a label, characters: servers drop what is much longer. */
const longest = 200;

/** Samples that are written at once. */
const atOnce = 1000;

/**
 * Prometheus' text format, for the textfile collector or a /metrics endpoint: nothing per finding, ten series an instance.
 * The label `target` is the instance's id, because scraping sets the label `instance` itself.
 */
export const prometheus: Renderer = {
  format: 'prometheus',
  *render(report, _) {
    const samples = samplesOf(report);
    yield* ofScan(report);
    for (const { name, help, of } of perInstance) {
      yield `# HELP ${name} ${help}\n# TYPE ${name} gauge\n`;
      for (let from = 0; from < samples.length; from += atOnce)
        yield samples
          .slice(from, from + atOnce)
          .flatMap((one) => of(one).map(({ value, ...more }) => line(name, { ...labelsOf(one), ...more }, value)))
          .join('');
    }
  },
};

const labelsOf = ({ target, group, image }: Sample) => ({ target, group, image });

const perInstance: {
  name: string;
  help: string;
  of: (one: Sample) => { value: number; [label: string]: string | number }[];
}[] = [
  {
    name: 'snowfence_instance_verdict',
    help: 'Verdict of an instance: 1 for the one it has.',
    of: ({ verdict }) => [{ verdict, value: 1 }],
  },
  {
    name: 'snowfence_instance_score',
    help: 'How far an instance is from its image, 0 to 100.',
    of: ({ score }) => [{ value: score }],
  },
  {
    name: 'snowfence_instance_findings',
    help: 'Live findings of an instance.',
    of: ({ findings }) => severities.map((severity) => ({ severity, value: findings[severity] })),
  },
  {
    name: 'snowfence_instance_gaps',
    help: 'Things of an instance that could not be read.',
    of: ({ gaps }) => [{ value: gaps }],
  },
  {
    name: 'snowfence_instance_hashed_files_ratio',
    help: 'Share of the regular files in scope that were hashed, 0 to 1.',
    of: ({ files }) => [{ value: files }],
  },
  {
    name: 'snowfence_instance_read_seconds',
    help: 'How long an instance was read.',
    of: ({ seconds }) => [{ value: seconds }],
  },
];

function* ofScan({ scan, summary }: ReportView): Iterable<string> {
  const [from, to] = [Date.parse(scan.startedAt) / 1000 || 0, Date.parse(scan.finishedAt) / 1000 || 0];
  const gauge = (name: string, help: string, values: { value: number; [label: string]: string | number }[]) =>
    `# HELP ${name} ${help}\n# TYPE ${name} gauge\n${values.map(({ value, ...labels }) => line(name, labels, value)).join('')}`;
  yield gauge('snowfence_scan_finished_timestamp_seconds', 'When the scan ended.', [{ value: to }]);
  yield gauge('snowfence_scan_duration_seconds', 'How long the scan took.', [{ value: Math.max(0, to - from) }]);
  yield gauge('snowfence_scan_partial', 'Was the scan interrupted?', [{ value: scan.partial ? 1 : 0 }]);
  yield gauge(
    'snowfence_instances',
    'Instances of the scan by verdict.',
    verdicts.map((verdict) => ({ verdict, value: summary.instances[verdict] ?? 0 })),
  );
  yield gauge(
    'snowfence_findings',
    'Live findings of the scan by severity.',
    severities.map((severity) => ({ severity, value: summary.findings[severity] ?? 0 })),
  );
  yield gauge('snowfence_gaps', 'Things that could not be read.', [{ value: summary.gaps }]);
}

function samplesOf({ instances }: ReportView): Sample[] {
  const targets = new Set<string>();
  const samples: Sample[] = [];
  for (const one of instances) {
    const name = label(one.id);
    // Two long names may be cut to the same; the same series twice would make the whole file invalid.
    let target = name;
    for (let n = samples.length; targets.has(target); n++) target = `${name}~${n}`;
    targets.add(target);
    samples.push({ ...sampleOf(one), target });
  }
  return samples;
}

function sampleOf(one: InstanceReport): Omit<Sample, 'target'> {
  const findings = Object.fromEntries(severities.map((s) => [s, 0])) as Record<Severity, number>;
  for (const finding of one.findings) if (isLive(finding)) findings[finding.severity]++;
  const { verdict, score, gaps, coverage, seconds } = one;
  const known = { group: label(one.group), image: label(imageOf(one)), verdict: label(verdict) };
  return { ...known, score, findings, gaps: gaps.length, files: coverage.files, seconds: seconds ?? 0 };
}

/** What printable() gives may be longer: cut afterwards. */
const label = (text: string) => cut(printable(text), longest);
