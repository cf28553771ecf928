import { display } from '../core/bytes.ts';
import type { ProcessFact } from '../core/facts.ts';
import type { Attributes, Finding, Severity } from '../core/finding.ts';
import type { ProcessTraits } from '../core/running.ts';
import { isContained } from '../fingerprint/contained.ts';
import { parseFileValue } from '../fingerprint/files.ts';
import { lookup } from '../fingerprint/stream.ts';
import type { Case, PackageChanges } from './case.ts';
import { makeFinding } from './make.ts';

/** What is wrong with a process. */
interface Fault {
  rule: string;
  severity: Severity;
  reason: string;
  tamper: boolean;
}

/**
 * The process whitelist is the image itself: what runs must be a file of the image with the image's digest. Processes
 * of the same executable with the same fault are one finding. A container's processes (another root directory) are
 * another image's business.
 */
export function judgeProcesses(the: Case, packages: PackageChanges): Finding[] {
  const groups = new Map<string, { fault: Fault; processes: ProcessFact[] }>();
  for (const process of the.live.processes ?? []) {
    if (isContained(the.live, process)) continue;
    const fault = faultOf(the, process, packages);
    if (!fault) continue;
    const key = `${fault.rule}\0${process.exe}`;
    const group = groups.get(key);
    if (group) group.processes.push(process);
    else groups.set(key, { fault, processes: [process] });
  }
  return [...groups.values()].map(({ fault, processes }) => finding(the, fault, processes));
}

function faultOf(the: Case, process: ProcessFact, packages: PackageChanges): Fault | undefined {
  if (process.exe.startsWith('/memfd:')) {
    if (isSealedRuntime(the, process)) return undefined;
    return {
      rule: 'process/memory-only',
      severity: 'critical',
      tamper: true,
      reason: 'a program runs from memory and has no file',
    };
  }
  const value = lookup(the.image.files, process.exe);
  const inImage = value === undefined ? undefined : parseFileValue(value);
  if (inImage?.type === 'f') {
    const known = process.sha256 !== '' && inImage.sha256 !== '?';
    if (!known || inImage.sha256 === process.sha256) return masquerade(process);
    // The file on disk differs too, and a package change explains it: it was restarted after the upgrade.
    if (isFromPackage(the, process, packages)) return masquerade(process);
    return {
      rule: 'process/altered',
      severity: 'critical',
      tamper: true,
      reason: `a program runs whose content is not that of the image's ${display(process.exe).text}`,
    };
  }
  if (isFromPackage(the, process, packages)) return masquerade(process);
  if (process.deleted) {
    return {
      rule: 'process/deleted',
      severity: 'critical',
      tamper: true,
      reason: 'a program runs whose file was deleted, and the image never had it',
    };
  }
  // Nobody installs software into a directory that everybody may write to.
  const hidden = /^\/(tmp|var\/tmp|dev|run)\//.test(process.exe);
  return {
    rule: 'process/not-in-image',
    severity: 'high',
    tamper: hidden,
    reason: 'a program runs that is not a file of the image',
  };
}

/** runc and crun run from a sealed copy of themselves (CVE-2019-5736): benign while the copy is that of the image's program. */
function isSealedRuntime(the: Case, process: ProcessFact): boolean {
  if (!/^\/memfd:(runc_cloned|crun)/.test(process.exe) || process.sha256 === '') return false;
  return ['/usr/bin/runc', '/usr/sbin/runc', '/usr/local/sbin/runc', '/usr/local/bin/runc', '/usr/bin/crun'].some(
    (path) => parseFileValue(lookup(the.image.files, path) ?? '').sha256 === process.sha256,
  );
}

/** Names of kernel threads that a program takes which wants to be overlooked. */
const threads =
  /^\[?((kworker|ksoftirqd|migration|cpuhp|idle_inject|jbd2|irq|card\d-crtc\d)\/|(kthreadd|rcu_(preempt|sched|bh|gp|par_gp|tasks_[a-z_]+)|kswapd\d|khugepaged|kdevtmpfs|kauditd|kcompactd\d|khungtaskd|oom_reaper|scsi_eh_\d+|kblockd|kintegrityd|kthrotld)(\]|$))/;

/**
 * A user program that calls itself `[kworker/0:1]` wants to be overlooked: only kernel threads are shown in brackets. One without
 * arguments is shown by its short name, in brackets too.
 */
function masquerade(process: ProcessFact): Fault | undefined {
  const name = process.argv[0] ?? '';
  const nameless = process.argv.every((argument) => argument === '');
  if (!/^\[.*\]$/.test(name) && !threads.test(name) && !(nameless && threads.test(process.comm))) return undefined;
  return {
    rule: 'process/masquerade',
    severity: 'high',
    tamper: true,
    reason: 'a program calls itself a kernel thread',
  };
}

/** The file belongs to a package that changed, and is what that package installed. */
function isFromPackage(the: Case, process: ProcessFact, packages: PackageChanges): boolean {
  const owner = the.live.recent.owner.get(process.exe);
  if (!owner || !packages.findings.has(owner) || the.live.recent.altered.has(process.exe)) return false;
  const now = lookup(the.live.files, process.exe);
  return now !== undefined && (process.sha256 === '' || parseFileValue(now).sha256 === process.sha256);
}

function finding(the: Case, fault: Fault, processes: ProcessFact[]): Finding {
  const first = processes[0];
  const subject = first?.exe ?? '';
  const allowed = the.policy.allow.find((r) => r.rule.fact === 'process' && r.matches({ executable: subject }));
  return makeFinding(the.instance.id, 'process', 'violates', subject, {
    severity: fault.severity,
    disposition: allowed && fault.rule === 'process/not-in-image' ? 'expected' : 'violation',
    rule: allowed && fault.rule === 'process/not-in-image' ? allowed.rule.id : fault.rule,
    reason: fault.reason,
    tamper: fault.tamper,
    explains: processes.length - 1,
    controls: ['NIST 800-53 CM-7', 'NIST 800-53 SI-7'],
    after: seenProcesses(processes, the.live.running?.traits),
  });
}

/** Evidence of at most this many processes. */
const maxPids = 20;

/** Evidence of processes of one executable. */
export function seenProcesses(processes: ProcessFact[], traits?: Map<number, ProcessTraits>): Attributes {
  const first = processes[0];
  if (!first) return {};
  return {
    pids: processes.slice(0, maxPids).map((p) => String(p.pid)),
    command: display(first.comm).text,
    arguments: display(first.argv.join(' ').slice(0, 500)).text,
    uid: first.uid,
    ...(first.startedAt ? { startedAt: new Date(first.startedAt * 1000).toISOString() } : {}),
    residentBytes: first.rss,
    deleted: first.deleted,
    ...(first.cpuSeconds ? { cpuSeconds: first.cpuSeconds } : {}),
    ...(first.openSockets ? { openSockets: first.openSockets } : {}),
    ...seenTraits(traits?.get(first.pid)),
    ...(first.sha256 ? { sha256: first.sha256 } : {}),
  };
}

/** What a process may do and use beyond the default: facts for a person, not judged. */
function seenTraits(traits: ProcessTraits | undefined): Attributes {
  if (!traits) return {};
  const { capabilities, noNewPrivileges, seccomp, memoryLimit, unit } = traits;
  return {
    ...(unit ? { unit: display(unit).text } : {}),
    ...(capabilities ? { capabilities } : {}),
    ...(noNewPrivileges ? { noNewPrivileges } : {}),
    ...(seccomp ? { seccomp: seccomp === 1 ? 'strict' : 'filter' } : {}),
    ...(memoryLimit ? { memoryLimitBytes: memoryLimit } : {}),
  };
}
