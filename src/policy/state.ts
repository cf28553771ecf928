import { display, escapeName, unescapeName } from '../core/bytes.ts';
import { type Attributes, compareSeverity, type Finding } from '../core/finding.ts';
import { hasCapabilities, isSetId } from '../fingerprint/files.ts';
import { compareFacts, type FactDrift, onlyCommentsDiffer } from '../state/compare.ts';
import type { Format, SeenFile, StateFact } from '../state/format.ts';
import { Side } from '../state/side.ts';
import type { Case, FileDrift } from './case.ts';
import { expectedLine } from './expectation.ts';
import { beyondContent, type JudgedFile } from './files.ts';
import { makeFinding } from './make.ts';
import { serversOf } from './name-servers.ts';

/** More facts than these that differ in one file are not told one by one: the file is the finding. */
const mostFindings = 20;

/** Turns the finding of a file of configuration into what it means. */
export class Meaning {
  readonly #the: Case;
  readonly #before: Side;
  readonly #after: Side;

  constructor(the: Case) {
    this.#the = the;
    this.#before = new Side(the.image);
    this.#after = new Side(the.live, the.image);
  }

  /** Is it a file of a known format? Directories have no meaning. */
  knows(file: FileDrift): boolean {
    return this.formatOf(file) !== '';
  }

  /** Name of the format; empty when there is none. */
  formatOf({ drift, before, after }: FileDrift): string {
    const path = unescapeName(drift.key);
    const found = this.#after.formatOf(path) ?? this.#before.formatOf(path);
    return (after ?? before)?.type === 'd' ? '' : (found?.format.name ?? '');
  }

  /**
   * The facts that differ, the file's own finding folded into the first. A difference that no parser understands stays
   * the finding of the file; one of nothing but comments becomes a low one.
   */
  of({ finding, doubt }: JudgedFile, file: FileDrift): Finding[] {
    const path = unescapeName(file.drift.key);
    const found = this.#after.formatOf(path) ?? this.#before.formatOf(path);
    if (!found || isMighty(file)) return [finding];
    const { format, account } = found;
    const [before, after] = this.#texts(file, path);
    const [was, is] = this.#withoutExpected(file, before, after);
    const old = read(format, file.drift.before, (value) => this.#before.see(path, account, value, was));
    const now = read(format, file.drift.after, (value) => this.#after.see(path, account, value, is));
    // A text that became a link to somewhere else is one change, whatever it said.
    if (file.before && file.after && file.before.type !== file.after.type && (old.length === 0 || now.length === 0))
      return [finding];
    const all = compareFacts(old, now);
    if (all.length === 0 && commentsOnly(format, file, before, after) && !finding.tamper)
      return [{ ...finding, severity: 'low', reason: `only comments and empty lines changed${doubt}` }];
    const drifts = all.filter((drift) => !this.#isLaunchKey(drift));
    // In a file that was there before, whatever somebody changed was changed on purpose.
    const minor = ({ before: b, after: a }: FactDrift) => file.drift.change !== 'changed' && (a ?? b)?.minor === true;
    const major = drifts.filter((drift) => !minor(drift));
    const told = major.length > 0 ? major : drifts;
    if (told.length === 0) return [finding];
    // A file that is gone took all it said with it: one change.
    const most = file.drift.change === 'removed' ? 1 : mostFindings;
    if (told.length > most) return [{ ...finding, explains: finding.explains + told.length }];
    // Its own file is no other difference: it is where the fact stands.
    const folded = drifts.length - told.length;
    return told.map((drift, i) => this.#finding(finding, file, drift, i === 0 ? { doubt, folded } : undefined));
  }

  /** Both texts, or neither: with one alone everything in it would be a difference. */
  #texts({ drift }: FileDrift, path: string): [string | undefined, string | undefined] {
    const isFile = (value: string | undefined) => value?.startsWith('f ') === true;
    const before = isFile(drift.before) ? this.#before.textOf(path) : undefined;
    const after = isFile(drift.after) ? this.#after.textOf(path) : undefined;
    const lost = isFile(drift.before) && isFile(drift.after) && (before === undefined) !== (after === undefined);
    return lost ? [undefined, undefined] : [before, after];
  }

  /** Lines that an expectation covers stay expected though others in the file are not. */
  #withoutExpected({ drift }: FileDrift, before?: string, after?: string): [string | undefined, string | undefined] {
    const rules = this.#the.policy.expect
      .filter(
        ({ rule, matches }) => rule.fact === 'file' && rule.only?.lines !== undefined && matches({ path: drift.key }),
      )
      .map(({ rule }) => rule)
      .filter((rule) => rule.changes.includes(drift.change));
    if (rules.length === 0) return [before, after];
    const servers = serversOf(this.#the, drift.key);
    const without = (text: string | undefined, other: string | undefined) => {
      const there = new Set((other ?? '').split('\n'));
      return text
        ?.split('\n')
        .filter((line) => there.has(line) || !rules.some((rule) => expectedLine(rule, line, servers)))
        .join('\n');
    };
    return [without(before, after), without(after, before)];
  }

  #isLaunchKey({ change, after }: FactDrift): boolean {
    return (
      change === 'added' && after?.publicKey !== undefined && this.#the.live.os.launchKeys.includes(after.publicKey)
    );
  }

  #finding(base: Finding, file: FileDrift, drift: FactDrift, first?: { doubt: string; folded: number }): Finding {
    const fact = (drift.after ?? drift.before) as StateFact;
    const more = first ? beyondContent(file) : [];
    const where = [base.subject, ...more].join(', ');
    const worse = fact.severity && compareSeverity(fact.severity, base.severity) > 0 ? fact.severity : base.severity;
    const renamed = drift.before && drift.after && drift.before.subject !== drift.after.subject;
    const before = attributes(base.subject, drift.before, base.before, renamed);
    const after = attributes(base.subject, drift.after, base.after, renamed);
    return makeFinding(this.#the.instance.id, fact.kind, drift.change, escapeName(fact.subject), {
      severity: worse,
      disposition: base.disposition,
      rule: base.rule,
      reason: `${drift.change}: ${display(escapeName(fact.reason)).text} (${where})${first?.doubt ?? ''}`,
      tamper: base.tamper,
      controls: base.controls,
      ...(before ? { before } : {}),
      ...(after ? { after } : {}),
      ...(base.ownedBy ? { ownedBy: base.ownedBy } : {}),
      ...(base.considered ? { considered: base.considered } : {}),
      ...(first && base.diff ? { diff: base.diff } : {}),
      explains: first ? base.explains + first.folded : 0,
    });
  }
}

/** Whose rights it runs with weighs more than what kind of file it is. */
function isMighty({ after }: FileDrift): boolean {
  return after !== undefined && (isSetId(after) || hasCapabilities(after));
}

function read(format: Format, value: string | undefined, see: (value: string) => SeenFile): StateFact[] {
  return value?.startsWith('f ') || value?.startsWith('l ') ? format.facts(see(value)) : [];
}

function commentsOnly(format: Format, file: FileDrift, before?: string, after?: string): boolean {
  if (!format.comment || file.drift.change !== 'changed' || before === undefined || after === undefined) return false;
  return beyondContent(file).length === 0 && onlyCommentsDiffer(format.comment, before, after);
}

/** `value` is the whole fact where a line was rewritten, and its subject with it. */
function attributes(
  file: string,
  fact: StateFact | undefined,
  of: Attributes | undefined,
  whole = false,
): Attributes | undefined {
  if (!fact) return undefined;
  const shown = (text: string) => display(escapeName(text)).text;
  const said = typeof fact.value === 'string' ? shown(fact.value) : fact.value.map(shown);
  const value = whole && said.length === 0 ? shown(fact.subject) : said;
  return { file, ...(value.length > 0 ? { value } : {}), ...of };
}

/** Files that a merged finding names. */
const mostNamed = 5;

/** The same fact stated by several files (a certificate and its links, a script and its links) is one finding. */
export function mergeSame(findings: readonly Finding[]): Finding[] {
  const found = new Map<string, Finding[]>();
  for (const finding of findings) {
    const same = found.get(finding.id);
    if (same) same.push(finding);
    else found.set(finding.id, [finding]);
  }
  return [...found.values()].map(merge);
}

function merge(same: readonly Finding[]): Finding {
  const [first, ...more] = same as [Finding, ...Finding[]];
  if (more.length === 0) return first;
  const files = more.map(({ before, after }) => String(after?.['file'] ?? before?.['file'] ?? ''));
  const named = files.slice(0, mostNamed).join(', ');
  const diffs = same.flatMap(({ diff }) => diff ?? []).slice(0, mostNamed);
  return {
    ...first,
    severity: same.map((one) => one.severity).reduce((a, b) => (compareSeverity(a, b) < 0 ? b : a)),
    tamper: same.some((one) => one.tamper),
    reason: `${first.reason}; also ${named}${files.length > mostNamed ? ` and ${files.length - mostNamed} more` : ''}`,
    explains: same.reduce((sum, one) => sum + one.explains, same.length - 1),
    ...(diffs.length > 0 ? { diff: diffs.join('\n') } : {}),
  };
}
