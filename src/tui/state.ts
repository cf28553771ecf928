import type { Severity, Verdict } from '../core/finding.ts';
import type { ReplacePlan } from '../core/replacement.ts';
import type { InstanceReport, Report, ReportFinding, ScanEvent } from '../core/report.ts';
import type { Listed, RunEnded, StepSeen, WaiveRequest } from './ports.ts';

export type ViewName =
  | 'fleet'
  | 'images'
  | 'changes'
  | 'plan'
  | 'instance'
  | 'finding'
  | 'gap'
  | 'image'
  | 'waive'
  | 'help';

/** One screen of the stack: what is shown, and where one is in it. */
export interface Screen {
  view: ViewName;
  /** Row of the cursor; below 0 = where the list begins. */
  cursor: number;
  /** First row that is on the screen. */
  top: number;
  filter: string;
  /** Id of the instance it is about. */
  instance?: string;
  /** Id of the finding it is about. */
  finding?: string;
  /** Number of the gap or image it is about. */
  at?: number;
  /** It is about the earlier of two reports. */
  earlier?: boolean;
  form?: WaiveForm;
}

export interface WaiveForm {
  values: WaiveRequest;
  /** Number of the field that is edited. */
  field: number;
  busy: boolean;
  error: string;
}

export const fleetSorts = ['score', 'name', 'verdict', 'findings', 'gaps', 'group'] as const;
export const findingSorts = ['kind', 'severity', 'newest', 'subject'] as const;
export const groupings = ['image', 'group', 'none'] as const;

/** How lists are shown; the same on all screens. */
export interface Prefs {
  sort: (typeof fleetSorts)[number];
  reverse: boolean;
  grouping: (typeof groupings)[number];
  findingSort: (typeof findingSorts)[number];
  hiddenVerdicts: ReadonlySet<Verdict>;
  hiddenSeverities: ReadonlySet<Severity>;
  /** Expected and waived differences are shown too. */
  all: boolean;
}

/** How far the reading of one instance is. */
export interface Phase {
  state: 'waiting' | 'connecting' | 'reading' | 'read';
  bytes: number;
  gaps: number;
  files: number;
}

/** A scan that runs. */
export interface Live {
  instances: readonly Listed[];
  phases: ReadonlyMap<string, Phase>;
  done: number;
  bytes: number;
  stopping: boolean;
}

export interface PlanState {
  state: 'asking' | 'ready' | 'running' | 'ended' | 'error';
  plan?: ReplacePlan;
  says: string;
  steps: readonly StepSeen[];
}

/** A line of text that is being typed at the foot of the screen. */
export interface Prompt {
  kind: 'filter' | 'export' | 'approve';
  text: string;
  /** What the filter was before. */
  before: string;
}

/** Something outside that is to be done. */
export type Effect =
  | { type: 'quit'; interrupted: boolean }
  | { type: 'copy'; text: string }
  | { type: 'export'; file: string; report: Report }
  | { type: 'plan'; report: Report; only: readonly string[] }
  | { type: 'apply'; plan: ReplacePlan }
  | { type: 'waive'; instance: InstanceReport; finding: ReportFinding; request: WaiveRequest }
  | { type: 'scan' }
  | { type: 'stop-scan' };

export interface State {
  size: { columns: number; rows: number };
  /** Where the report comes from, for people. */
  title: string;
  report?: Report;
  /** The earlier of two that are compared. */
  before?: Report;
  live?: Live;
  /** Never empty; the last one is shown. */
  screens: readonly Screen[];
  prefs: Prefs;
  /** Ids of the instances to be replaced. */
  marks: ReadonlySet<string>;
  prompt?: Prompt;
  plan?: PlanState;
  message?: { text: string; bad: boolean };
  /** Somebody asked to quit while something runs. */
  quitting: boolean;
  can: { replace: boolean; scan: boolean };
  /** What a waiver form begins with. */
  owner: string;
  history(instance: string): readonly number[];
  /** To be done after this action; gone with the next one. */
  effects: readonly Effect[];
}

/** What happens: a key (see keys.ts), the terminal, the scan, and the answers of the world. */
export type Action =
  | { type: 'key'; key: string }
  | { type: 'resize'; columns: number; rows: number }
  | { type: 'scan-begun'; instances: readonly Listed[] }
  | { type: 'events'; events: readonly ScanEvent[] }
  | { type: 'report'; report: Report; title: string }
  | { type: 'planned'; plan: ReplacePlan }
  | { type: 'stepped'; seen: StepSeen }
  | { type: 'ended'; ended: RunEnded }
  | { type: 'waived'; says: string }
  | { type: 'said'; says: string }
  | { type: 'failed'; what: Effect['type']; says: string };

export function screenOf(view: ViewName, more: Partial<Screen> = {}): Screen {
  return { view, cursor: -1, top: 0, filter: '', ...more };
}

/** The screen that is shown. */
export function current(state: State): Screen {
  return state.screens[state.screens.length - 1] ?? screenOf('fleet');
}

/** The audit as it begins. */
export function initial(
  of: Pick<State, 'title' | 'can' | 'history' | 'owner'> & Partial<Pick<State, 'report' | 'before' | 'size'>>,
): State {
  return {
    size: { columns: 80, rows: 24 },
    screens: [screenOf(of.before ? 'changes' : 'fleet')],
    prefs: {
      ...({ sort: 'score', reverse: false, grouping: 'image', findingSort: 'kind', all: false } as const),
      hiddenVerdicts: new Set(),
      hiddenSeverities: new Set(),
    },
    marks: new Set(),
    quitting: false,
    effects: [],
    ...of,
  };
}
