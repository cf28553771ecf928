import { printable } from '../../core/bytes.ts';
import type { InstanceReport, Report } from '../../core/report.ts';
import type { Paint } from './style.ts';

/** Names of instances, the first twelve. */
export function names(instances: InstanceReport[]): string {
  const shown = instances.slice(0, 12).map((i) => printable(i.name));
  return instances.length > 12 ? `${shown.join(', ')} and ${instances.length - 12} more` : shown.join(', ');
}

/** What to do next, per action, most urgent first. */
export function nextSteps(report: Report, paint: Paint): string[] {
  const actions = { investigate: 'Investigate', replace: 'Replace', rebake: 'Rebake the image of' } as const;
  const lines = Object.entries(actions).flatMap(([action, word]) => {
    const instances = report.instances.filter((i) => i.recommendation.action === action);
    return instances.length > 0 ? [`  ${word}: ${names(instances)}`] : [];
  });
  const images = report.fleet.flatMap(({ image, recommendation, skew = [] }) => [
    ...(!recommendation || recommendation.action === 'keep' || image === ''
      ? []
      : [
          `  image ${printable(image)}: ${recommendation.action} (confidence ${recommendation.confidence}): ${printable(recommendation.reason)}`,
        ]),
    ...skewLine(image, skew, paint),
  ]);
  return lines.length > 0 ? [paint('bold', 'What to do next'), ...lines, ...images, ''] : [];
}

/** Packages whose versions are told of one image; the JSON report has more. */
const mostSkewed = 3;

/** Which versions of a package run side by side, and since when. */
function skewLine(image: string, skew: NonNullable<Report['fleet'][number]['skew']>, paint: Paint): string[] {
  if (skew.length === 0) return [];
  const shown = skew.slice(0, mostSkewed).map(({ package: name, versions }) => {
    const parts = versions
      .slice(0, 4)
      .map((v) => `${printable(v.version)} on ${v.instances}${v.since ? ` since ${v.since.slice(0, 10)}` : ''}`);
    return `${printable(name)} (${parts.join(', ')})`;
  });
  const more = skew.length > mostSkewed ? ` and ${skew.length - mostSkewed} more packages` : '';
  return [paint('dim', `  versions side by side in ${printable(image)}: ${shown.join('; ')}${more}`)];
}
