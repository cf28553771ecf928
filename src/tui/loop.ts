import { messageOf, UserError } from '../core/errors.ts';
import { ReplaceError } from '../core/replacement.ts';
import type { ScanEvent } from '../core/report.ts';
import type { AuditPorts } from './ports.ts';
import { inRange, reduce } from './reduce/reduce.ts';
import type { Action, Effect, State } from './state.ts';

/** Milliseconds for which what a scan tells is gathered before it is drawn. */
const gather = 100;

/** What takes its time. */
type Asked = Exclude<Effect, { type: 'quit' | 'copy' | 'stop-scan' }>;

/** What the loop needs beside the ports. */
export interface LoopWays {
  /** Puts a clean text on the clipboard. */
  copy(text: string): void;
  quit(interrupted: boolean): void;
}

/** Holds the state, and has done outside what the reducer asks for. Knows nothing of drawing. */
export class AuditLoop {
  #state: State;
  readonly #ports: AuditPorts;
  readonly #ways: LoopWays;
  readonly #listeners = new Set<() => void>();
  #events: ScanEvent[] = [];
  #timer: NodeJS.Timeout | undefined;
  #scan: AbortController | undefined;
  #run: AbortController | undefined;
  /** Scans and replacements that are not over: whoever quits waits for them, so that nothing is cut in the middle. */
  readonly #busy = new Set<Promise<unknown>>();

  constructor(state: State, ports: AuditPorts, ways: LoopWays) {
    this.#state = inRange(state);
    this.#ports = ports;
    this.#ways = ways;
  }

  readonly state = (): State => this.#state;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly dispatch = (action: Action): void => {
    this.#state = reduce(this.#state, action);
    const { effects } = this.#state;
    for (const listener of this.#listeners) listener();
    for (const effect of effects) this.#do(effect);
  };

  /** Interrupts whatever runs and waits until it has ended; `onWait` is told when there is something to wait for. */
  async stop(onWait: () => void = () => {}): Promise<void> {
    clearTimeout(this.#timer);
    if (this.#busy.size > 0) onWait();
    this.#scan?.abort();
    this.#run?.abort();
    await Promise.allSettled(this.#busy);
  }

  #do(effect: Effect): void {
    if (effect.type === 'quit') this.#ways.quit(effect.interrupted);
    else if (effect.type === 'copy') this.#ways.copy(effect.text);
    else if (effect.type === 'stop-scan') this.#scan?.abort();
    else this.#begin(effect);
  }

  #begin(effect: Asked): void {
    const task = this.#ask(effect)
      .then((action) => this.dispatch(action))
      .catch((error: unknown) => this.dispatch({ type: 'failed', what: effect.type, says: told(error) }))
      .finally(() => this.#busy.delete(task));
    this.#busy.add(task);
  }

  async #ask(effect: Asked): Promise<Action> {
    const { replace, scan } = this.#ports;
    switch (effect.type) {
      case 'export':
        return { type: 'said', says: await this.#ports.exportTo(effect.file, effect.report) };
      case 'waive':
        return { type: 'waived', says: await this.#ports.waive(effect, effect.request) };
      case 'plan':
        if (!replace) throw new UserError('no fleet file was named', 'start with --inventory FILE');
        return { type: 'planned', plan: await replace.plan(effect.report, effect.only) };
      case 'apply': {
        if (!replace) throw new UserError('no fleet file was named', 'start with --inventory FILE');
        this.#run = new AbortController();
        const onStep = (seen: Extract<Action, { type: 'stepped' }>['seen']) => this.dispatch({ type: 'stepped', seen });
        return { type: 'ended', ended: await replace.apply(effect.plan, onStep, this.#run.signal) };
      }
      case 'scan': {
        if (!scan) throw new UserError('nobody was named to scan', 'start with INSTANCE... or --inventory FILE');
        this.#scan = new AbortController();
        this.dispatch({ type: 'scan-begun', instances: scan.instances });
        const report = await scan.run((event) => this.#hear(event), this.#scan.signal);
        this.#flush();
        return { type: 'report', report, title: report.scan.partial ? 'partial scan' : 'live scan' };
      }
    }
  }

  #hear(event: ScanEvent): void {
    this.#events.push(event);
    this.#timer ??= setTimeout(() => this.#flush(), gather);
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const events = this.#events;
    this.#events = [];
    if (events.length > 0) this.dispatch({ type: 'events', events });
  }
}

/** What went wrong, with what to do about it. */
export function told(error: unknown): string {
  const hint = error instanceof UserError || error instanceof ReplaceError ? error.hint : '';
  return hint === '' ? messageOf(error) : `${messageOf(error)}\n${hint}`;
}
