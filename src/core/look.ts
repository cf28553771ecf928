/** One look at an instance as the store remembers it. */
export interface LookRow {
  /** When the scan began. */
  startedAt: string;
  verdict: string;
  /** 0-100. */
  score: number;
  /** False when the instance was not read in full. */
  complete: boolean;
  /** Live findings then; those that went and came again count from when they came again. */
  live: number;
}
