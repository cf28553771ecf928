import { posix } from 'node:path';
import { display } from '../core/bytes.ts';
import type { ProcessFact } from '../core/facts.ts';
import type { Finding } from '../core/finding.ts';
import type { Case, PackageChanges } from './case.ts';
import { controls, isForeign, judgeLibrary, open, staleOf, whitelisted } from './libraries.ts';
import { judgeLoader } from './loader.ts';
import { makeFinding } from './make.ts';
import { seenProcesses } from './processes.ts';
import { scriptOf } from './script.ts';

/**
 * What runs inside processes of the image: libraries, what the loader was told to load first, scripts, and who traces
 * them. What the files already tell (a library of the image whose content on disk differs, a variable that a file of
 * configuration sets) is not told again; `files` are their findings.
 */
export function judgeRunning(the: Case, packages: PackageChanges, files: Finding[] = []): Finding[] {
  const { traits, libraries } = the.live.running ?? {};
  const processes = new Map((the.live.processes ?? []).map((process) => [process.pid, process]));
  const told = new Map<string, Finding>();
  for (const library of libraries ?? []) {
    const finding = judgeLibrary(the, library, processes, packages);
    if (finding && !told.has(library.path)) told.set(library.path, finding);
  }
  for (const [owner, paths] of staleOf(the, packages)) {
    const finding = packages.findings.get(owner);
    if (finding?.after) finding.after = { ...finding.after, needsRestart: paths };
  }
  const others: Finding[] = [];
  const byScript = new Map<string, { process: ProcessFact; sha256: string }[]>();
  const byTraced = new Map<string, ProcessFact[]>();
  const ours = ourProcesses(processes, the.live.running?.self);
  for (const [pid, one] of traits ?? []) {
    const process = processes.get(pid);
    if (!process) continue;
    others.push(...judgeLoader(the, process, one, told, files));
    const script = one.files && scriptOf(process, one.files);
    if (script && !ours.has(pid) && isForeign(the, script.path, packages))
      push(byScript, script.path, { process, sha256: script.sha256 });
    if (one.tracer !== undefined) push(byTraced, process.exe, process);
  }
  for (const [path, runs] of byScript) others.push(scriptFinding(the, path, runs));
  for (const [exe, traced] of byTraced) others.push(tracedFinding(the, exe, traced, processes));
  return [...told.values(), ...merged(others)];
}

/** What was started to let us in was started so shortly before we began, seconds. */
const wayIn = 60;

/**
 * The program that asks, what it started, and what was started to run it: a road may bring a script of its own (Run Command of
 * Systems Manager, the helper of sudo). The server that was there before is not among them.
 */
function ourProcesses(processes: Map<number, ProcessFact>, self: number | undefined): Set<number> {
  const asked = processes.get(self ?? -1);
  const ours = new Set<number>();
  for (let one = asked; one && asked && !ours.has(one.pid); one = processes.get(one.ppid)) {
    if (one.pid === 1 || one.startedAt < asked.startedAt - wayIn) break;
    ours.add(one.pid);
  }
  if (!asked) return ours;
  const below = new Set([asked.pid]);
  // Children may have lower numbers than their parents: until nothing is added.
  for (let size = 0; size < below.size; ) {
    size = below.size;
    for (const { pid, ppid } of processes.values()) if (below.has(ppid)) below.add(pid);
  }
  return new Set([...ours, ...below]);
}

function push<T>(map: Map<string, T[]>, key: string, value: T): void {
  const known = map.get(key);
  if (known) known.push(value);
  else map.set(key, [value]);
}

/** The same fault of several processes of one program is one finding. */
function merged(findings: Finding[]): Finding[] {
  const byId = new Map<string, Finding>();
  for (const finding of findings) {
    const known = byId.get(finding.id);
    if (known) known.explains++;
    else byId.set(finding.id, finding);
  }
  return [...byId.values()];
}

function scriptFinding(the: Case, path: string, runs: { process: ProcessFact; sha256: string }[]): Finding {
  const processes = runs.map(({ process }) => process);
  const interpreter = display(posix.basename(processes[0]?.exe ?? '')).text;
  const sha256 = runs[0]?.sha256 || 'unknown';
  return whitelisted(the, path, true, `script ${path}`, {
    severity: 'high',
    rule: 'process/script',
    reason: `${interpreter} runs a script that is not a file of the image`,
    tamper: open.test(path),
    explains: processes.length - 1,
    after: { ...seenProcesses(processes), sha256 },
  });
}

function tracedFinding(the: Case, exe: string, traced: ProcessFact[], processes: Map<number, ProcessFact>): Finding {
  const tracer = processes.get(the.live.running?.traits?.get(traced[0]?.pid ?? -1)?.tracer ?? -1);
  const by = tracer ? display(tracer.exe).text : 'another process';
  return makeFinding(the.instance.id, 'process', 'violates', `traced ${exe}`, {
    severity: 'high',
    disposition: 'violation',
    rule: 'process/traced',
    reason: `a running program is traced by ${by}, which may read and change its memory`,
    tamper: true,
    explains: traced.length - 1,
    controls,
    after: { ...seenProcesses(traced), ...(tracer ? { tracer: by, tracerPid: tracer.pid } : {}) },
  });
}
