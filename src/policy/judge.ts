import type { Finding } from '../core/finding.ts';
import { compareSeverity } from '../core/finding.ts';
import { judgeAccounts } from './accounts.ts';
import type { Case, Judgement, PackageChanges } from './case.ts';
import { judgeDenied } from './deny.ts';
import { explainedByPackage } from './explain.ts';
import { type FileDrift, fileDrifts, judgeFile } from './files.ts';
import { foldTrees } from './fold.ts';
import { judgePackages } from './packages.ts';
import { judgeProcesses } from './processes.ts';
import { judgeSockets } from './sockets.ts';
import { uniqueClaims } from './unique.ts';
import { waive } from './waive.ts';

/** Files that hold accounts: compared entry by entry, so their bytes are explained by the entries that differ. */
const accountFiles = /^\/etc\/(passwd|group|shadow|gshadow|subuid|subgid)-?$/;

/** Pure: all findings of one instance, worst first, and the values that must be unique in the fleet. */
export function judge(the: Case): Judgement {
  const packages = judgePackages(the);
  const accounts = judgeAccounts(the);
  const rest: FileDrift[] = [];
  for (const file of fileDrifts(the)) {
    const explained = explainedByPackage(the, file, packages) ?? explainedByAccount(the, file, accounts);
    if (explained) explained.explains++;
    else rest.push(file);
  }
  const files = judgeFiles(the, rest, packages);
  const findings = [
    ...packages.findings.values(),
    ...accounts,
    ...files,
    ...judgeProcesses(the, packages),
    ...judgeDenied(the),
    ...judgeSockets(the),
  ].map((finding) => waive(the, finding));
  return { findings: findings.sort(worstFirst), claims: uniqueClaims(the) };
}

/** Expectations are looked at file by file; only what is live is folded into its directory. */
function judgeFiles(the: Case, files: FileDrift[], packages: PackageChanges): Finding[] {
  const findings: Finding[] = [];
  const live: FileDrift[] = [];
  const judged = new Map<FileDrift, Finding>();
  for (const file of files) {
    const finding = judgeFile(the, file, packages);
    if (finding.disposition === 'expected') findings.push(finding);
    else {
      judged.set(file, finding);
      live.push(file);
    }
  }
  for (const { file, explains } of foldTrees(the, live)) {
    const finding = judged.get(file);
    if (finding) findings.push({ ...finding, explains });
  }
  return findings;
}

/** An account's entry explains the account files, the account's own new home (what is plain in it) and its mailbox. */
function explainedByAccount(the: Case, file: FileDrift, accounts: Finding[]): Finding | undefined {
  const path = file.drift.key;
  if (accountFiles.test(path)) {
    const shadow = path.startsWith('/etc/shadow');
    return (
      accounts.find((a) => (shadow ? a.subject.startsWith('user ') : true) && !path.endsWith('-')) ??
      (path.endsWith('-') ? accounts[0] : undefined)
    );
  }
  if (the.drifts.length === 0 || file.drift.change !== 'added') return undefined;
  return accounts.find((account) => {
    if (account.change !== 'added') return false;
    const home = account.after?.['home'];
    const name = account.subject.replace(/^user /, '');
    if (path === `/var/mail/${name}` || path === `/var/spool/mail/${name}`) return true;
    const isSkeleton = /\/(\.bashrc|\.profile|\.bash_logout|\.cshrc|\.login|\.zshrc)$/.test(path);
    return (
      typeof home === 'string' && home.length > 1 && (path === home || (isSkeleton && path.startsWith(`${home}/`)))
    );
  });
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
