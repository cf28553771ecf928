import { posix } from 'node:path';
import { display } from '../core/bytes.ts';
import type { ProcessFact } from '../core/facts.ts';
import type { Attributes, Finding, Severity } from '../core/finding.ts';
import type { LibraryFact, ProcessTraits } from '../core/running.ts';
import { aliasResolver } from '../fingerprint/alias.ts';
import { parseFileValue } from '../fingerprint/files.ts';
import { lookup } from '../fingerprint/stream.ts';
import type { Case, PackageChanges } from './case.ts';
import { makeFinding } from './make.ts';
import { seenProcesses } from './processes.ts';
import { scriptOf } from './script.ts';

const controls = ['NIST 800-53 CM-7', 'NIST 800-53 SI-7'];

/** Places that everybody may write to: nobody installs software there. */
const open = /^\/(tmp|var\/tmp|dev|run)\//;

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
  const others: Finding[] = [];
  const byScript = new Map<string, { process: ProcessFact; sha256: string }[]>();
  const byTraced = new Map<string, ProcessFact[]>();
  for (const [pid, one] of traits ?? []) {
    const process = processes.get(pid);
    if (!process) continue;
    others.push(...judgeLoader(the, process, one, told, files));
    const script = one.files && scriptOf(process, one.files);
    if (script && isForeign(the, script.path, packages))
      push(byScript, script.path, { process, sha256: script.sha256 });
    if (one.tracer !== undefined) push(byTraced, process.exe, process);
  }
  for (const [path, runs] of byScript) others.push(scriptFinding(the, path, runs));
  for (const [exe, traced] of byTraced) others.push(tracedFinding(the, exe, traced, processes));
  return [...told.values(), ...merged(others)];
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

/** Neither a file of the image nor one that a changed package installed. */
function isForeign(the: Case, path: string, packages: PackageChanges): boolean {
  if (!path.startsWith('/') || lookup(the.image.files, path) !== undefined) return false;
  const owner = the.live.recent.owner.get(path);
  return !owner || !packages.findings.has(owner) || the.live.recent.altered.has(path);
}

/** A change of the package that owns, or owned, the file explains that an old one is still in use: a restart is due. */
function needsRestart(the: Case, path: string, packages: PackageChanges): boolean {
  const owner = the.live.recent.owner.get(path) ?? lookup(the.image.owned, path)?.split(' ')[0];
  return owner !== undefined && packages.findings.has(owner);
}

function judgeLibrary(
  the: Case,
  library: LibraryFact,
  processes: Map<number, ProcessFact>,
  packages: PackageChanges,
): Finding | undefined {
  const { path, deleted, sha256 } = library;
  const users = library.pids.flatMap((pid) => processes.get(pid) ?? []);
  // A program is mapped too, and judged as a process.
  const programs = new Set((the.live.processes ?? []).map(({ exe }) => exe));
  if (programs.has(path)) return undefined;
  if (path.startsWith('/memfd:'))
    return libraryFinding(
      the,
      library,
      users,
      'critical',
      'process/library-in-memory',
      'code is loaded from memory and has no file',
    );
  const value = lookup(the.image.files, path);
  if (!deleted) {
    if (!isForeign(the, path, packages)) return undefined;
    const severity = open.test(path) ? 'critical' : 'high';
    return libraryFinding(
      the,
      library,
      users,
      severity,
      'process/library',
      'a library is loaded that is not a file of the image',
    );
  }
  const original = value === undefined ? undefined : parseFileValue(value).sha256;
  if (original !== undefined && (sha256 === '' || original === '?' || original === sha256)) return undefined;
  if (needsRestart(the, path, packages)) return undefined;
  const reason =
    original === undefined
      ? 'a library is loaded whose file was deleted, and the image never had it'
      : 'a library is loaded whose file was replaced, and its content was not that of the image';
  return libraryFinding(the, library, users, 'critical', 'process/library-deleted', reason);
}

function libraryFinding(
  the: Case,
  { path, deleted, mappings, sha256 }: LibraryFact,
  users: ProcessFact[],
  severity: Severity,
  rule: string,
  reason: string,
): Finding {
  const names = [...new Set(users.map(({ exe }) => display(exe).text))];
  const by = names.length > 0 ? `, by ${names.slice(0, 3).join(', ')}${names.length > 3 ? ' and others' : ''}` : '';
  const after: Attributes = {
    ...(users.length > 0 ? seenProcesses(users) : { processes: mappings }),
    deleted,
    ...(sha256 ? { sha256 } : { sha256: 'unknown' }),
  };
  return whitelisted(the, path, 'process/library', `library ${path}`, {
    severity,
    rule,
    reason: `${reason}${by}`,
    tamper: severity === 'critical',
    explains: Math.max(0, users.length - 1),
    after,
  });
}

type Parts = { severity: Severity; rule: string; reason: string; tamper: boolean; explains: number; after: Attributes };

/** A violation, unless it is of the kind that an `allow` rule for processes may permit, and one does. */
function whitelisted(the: Case, path: string, allowable: string, subject: string, parts: Parts): Finding {
  const allowed =
    parts.rule === allowable
      ? the.policy.allow.find((r) => r.rule.fact === 'process' && r.matches({ executable: path }))
      : undefined;
  return makeFinding(the.instance.id, 'process', 'violates', subject, {
    ...parts,
    disposition: allowed ? 'expected' : 'violation',
    ...(allowed ? { rule: allowed.rule.id, reason: allowed.rule.reason } : {}),
    controls,
  });
}

/** LD_PRELOAD and LD_AUDIT name what goes into a program first: it makes a strange library graver, or is a finding itself. */
function judgeLoader(
  the: Case,
  process: ProcessFact,
  traits: ProcessTraits,
  told: Map<string, Finding>,
  files: Finding[],
): Finding[] {
  const found: Finding[] = [];
  const resolve = aliasResolver(the.image.files);
  for (const { name, value } of traits.loader ?? []) {
    const paths = value.split(name === 'LD_PRELOAD' ? /[: ]+/ : ':').filter((path) => path.startsWith('/'));
    if (name === 'LD_LIBRARY_PATH') {
      const bad = paths.find((path) => open.test(`${path}/`) && !path.startsWith('/run/'));
      if (bad !== undefined && !isConfigured(files, name, bad))
        found.push(loaderFinding(the, process, name, bad, 'medium'));
      continue;
    }
    for (const path of paths) {
      // A library in memory is named by a descriptor.
      const inMemory = /^\/(proc\/[^/]+|dev)\/fd\/\d+$/.test(path);
      const library =
        told.get(path) ?? (inMemory ? [...told].find(([key]) => key.startsWith('/memfd:'))?.[1] : undefined);
      if (library) aggravate(library, name);
      else if (lookup(the.image.files, resolve(path)) === undefined && !the.live.recent.owner.has(resolve(path)))
        if (!isConfigured(files, name, path)) found.push(loaderFinding(the, process, name, path, 'high'));
    }
  }
  return found;
}

function aggravate(library: Finding, name: string): void {
  if (library.disposition === 'expected' || library.reason.includes(`(${name})`)) return;
  library.severity = 'critical';
  library.tamper = true;
  library.reason += ` (${name})`;
}

/** Does the finding of a file say that this variable is set so? Then it is one change. */
function isConfigured(files: Finding[], name: string, path: string): boolean {
  const shown = display(path).text;
  return files.some(({ subject, after, diff }) => {
    const said = [subject, ...[after?.['value'] ?? []].flat(), diff ?? ''].join('\n');
    return said.includes(name) && said.includes(shown);
  });
}

function loaderFinding(the: Case, process: ProcessFact, name: string, path: string, severity: Severity): Finding {
  const where =
    name === 'LD_LIBRARY_PATH'
      ? 'libraries are looked for where everybody may write'
      : 'the loader is told to load what the image does not have';
  return makeFinding(the.instance.id, 'process', 'violates', `${name} of ${process.exe}`, {
    severity,
    disposition: 'violation',
    rule: 'process/loader',
    reason: `${where}: ${display(path).text}`,
    controls,
    after: { ...seenProcesses([process]), variable: name, value: display(path).text },
  });
}

function scriptFinding(the: Case, path: string, runs: { process: ProcessFact; sha256: string }[]): Finding {
  const processes = runs.map(({ process }) => process);
  const interpreter = display(posix.basename(processes[0]?.exe ?? '')).text;
  const sha256 = runs[0]?.sha256 || 'unknown';
  return whitelisted(the, path, 'process/script', `script ${path}`, {
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
