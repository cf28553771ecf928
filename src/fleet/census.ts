import type { Finding } from '../core/finding.ts';
import { isLive } from '../core/finding.ts';
import type { Member } from './consensus.ts';

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

/**
 * Counts live findings by signature, image by image. A signature is made once a finding and becomes a number: ten thousand
 * instances with hundreds of findings each are millions of them.
 */
export class Census {
  /** Judged members by image, in their order. */
  readonly images = new Map<string, Member[]>();
  private readonly numbers = new Map<string, number>();
  private readonly ids = new Map<Member, Int32Array>();
  private readonly counts = new Map<string, Map<number, number>>();

  constructor(members: readonly Member[]) {
    for (const member of members) {
      if (!member.judged) continue;
      const { image, findings } = member;
      const siblings = this.images.get(image);
      if (siblings) siblings.push(member);
      else this.images.set(image, [member]);
      const counts = this.counts.get(image) ?? new Map<number, number>();
      this.counts.set(image, counts);
      const ids = Int32Array.from(findings, (finding) => (isLive(finding) ? this.number(signature(finding)) : -1));
      this.ids.set(member, ids);
      for (const id of new Set(ids)) if (id >= 0) counts.set(id, (counts.get(id) ?? 0) + 1);
    }
  }

  /** Number of the signature of a member's finding; -1 when it is not live, or the member was not judged. */
  numberOf(member: Member, at: number): number {
    return this.ids.get(member)?.[at] ?? -1;
  }

  /** How many judged members of the image show it, and of how many. */
  prevalence(image: string, number: number): { seen: number; of: number } {
    return { seen: this.counts.get(image)?.get(number) ?? 1, of: this.images.get(image)?.length ?? 1 };
  }

  /** The same text for members with the same live findings; empty for those without. */
  cluster(member: Member): string {
    const live = (this.ids.get(member) ?? new Int32Array()).filter((id) => id >= 0);
    return live.sort().join(' ');
  }

  private number(text: string): number {
    const known = this.numbers.get(text);
    if (known !== undefined) return known;
    this.numbers.set(text, this.numbers.size);
    return this.numbers.size - 1;
  }
}
