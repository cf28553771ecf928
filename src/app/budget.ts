import type { Claim } from '../core/claim.ts';

/**
 * The memory that the answers of all instances of a scan share while they arrive. Everybody may have its share (the whole
 * divided by how many are read at once) and, while nobody else needs it, more. When it is all taken, the largest answer is
 * cut back to its share: one instance that sends without end cannot take what the others need.
 */
export class AnswerBudget {
  /** Bytes that are always there for each instance. */
  readonly share: number;
  private readonly bytes: number;
  private readonly claims = new Set<OwnClaim>();
  private readonly waiting: (() => void)[] = [];
  private taken = 0;
  private most = 0;

  /** `bytes` in all, for at most `atOnce` instances at the same time. */
  constructor(bytes: number, atOnce: number) {
    this.bytes = bytes;
    this.share = Math.max(1, Math.floor(bytes / Math.max(1, atOnce)));
  }

  /** Bytes that are taken now, and the most that ever were. */
  get held(): { now: number; most: number } {
    return { now: this.taken, most: this.most };
  }

  /** A place for one instance; waits while those that are being read have taken what its share would be. */
  async enter(): Promise<Claim> {
    while (this.taken > this.bytes - this.share && this.claims.size > 0)
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    const claim = new OwnClaim(this);
    this.claims.add(claim);
    return claim;
  }

  /** For claims only: may `claim` have so many bytes more? */
  grant(claim: OwnClaim, bytes: number): boolean {
    while (this.taken + bytes > this.bytes) {
      const largest = [...this.claims].filter((one) => one !== claim && one.onCut).sort((a, b) => b.held - a.held)[0];
      if (!largest || largest.held <= Math.max(this.share, claim.held + bytes)) return false;
      this.taken -= largest.cutTo(this.share);
    }
    this.taken += bytes;
    this.most = Math.max(this.most, this.taken);
    return true;
  }

  /** For claims only. */
  freed(claim: OwnClaim, bytes: number, gone: boolean): void {
    this.taken -= bytes;
    if (gone) this.claims.delete(claim);
    for (const wake of this.waiting.splice(0)) wake();
  }
}

class OwnClaim implements Claim {
  held = 0;
  onCut: ((keep: number) => void) | undefined;
  private readonly budget: AnswerBudget;

  constructor(budget: AnswerBudget) {
    this.budget = budget;
  }

  take(bytes: number): boolean {
    if (!this.budget.grant(this, bytes)) return false;
    this.held += bytes;
    return true;
  }

  /** Lets go of what is over; how much that was. */
  cutTo(share: number): number {
    const over = this.held - share;
    this.held = share;
    this.onCut?.(share);
    this.onCut = undefined;
    return over;
  }

  release(): void {
    const { held } = this;
    this.held = 0;
    this.onCut = undefined;
    this.budget.freed(this, held, false);
  }

  leave(): void {
    const { held } = this;
    this.held = 0;
    this.budget.freed(this, held, true);
  }
}
