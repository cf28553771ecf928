import { createHash, createPrivateKey, sign } from 'node:crypto';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { evidenceInput, evidenceProgram, readEvidence } from '../../collect/evidence.ts';
import { display, escapeName, keyOf, unescapeName } from '../../core/bytes.ts';
import { messageOf } from '../../core/errors.ts';
import { isLive } from '../../core/finding.ts';
import type { Instance, Limits } from '../../core/ports.ts';
import { type DriverContext, type PlanItem, ReplaceError } from '../../core/replacement.ts';
import type { InstanceReport, ReportFinding } from '../../core/report.ts';
import { encodeManifest, makeManifest } from '../../manifest/codec.ts';
import type { ReplaceConfig } from '../../schema/replace.ts';
import { look, transportOf } from '../look.ts';
import { version } from '../places.ts';

/** Most files that are asked for. */
const mostFiles = 500;

/** What evidence is taken from and where it goes. */
export interface EvidenceTask {
  item: PlanItem;
  run: string;
  instance: Instance;
  /** As the scan of the plan saw it. */
  seen: InstanceReport | undefined;
  limits: Limits;
  config: ReplaceConfig;
  context: DriverContext;
}

/**
 * Stores what is known of an instance before it ends: its report, all its facts as they are now (a manifest file), the files that
 * findings are about as far as the budget goes, and the digests of all of it (SHA256SUMS, with an Ed25519 signature where there is a
 * key). Put in place as a whole: taken again, it replaces the first.
 * @throws ReplaceError when the report and the facts cannot be stored.
 */
export async function takeEvidence(task: EvidenceTask): Promise<Record<string, unknown>> {
  const { item, run, instance, limits, config, context } = task;
  const directory = config.evidence?.directory;
  if (directory === undefined)
    throw new ReplaceError('no directory for evidence: name one in replace.evidence.directory');
  const files = new Map<string, Buffer>();
  const notes: string[] = [];
  if (task.seen) files.set('report.json', Buffer.from(`${JSON.stringify(task.seen, null, 2)}\n`));
  else notes.push('the report of the scan that the plan rests on is not in the store');
  try {
    const fingerprint = await look(instance, limits, 0, context.signal);
    const facts = makeManifest({
      ref: `evidence:${item.name}`,
      createdAt: new Date().toISOString(),
      source: `evidence of ${item.instance}, before run ${run}`,
      toolVersion: version(),
      labels: {},
      fingerprint,
    });
    files.set('facts.manifest', encodeManifest(facts));
    for (const gap of fingerprint.gaps) notes.push(`not read: ${gap.probe}: ${gap.detail}`);
  } catch (error) {
    throw new ReplaceError(`its facts could not be read: ${messageOf(error)}`, {
      cause: error,
      hint: 'nothing was replaced; keep the instance, or turn evidence off for it',
    });
  }
  for (const one of await filesOf(task).catch((error: unknown) => [{ path: '', missing: messageOf(error) }])) {
    if ('missing' in one) notes.push(`${display(escapeName(one.path)).text || 'files'}: ${one.missing}`);
    else files.set(`files/${nameFor(one.path)}`, one.content);
  }
  files.set('NOTES', Buffer.from(`${notes.join('\n')}\n`));
  const place = join(directory, run, nameFor(item.instance));
  const digest = await store(place, files, await signerOf(config, context));
  return { place, files: files.size, digest, ...(notes.length > 0 ? { notes: notes.slice(0, 20) } : {}) };
}

/** Raw paths that live findings are about, worst first. */
function pathsOf({ findings }: Pick<InstanceReport, 'findings'>): string[] {
  const raw = ({ subject, subjectBase64 }: ReportFinding) =>
    subjectBase64 ? Buffer.from(subjectBase64, 'base64').toString('latin1') : unescapeName(keyOf(subject));
  const named = findings.filter(isLive).flatMap((finding) => {
    const of = [finding.after?.['file'], finding.after?.['path']].flatMap((name) =>
      typeof name === 'string' ? [unescapeName(keyOf(name))] : [],
    );
    const pids = finding.kind === 'process' ? [finding.after?.['pids'] ?? []].flat() : [];
    const running = pids.filter((pid) => /^[0-9]+$/.test(String(pid))).map((pid) => `/proc/${pid}/exe`);
    return [raw(finding), ...of, ...running.slice(0, 3)];
  });
  return [...new Set(named)].filter((path) => path.startsWith('/') && !path.includes('\0')).slice(0, mostFiles);
}

async function filesOf({ instance, seen, limits, config, context }: EvidenceTask) {
  const paths = seen ? pathsOf(seen) : [];
  if (paths.length === 0) return [];
  const { maxFileKiB = 256, maxMiB = 16 } = config.evidence ?? {};
  const transport = await transportOf(instance);
  const { root, mode } = transport.scope(instance);
  const all = maxMiB * 1024 * 1024;
  const session = await transport.open(instance, { ...limits, maxBytes: all + 1024 * 1024 }, context.signal);
  try {
    if (session.archive) return paths.map((path) => ({ path, missing: 'it has no shell to read files with' }));
    const below = paths.map((path) => (root === '/' ? path : root + path));
    const input = evidenceInput(below, maxFileKiB * 1024, all);
    const found = readEvidence(await session.run(evidenceProgram, { root, mode, since: 0 }, undefined, input), below);
    return found.map((one, i) => ({ ...one, path: paths[i] ?? '' }));
  } finally {
    await session.close();
  }
}

/** A file name of our own making: the path's bytes, percent-encoded where they are not plain, short. */
function nameFor(path: string): string {
  const plain = [...Buffer.from(path.replace(/^\//, ''), 'latin1')]
    .map((byte) => {
      const char = String.fromCharCode(byte);
      return /[A-Za-z0-9_.-]/.test(char) ? char : char === '/' ? '+' : `%${byte.toString(16).padStart(2, '0')}`;
    })
    .join('');
  const safe = plain.replace(/^\.+/, (dots) => dots.replaceAll('.', '%2e'));
  if (safe !== '' && safe.length <= 150) return safe;
  return `${safe.slice(0, 100)}~${createHash('sha256').update(path, 'latin1').digest('hex').slice(0, 16)}`;
}

type Signer = (list: Buffer) => Buffer;

async function signerOf({ evidence }: ReplaceConfig, { secret }: DriverContext): Promise<Signer | undefined> {
  if (evidence?.signingKey === undefined) return undefined;
  try {
    const key = createPrivateKey(await secret(evidence.signingKey));
    if (key.asymmetricKeyType !== 'ed25519')
      throw new Error(`it is a key of type ${key.asymmetricKeyType}, ed25519 is wanted`);
    return (list) => sign(null, list, key);
  } catch (error) {
    throw new ReplaceError(`the key that signs evidence cannot be used: ${messageOf(error)}`, { cause: error });
  }
}

/** Writes all of it beside its place, then moves it there; gives the sha256 of the list of digests. */
async function store(place: string, files: ReadonlyMap<string, Buffer>, signer: Signer | undefined): Promise<string> {
  const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
  const list = Buffer.from([...files].map(([name, bytes]) => `${sha256(bytes)}  ${name}\n`).join(''));
  const made = `${place}.part`;
  try {
    await rm(made, { recursive: true, force: true });
    await mkdir(join(made, 'files'), { recursive: true, mode: 0o700 });
    for (const [name, bytes] of files) await writeFile(join(made, name), bytes, { mode: 0o600, flush: true });
    await writeFile(join(made, 'SHA256SUMS'), list, { mode: 0o600, flush: true });
    if (signer) await writeFile(join(made, 'SHA256SUMS.sig'), signer(list), { mode: 0o600, flush: true });
    await rm(place, { recursive: true, force: true });
    await rename(made, place);
  } catch (error) {
    throw new ReplaceError(`the evidence cannot be stored in ${place}: ${messageOf(error)}`, { cause: error });
  }
  return `sha256:${sha256(list)}`;
}
