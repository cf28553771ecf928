import type { PlanItem, ReplacePlan, Step } from '../core/replacement.ts';
import type { InstanceReport, Report, ReportFinding, ScanEvent } from '../core/report.ts';

/** What a person says of a waiver, as it was typed. */
export interface WaiveRequest {
  owner: string;
  reason: string;
  expires: string;
  /** Empty = none. */
  ticket: string;
  scope: 'instance' | 'image' | 'fleet';
  pin: boolean;
  /** Policy file that it is written into. */
  file: string;
}

/** A step of a replacement, as it happens. */
export interface StepSeen {
  item: PlanItem;
  step: Step;
  state: 'begun' | 'done' | 'failed' | 'waiting';
  says: string;
}

/** How a run ended. */
export interface RunEnded {
  run: string;
  state: string;
  says: string;
}

/** Whoever is to be scanned, before anything is known of it. */
export interface Listed {
  id: string;
  name: string;
  group: string;
  image: string;
}

/** What the audit can have done: the only way from the screen to the world. Errors are shown, a UserError with its hint. */
export interface AuditPorts {
  /** Scans; events come while it runs, and an abort gives a partial report. Absent where nobody was named to scan. */
  scan?: {
    instances: readonly Listed[];
    run(onEvent: (event: ScanEvent) => void, signal: AbortSignal): Promise<Report>;
  };
  /** Live findings of an instance in its last scans, oldest first; empty where there is no memory. */
  history(instance: string): readonly number[];
  /** Writes the waiver; what was done, in one sentence. */
  waive(of: { instance: InstanceReport; finding: ReportFinding }, request: WaiveRequest): Promise<string>;
  /** Writes the report to a file that does not exist yet; what was done, in one sentence. */
  exportTo(file: string, report: Report): Promise<string>;
  /** Absent where no fleet file was named. */
  replace?: {
    /** Contacts nobody. `only` empty = all that may be. */
    plan(report: Report, only: readonly string[]): Promise<ReplacePlan>;
    apply(plan: ReplacePlan, onStep: (seen: StepSeen) => void, signal: AbortSignal): Promise<RunEnded>;
  };
}
