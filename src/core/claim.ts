/** One instance's place in the memory that the answers of a scan share. */
export interface Claim {
  /** Takes so many bytes more; false when they are not to be had. */
  take(bytes: number): boolean;
  /** Set by who takes: lets go at once of all but the first `keep` bytes, and takes no more. */
  onCut: ((keep: number) => void) | undefined;
  /** Gives back what was taken; more may be taken after it. */
  release(): void;
  /** Gives back everything for good. */
  leave(): void;
}
