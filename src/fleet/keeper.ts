import { compareSeverity, type Finding, type Findings } from '../core/finding.ts';
import { Census } from './census.ts';
import { FindingPool } from './pool.ts';

/** Findings of one instance as they are kept until all are judged. */
export interface KeptFindings {
  /** Gravest first. */
  findings: Findings;
  /** Of the census, in the same order. */
  numbers: Int32Array;
}

/** Keeps the findings of the instances of a scan, numbered, in little memory. */
export class Keeper {
  readonly census = new Census();
  readonly #pool = new FindingPool();

  keep(findings: readonly Finding[]): KeptFindings {
    const sorted = [...findings].sort((a, b) => compareSeverity(b.severity, a.severity));
    const numbers = this.census.number(sorted);
    return { findings: this.#pool.add(sorted, numbers), numbers };
  }
}
