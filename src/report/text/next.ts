import { printable } from '../../core/bytes.ts';
import type { ReportView } from '../../core/report.ts';
import type { Named } from '../overview.ts';
import type { Paint } from './style.ts';

/** Names of instances, the first twelve. */
export function names({ first, count }: Named): string {
  const shown = first.map(printable);
  return count > shown.length ? `${shown.join(', ')} and ${count - shown.length} more` : shown.join(', ');
}

/** What to do next, per action, most urgent first. */
export function nextSteps({ fleet }: Pick<ReportView, 'fleet'>, told: Map<string, Named>, paint: Paint): string[] {
  const actions = { investigate: 'Investigate', replace: 'Replace', rebake: 'Rebake the image of' } as const;
  const lines = Object.entries(actions).flatMap(([action, word]) => {
    const instances = told.get(action);
    return instances ? [`  ${word}: ${names(instances)}`] : [];
  });
  const images = fleet.flatMap(({ image, recommendation, skew = [] }) => [
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
function skewLine(image: string, skew: NonNullable<ReportView['fleet'][number]['skew']>, paint: Paint): string[] {
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
