import { isLive } from '../core/finding.ts';
import type { ReplacePlan } from '../core/replacement.ts';
import type { InstanceReport, Report, ReportFinding } from '../core/report.ts';
import { clean, type Line, textOf } from './cells.ts';
import { type ChangeRow, changesBetween } from './changes.ts';
import { indexOf, matcher, worstFirst } from './index-report.ts';
import { told } from './loop.ts';
import type { AuditPorts, WaiveRequest } from './ports.ts';
import { findingText } from './views/finding.ts';
import { imageText } from './views/images.ts';
import { coverageText, findingLine } from './views/instance.ts';
import { planText } from './views/plan.ts';

/** Wide enough that nothing is wrapped: a screen reader does that by itself. */
const wide = 100_000;

/** Where a plain audit reads and writes: lines, nothing else. */
export interface PlainWays {
  say(line: string): void;
  /** One line that was typed; undefined when there will be none any more. */
  ask(question: string): Promise<string | undefined>;
  signal: AbortSignal;
}

/** The audit without a screen: commands in, lines out, nothing is drawn over. For screen readers, poor terminals and scripts. */
export class PlainAudit {
  #report: Report | undefined;
  readonly #before: Report | undefined;
  readonly #ports: AuditPorts;
  readonly #ways: PlainWays;
  readonly #owner: string;
  /** What the numbers of the last list stand for. */
  #findings: { instance: InstanceReport; finding: ReportFinding }[] = [];
  #instances: InstanceReport[] = [];
  #plan: ReplacePlan | undefined;

  constructor(of: { report?: Report; before?: Report; ports: AuditPorts; ways: PlainWays; owner: string }) {
    this.#report = of.report;
    this.#before = of.before;
    this.#ports = of.ports;
    this.#ways = of.ways;
    this.#owner = of.owner;
  }

  /** Runs until there is nothing more to read, or until one quits. */
  async run(): Promise<void> {
    if (!this.#report) await this.#guarded(() => this.#scan());
    this.#list('');
    for (;;) {
      const line = this.#ways.signal.aborted ? undefined : await this.#ways.ask('audit> ');
      if (line === undefined) return;
      const [verb = '', ...rest] = line.trim().split(/\s+/);
      if (verb === 'quit' || verb === 'q') return;
      if (verb !== '') await this.#guarded(() => this.#act(verb, rest.join(' ')));
    }
  }

  async #guarded(act: () => Promise<void>): Promise<void> {
    try {
      await act();
    } catch (error) {
      for (const line of told(error).split('\n')) this.#say(`error: ${line}`);
    }
  }

  #say(...lines: string[]): void {
    for (const line of lines) this.#ways.say(clean(line));
  }

  #show(lines: readonly Line[]): void {
    this.#say(...lines.map(textOf));
  }

  async #act(verb: string, what: string): Promise<void> {
    if (verb === 'help' || verb === '?') this.#say(...usage);
    else if (verb === 'scan') await this.#scan();
    else if (!this.#report) this.#say('there is no report');
    else if (verb === 'list') this.#list(what);
    else if (verb === 'show') this.#instance(what);
    else if (verb === 'finding')
      this.#withFinding(what, (of) => this.#show(findingText(of.instance, of.finding, wide)));
    else if (verb === 'images')
      for (const one of this.#report.fleet) this.#show([...imageText(one, this.#report, wide), []]);
    else if (verb === 'changes') this.#changes();
    else if (verb === 'plan') await this.#makePlan(what);
    else if (verb === 'approve') await this.#approve(what);
    else if (verb === 'waive') await this.#waive(what);
    else if (verb === 'export') this.#say(await this.#ports.exportTo(what || 'audit.json', this.#report));
    else this.#say(`there is no "${verb}"; "help" lists what there is`);
  }

  #list(filter: string): void {
    if (!this.#report) return;
    const fits = matcher(filter);
    const entries = indexOf(this.#report)
      .entries.filter(({ hay }) => fits(hay))
      .sort((a, b) => b.score - a.score || (a.name < b.name ? -1 : 1));
    this.#instances = entries.flatMap(({ instance }) => (instance ? [instance] : []));
    for (const [i, { name, verdict, score, counts, gaps, instance }] of entries.entries()) {
      const found = worstFirst.filter((one) => counts[one] > 0).map((one) => `${counts[one]} ${one}`);
      const unread = gaps > 0 ? `, ${gaps} not read` : '';
      const history = this.#ports.history(instance?.id ?? name);
      const was = history.length > 1 ? `, findings before: ${history.slice(0, -1).join(' ')}` : '';
      this.#say(
        `${i + 1}. ${name}: ${verdict}, risk ${Math.round(score)}, ${found.join(' ') || 'no findings'}${unread}, ${instance?.recommendation.action}${was}`,
      );
    }
    this.#say(
      `${entries.length} of ${this.#report.instances.length} instances; "show N" opens one, "help" lists what there is`,
    );
  }

  #instance(what: string): void {
    const one =
      this.#instances[Number(what) - 1] ?? this.#report?.instances.find(({ name, id }) => name === what || id === what);
    if (!one) {
      this.#say(`there is no instance "${what}"; "list" numbers them`);
      return;
    }
    const { name, verdict, score, recommendation, gaps, findings, coverage } = one;
    const live = findings
      .filter(isLive)
      .sort((a, b) => worstFirst.indexOf(a.severity) - worstFirst.indexOf(b.severity));
    this.#findings = live.map((finding) => ({ instance: one, finding }));
    this.#say(
      `${name}: ${verdict}, risk ${Math.round(score)}, image ${one.image.ref || 'unknown'}`,
      `${recommendation.action}: ${recommendation.reason} (confidence ${recommendation.confidence})`,
      coverageText(coverage),
      ...live.map((finding, i) => `${i + 1}. ${textOf(findingLine(finding))}: ${finding.reason}`),
      ...gaps.map(({ probe, reason, detail }) => `not read: ${probe}: ${detail} [${reason}]`),
      `${live.length} live findings; "finding N" opens one, "waive N" waives it`,
    );
  }

  #withFinding(what: string, use: (of: { instance: InstanceReport; finding: ReportFinding }) => void): void {
    const numbered = this.#findings[Number(what) - 1];
    const byId = () =>
      this.#report?.instances.flatMap((instance) =>
        instance.findings.filter(({ id }) => what !== '' && id === what).map((finding) => ({ instance, finding })),
      )[0];
    const found = numbered ?? byId();
    if (found) use(found);
    else this.#say(`there is no finding "${what}"; "show N" numbers those of an instance`);
  }

  #changes(): void {
    if (!this.#before || !this.#report) {
      this.#say('only one report is open; start with --compare A B');
      return;
    }
    const line = ({ what, instance, finding }: ChangeRow) =>
      `${what}: ${instance.name}: ${textOf(findingLine(finding))}`;
    const rows = changesBetween(this.#before, this.#report);
    this.#say(...rows.map(line), `${rows.length} changes`);
  }

  async #scan(): Promise<void> {
    const { scan } = this.#ports;
    if (!scan) return this.#say('nobody was named to scan: start with INSTANCE... or --inventory FILE');
    this.#say(`scanning ${scan.instances.length} instances`);
    this.#report = await scan.run((event) => {
      if (event.type === 'instance-finished')
        this.#say(`read ${event.instance}: ${event.files} files, ${event.gaps} gaps`);
    }, this.#ways.signal);
    this.#plan = undefined;
  }

  async #makePlan(what: string): Promise<void> {
    const { replace } = this.#ports;
    if (!replace || !this.#report) return this.#say('no fleet file was named: start with --inventory FILE');
    this.#plan = await replace.plan(this.#report, what.split(/\s+/).filter(Boolean));
    this.#show(planText({ state: 'ready', plan: this.#plan, says: '', steps: [] }, wide));
    const { items, refusals } = this.#plan;
    if (items.length > 0 && refusals.length === 0)
      this.#say('to do it: approve, and 6 or more characters of the digest of the plan');
  }

  async #approve(what: string): Promise<void> {
    const plan = this.#plan;
    const hex = what.toLowerCase().replace(/^sha256:/, '');
    if (!plan) return this.#say('there is no plan: "plan" makes one');
    if (plan.refusals.length > 0 || plan.items.length === 0) return this.#say('there is nothing to approve');
    if (hex.length < 6 || !plan.digest.replace(/^sha256:/, '').startsWith(hex))
      return this.#say('not approved: type 6 or more characters of the digest; nothing was done');
    const ended = await this.#ports.replace?.apply(
      plan,
      ({ item, step, state, says }) => this.#say(`${item.name}: ${step} ${state}${says ? ` ${says}` : ''}`),
      this.#ways.signal,
    );
    this.#plan = undefined;
    if (ended) this.#say(`run ${ended.run}: ${ended.state}. ${ended.says}`);
  }

  async #waive(what: string): Promise<void> {
    let of: { instance: InstanceReport; finding: ReportFinding } | undefined;
    this.#withFinding(what, (found) => {
      of = found;
    });
    if (!of) return;
    const ask = async (question: string, otherwise: string) =>
      (await this.#ways.ask(`${question}${otherwise ? ` [${otherwise}]` : ''}: `))?.trim() || otherwise;
    const scope = async () => (await ask('scope: instance, image or fleet', 'instance')) as WaiveRequest['scope'];
    const request: WaiveRequest = {
      owner: await ask('owner', this.#owner),
      reason: await ask('reason', ''),
      expires: await ask('expires', '14d'),
      ticket: await ask('ticket', ''),
      scope: await scope(),
      pin: (await ask('only this content (yes or no)', 'no')).startsWith('y'),
      file: await ask('file', 'waivers.yaml'),
    };
    if (!['instance', 'image', 'fleet'].includes(request.scope))
      return this.#say(`there is no scope "${request.scope}"`);
    this.#say(await this.#ports.waive(of, request));
  }
}

const usage = [
  'list [WORDS]      instances, worst first; only those in which all words occur',
  'show N or NAME    one instance: findings, gaps, recommendation',
  'finding N or ID   one finding in full',
  'images            what the instances of each image share',
  'changes           what differs between two reports (--compare A B)',
  'plan [NAME...]    who would be replaced, and what the guard says',
  'approve DIGEST    does the plan; 6 or more characters of its digest',
  'waive N or ID     waives a finding, asking for owner, reason and expiry',
  'export FILE       the report: NAME.json as JSON, any other name as text',
  'scan              scans (again)',
  'quit              ends',
];
