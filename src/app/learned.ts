import { toYaml } from '../config/edit.ts';
import { printable } from '../core/bytes.ts';
import { UserError } from '../core/errors.ts';
import type { Report } from '../core/report.ts';
import { failedExamples } from '../policy/examples.ts';
import { learn } from '../policy/learn.ts';

/**
 * A policy to review, from a scan of freshly launched instances of one image: YAML. @throws UserError when they are of several
 * images, or none was judged.
 */
export function learnedPolicy(report: Report): string {
  const judged = report.instances.filter((one) => one.manifest !== null);
  const images = [...new Set(judged.map((one) => one.image.ref))];
  if (images.length !== 1)
    throw new UserError(
      `the scan ${report.scan.id} has ${images.length} images${images.length > 1 ? ` (${images.map(printable).join(', ')})` : ' that were judged'}`,
      'scan a few freshly launched, untouched instances of one image, then learn from that scan',
    );
  const { rules, refused } = learn(judged);
  const failing = new Set(failedExamples(rules.map(({ rule }) => rule)).map(({ rule }) => rule));
  const sound = rules.map(({ rule: { examples, ...rule } }) =>
    failing.has(rule.id) || !examples ? rule : { ...rule, examples },
  );
  const head = [
    `Proposed from ${judged.length} instances of ${printable(images[0] ?? '')} (scan ${report.scan.id}, ${report.scan.startedAt}).`,
    'Review each rule: is it right that this differs, and is its shape as narrow as it can be? Then say why in its reason.',
    ...(judged.length < 3
      ? ['From fewer than three instances little can be learned about what differs between them.']
      : []),
  ];
  const tail =
    refused.length > 0 ? ['', 'Nothing is proposed for:', ...refused.map((line) => `  ${printable(line)}`)] : [];
  const comment = (lines: string[]) => lines.map((line) => (line === '' ? '\n' : `# ${line}\n`)).join('');
  return `${comment(head)}${toYaml({ schema: 'snowfence.policy/v1', name: 'learned', rules: sound })}${comment(tail)}`;
}
