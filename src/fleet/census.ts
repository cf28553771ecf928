import type { Finding } from '../core/finding.ts';
import { isLive } from '../core/finding.ts';
import { Numbers } from './numbers.ts';

/** A finding without the instance it was found on: two instances with the same signature drifted alike. */
export function signature(finding: Finding): string {
  const after = finding.after ?? {};
  // What a file says is compared by what it says: the rest of the file may be each instance's own.
  const value =
    after['file'] === undefined
      ? (after['sha256'] ?? after['version'] ?? after['link'] ?? '')
      : [after['value'] ?? ''].flat().join('\n');
  return `${finding.kind}\0${finding.change}\0${finding.subject}\0${value}`;
}

/** Counts live findings by signature, image by image. Everybody is numbered, then counted, before anybody asks. */
export class Census {
  readonly #numbers = new Numbers();
  readonly #images = new Map<string, { instances: number; counts: Map<number, number> }>();

  /** A number for each finding, the same for the same signature; -1 for those that are not live. */
  number(findings: readonly Finding[]): Int32Array {
    return Int32Array.from(findings, (finding) => (isLive(finding) ? this.#numbers.of(signature(finding)) : -1));
  }

  /** Counts one judged instance of an image. */
  count(image: string, numbers: Int32Array): void {
    const of = this.#images.get(image) ?? { instances: 0, counts: new Map<number, number>() };
    this.#images.set(image, of);
    of.instances++;
    for (const number of new Set(numbers)) if (number >= 0) of.counts.set(number, (of.counts.get(number) ?? 0) + 1);
  }

  /** How many judged instances of the image show it, and of how many; undefined for what is not live. */
  prevalence(image: string, number: number): { seen: number; of: number } | undefined {
    if (number < 0) return undefined;
    const of = this.#images.get(image);
    return { seen: of?.counts.get(number) ?? 1, of: of?.instances ?? 1 };
  }
}
