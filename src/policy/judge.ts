import type { Attributes, Finding } from '../core/finding.ts';
import { compareSeverity, isLive } from '../core/finding.ts';
import { explainedByAccount } from './account-files.ts';
import { judgeAccounts } from './accounts.ts';
import { withTechnique } from './attack.ts';
import { attributor } from './attribution.ts';
import type { Case, FileDrift, Judgement, PackageChanges } from './case.ts';
import { judgeDenied } from './deny.ts';
import { explainedByPackage } from './explain.ts';
import { fileDrifts, type JudgedFile, judgeFile } from './files.ts';
import { foldDirectories, foldTrees } from './fold.ts';
import { withNames } from './hard-links.ts';
import { judgeKernel } from './kernel.ts';
import { judgeLimits } from './limit.ts';
import { makeFinding } from './make.ts';
import { coverOf, judgeMounts } from './mounts.ts';
import { likeness, oneChange, type Place } from './one-change.ts';
import { judgePackages } from './packages.ts';
import { judgeLogins, judgeUnits } from './people.ts';
import { judgeProcesses } from './processes.ts';
import { judgeRequired } from './require.ts';
import { judgeRunning } from './running.ts';
import { allowStated } from './seen.ts';
import { judgeSockets } from './sockets.ts';
import { Meaning, mergeSame } from './state.ts';
import { explainedByTrustStore } from './trust-store.ts';
import { uniqueClaims } from './unique.ts';
import { judgeUnitStates } from './unit-states.ts';
import { waive } from './waive.ts';

/** Pure: all findings of one instance, worst first, and the values that must be unique in the fleet. */
export function judge(the: Case): Judgement {
  const packages = judgePackages(the);
  const accounts = judgeAccounts(the);
  const mounts = judgeMounts(the);
  const covering = coverOf(mounts);
  const rest: FileDrift[] = [];
  for (const file of withNames(the, fileDrifts(the))) {
    const explained =
      covering(file.drift.key) ??
      explainedByPackage(the, file, packages) ??
      explainedByTrustStore(the, file, packages) ??
      explainedByAccount(the, file, accounts);
    if (explained) explained.explains++;
    else rest.push(file);
  }
  const { findings: files, places } = judgeFiles(the, rest, packages);
  const attributed = attributor(the);
  const findings = [
    ...packages.own,
    ...accounts,
    ...files,
    ...mounts.map(({ finding }) => finding),
    ...judgeProcesses(the, packages),
    ...judgeRunning(the, packages, files),
    ...judgeKernel(the, packages),
    ...judgeUnits(the),
    ...judgeUnitStates(the),
    ...judgeLogins(the),
    ...judgeDenied(the),
    ...judgeRequired(the),
    ...judgeLimits(the),
    ...judgeSockets(the),
  ].map((finding) => waive(the, attributed(allowStated(the, finding))));
  const one = oneChange(findings, places).map(withTechnique);
  return { findings: capped(the, one.sort(worstFirst)), claims: uniqueClaims(the) };
}

/** Most findings that one instance may have in a report: a hostile one must not fill it for all the others. */
const maxFindings = 10_000;
/** Most that they may take there, characters: names, arguments and diffs are as long as the instance likes. */
const maxCharacters = 16 * 1024 * 1024;

/** How many of the findings are listed. */
function listable(findings: Finding[]): number {
  let room = maxCharacters;
  const over = findings.findIndex((finding, i) => {
    room -= charactersIn(finding);
    return i === maxFindings || room < 0;
  });
  return over < 0 ? findings.length : over;
}

/** About as many as its JSON takes, without making that: what can be long is counted, the rest is a round number. */
function charactersIn({ subject, reason, diff = '', before, after }: Finding): number {
  return 600 + 2 * subject.length + reason.length + diff.length + charactersOf(before) + charactersOf(after);
}

function charactersOf(attributes: Attributes | undefined): number {
  let sum = 0;
  for (const name in attributes) {
    const value = attributes[name];
    if (typeof value === 'string') sum += value.length;
    else if (Array.isArray(value)) for (const one of value) sum += one.length + 8;
  }
  return sum;
}

/** The worst come first; what is beyond the limit is one finding that says how many it stands for. */
function capped(the: Case, findings: Finding[]): Finding[] {
  const listed = listable(findings);
  if (listed === findings.length) return findings;
  const rest = findings.slice(listed);
  const worst = rest.find(isLive);
  if (!worst) return findings.slice(0, listed);
  const more = makeFinding(the.instance.id, 'instance', 'changed', 'too many differences', {
    severity: worst.severity,
    disposition: 'drift',
    rule: 'instance/too-many',
    reason: `${rest.length} more differences are not listed one by one`,
    explains: rest.length - 1,
  });
  return [...findings.slice(0, listed), more];
}

/**
 * Expectations are looked at file by file; only what is live is folded into its directory; what a parser of its format
 * understands becomes what it means.
 */
function judgeFiles(
  the: Case,
  files: FileDrift[],
  packages: PackageChanges,
): { findings: Finding[]; places: Map<string, Place> } {
  const expected: Finding[] = [];
  const live: FileDrift[] = [];
  const judged = new Map<FileDrift, JudgedFile>();
  for (const file of files) {
    const one = judgeFile(the, file, packages);
    if (one.finding.disposition === 'expected') expected.push(one.finding);
    else {
      judged.set(file, one);
      live.push(file);
    }
  }
  const meaning = new Meaning(the);
  const places = new Map<string, Place>();
  const told = foldTrees(the, live, (file) => meaning.knows(file)).map((folded) => {
    const { file, explains } = folded;
    const { finding, doubt } = judged.get(file) as JudgedFile;
    const itself = { ...finding, explains };
    const findings = meaning.of({ finding: itself, doubt }, file);
    const like = likeness(folded);
    const format = meaning.formatOf(file);
    const ids = findings.map(({ id }) => id);
    if (like !== undefined && ids[0] !== undefined) places.set(ids[0], { likeness: like, format, ids });
    return { file, itself, findings };
  });
  return { findings: [...expected, ...mergeSame(foldDirectories(told))], places };
}

function worstFirst(a: Finding, b: Finding): number {
  return (
    compareSeverity(b.severity, a.severity) ||
    compare(a.kind, b.kind) ||
    compare(a.subject, b.subject) ||
    compare(a.change, b.change)
  );
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
