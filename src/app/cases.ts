import { createHash } from 'node:crypto';
import { loadDocument } from '../config/document.ts';
import { escapeName, keyOf } from '../core/bytes.ts';
import { Draft } from '../core/draft.ts';
import type { Fingerprint, ProcessFact } from '../core/facts.ts';
import { type Finding, isLive } from '../core/finding.ts';
import { compare } from '../drift/drift.ts';
import { buildFingerprint } from '../fingerprint/build.ts';
import { judge } from '../policy/judge.ts';
import { type CaseSide, casesSchema, type PolicyCase, type PolicyCases } from '../schema/cases.ts';
import { compileSchema } from '../schema/validate.ts';
import { policyCompiler } from './instance.ts';
import type { PolicySet } from './policies.ts';

/** Runs files of cases against a policy: how many hold, and of each that does not a line that says why. @throws UserError */
export async function testCases(paths: string[], { policies }: PolicySet): Promise<{ held: number; failed: string[] }> {
  const validate = await compileSchema(casesSchema);
  const compileFor = policyCompiler(policies.map(({ policy }) => policy));
  const all = paths.flatMap((path) =>
    loadDocument<PolicyCases>(path, 'file of policy cases', validate).cases.map((one) => ({ path, one })),
  );
  const failed = all.flatMap(({ path, one }) => {
    const policy = compileFor({ os: one.os ?? ['debian'], image: one.imageRef ?? 'image', group: one.group ?? '' });
    const findings = findingsOf(one, policy);
    return whatFails(one, findings).map((why) => `${path}: case "${one.name}": ${why}`);
  });
  const broken = new Set(failed.map((line) => line.replace(/^(.*?: case ".*?"): .*$/s, '$1')));
  return { held: all.length - broken.size, failed };
}

function findingsOf(one: PolicyCase, policy: ReturnType<ReturnType<typeof policyCompiler>>): Finding[] {
  const image = printOf([one.both, one.image], false);
  const live = printOf([one.both, one.instance], true);
  return judge({
    instance: { id: 'case', group: one.group ?? '', imageRef: one.imageRef ?? 'image' },
    ...{ image, live, policy },
    drifts: compare(image, live).drifts,
    now: one.at === undefined ? Date.now() : Date.parse(one.at),
  }).findings;
}

function whatFails({ expect }: PolicyCase, findings: Finding[]): string[] {
  const failed: string[] = [];
  const live = findings.filter(isLive);
  if (expect.live !== undefined && expect.live !== live.length)
    failed.push(
      `${live.length} ${live.length === 1 ? 'finding counts' : 'findings count'}, expected ${expect.live}${said(live)}`,
    );
  for (const want of expect.findings ?? []) {
    const fits = (finding: Finding) =>
      Object.entries(want).every(([key, value]) => finding[key as keyof Finding] === value);
    if (!findings.some(fits)) failed.push(`no finding is ${JSON.stringify(want)}${said(findings)}`);
  }
  return failed;
}

function said(findings: Finding[]): string {
  const shown = findings
    .slice(0, 5)
    .map((f) => `${f.kind} ${f.subject} (${f.change}): ${f.disposition}, ${f.severity}, by ${f.rule}: ${f.reason}`);
  return shown.length === 0 ? '; there are none' : `; there ${shown.length === 1 ? 'is' : 'are'} ${shown.join(' | ')}`;
}

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const words = { locked: 'locked -', set: 'set -', none: 'none -' } as const;

/** Facts of one side, as the probes would have brought them. Later parts win. */
function printOf(parts: (CaseSide | undefined)[], isLiveSide: boolean): Fingerprint {
  const draft = new Draft('/');
  const files = new Map<string, string>();
  for (const part of parts) {
    for (const [path, entry] of Object.entries(part?.files ?? {})) {
      const { type = 'f', owner = '0:0', text, link = '' } = entry;
      const mode = entry.mode ?? (type === 'd' ? '755' : type === 'l' ? '777' : '644');
      const size = type === 'f' ? String(entry.size ?? Buffer.byteLength(text ?? '')) : '-';
      const digest = type === 'f' ? sha256(text ?? JSON.stringify(entry)) : '-';
      const target = type === 'l' ? ` ${keyOf(link)}` : '';
      files.set(keyOf(path), `${type} ${mode} ${owner.replace(':', ' ')} ${size} ${digest} -${target}`);
      if (text !== undefined) draft.contents.set(keyOf(path), escapeName(Buffer.from(text).toString('latin1')));
    }
    for (const [name, version] of Object.entries(part?.packages ?? {}))
      draft.packages.set(`dpkg ${keyOf(name)}`, version);
    for (const [name, { uid = 1000, home = `/home/${name}`, shell = '/bin/sh', password = 'locked' }] of Object.entries(
      part?.accounts ?? {},
    ))
      draft.accounts.set(`user ${keyOf(name)}`, [uid, uid, '', home, shell, words[password]].join('\t'));
    for (const [name, members] of Object.entries(part?.groups ?? {}))
      draft.accounts.set(`group ${keyOf(name)}`, ['1000', [...members].sort().join(',')].join('\t'));
    if (part?.processes) draft.processes = part.processes.map(processOf);
    if (part?.sockets)
      draft.sockets = new Map(
        part.sockets.map(({ protocol, address = '0.0.0.0', port, executable = '' }) => [
          `${protocol} ${address} ${port} ${executable}`,
          '',
        ]),
      );
  }
  // What nobody speaks of is there, and empty: else rules about it would find it unknown.
  if (isLiveSide) draft.processes ??= [];
  draft.sockets ??= new Map();
  draft.fileLines = [...files].map(([key, value]) => `${key}\0${value}`);
  return buildFingerprint(draft);
}

function processOf(
  { executable, uid = 0, residentMiB = 1, cpuSeconds, openSockets }: NonNullable<CaseSide['processes']>[number],
  i: number,
): ProcessFact {
  return {
    ...{
      pid: i + 2,
      ppid: 1,
      comm: executable.slice(executable.lastIndexOf('/') + 1).slice(0, 15),
      argv: [executable],
    },
    ...{ exe: executable, deleted: false, exeId: '0:1', sha256: '', uid, startedAt: 0, root: '0:2', ownMounts: true },
    rss: residentMiB * 1024 * 1024,
    ...(cpuSeconds === undefined ? {} : { cpuSeconds }),
    ...(openSockets === undefined ? {} : { openSockets }),
  };
}
