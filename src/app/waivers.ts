import { existsSync } from 'node:fs';
import { loadDocument } from '../config/document.ts';
import { editDocument } from '../config/edit.ts';
import { UserError } from '../core/errors.ts';
import type { WaiverReport } from '../core/report.ts';
import { standingOf } from '../policy/standing.ts';
import type { Policy, Waiver } from '../schema/policy.ts';
import { policySchema } from '../schema/policy.ts';
import { compileSchema } from '../schema/validate.ts';
import type { Located } from './explain.ts';

const initial = `# Reviewed exceptions. Scan with: snowfence scan --policy THIS FILE
schema: snowfence.policy/v1
name: waivers
`;

/** What a person says of a waiver. */
export interface WaiverRequest {
  owner: string;
  reason: string;
  ticket?: string;
  expires: string;
  /** Which instances: the one of the finding, all of its image, or all. */
  scope: 'instance' | 'image' | 'fleet';
  /** Only this content: a further change alerts again. */
  pin: boolean;
}

/** A waiver for a finding. @throws UserError when the finding has no digest to pin to. */
export function waiverFor({ instance, finding }: Located, request: WaiverRequest): Waiver {
  const { owner, reason, ticket, expires, scope, pin } = request;
  if (reason.trim().length < 10)
    throw new UserError(
      `the reason "${reason}" says too little`,
      'write at least 10 characters, for the one who reads the report',
    );
  if (owner.trim() === '') throw new UserError('the waiver has no owner', 'name who answers for it');
  const sha256 = finding.after?.['sha256'];
  if (pin && (typeof sha256 !== 'string' || !/^[0-9a-f]{64}$/.test(sha256)))
    throw new UserError(`the ${finding.kind} ${finding.subject} has no digest to pin the waiver to`, 'leave --pin out');
  return {
    id: `waiver/${finding.id.replace(/^sf-/, '')}${scope === 'instance' ? '' : `-${scope}`}`,
    owner,
    reason,
    ...(ticket === undefined ? {} : { ticket }),
    expires,
    ...(scope === 'instance' ? { finding: finding.id } : {}),
    ...(scope === 'image' ? { images: [literal(instance.image.ref)] } : {}),
    ...(scope === 'instance' ? {} : { kinds: [finding.kind], subjects: [literal(finding.subject)] }),
    ...(pin ? { sha256: sha256 as string } : {}),
  };
}

/** Adds a waiver to a policy file; makes the file where there is none. @throws UserError */
export async function addWaiver(path: string, waiver: Waiver): Promise<void> {
  const known = await waiversIn(path);
  if (known.some(({ id }) => id === waiver.id))
    throw new UserError(`${path} has a waiver "${waiver.id}" already`, 'change its date there, or expire it first');
  editDocument(path, initial, (document) => {
    if (document.has('waivers')) document.addIn(['waivers'], document.createNode(waiver));
    else document.set('waivers', document.createNode([waiver]));
  });
  // What was written is read again: a file that the next scan refuses must not be left behind unseen.
  await waiversIn(path);
}

/** Ends a waiver now; it stays in the file as a record. @throws UserError */
export async function expireWaiver(path: string, id: string, now: Date): Promise<void> {
  const at = (await waiversIn(path)).findIndex((waiver) => waiver.id === id);
  if (at < 0) throw new UserError(`${path} has no waiver "${id}"`, '"snowfence waiver list" shows which there are');
  editDocument(path, initial, (document) => document.setIn(['waivers', at, 'expires'], now.toISOString()));
}

/** The waivers of a policy file; none when it does not exist. @throws UserError for a file with mistakes. */
export async function waiversIn(path: string): Promise<Waiver[]> {
  if (!existsSync(path)) return [];
  return loadDocument<Policy>(path, 'policy', await compileSchema(policySchema)).waivers ?? [];
}

/** The waivers of policy files, soonest end first, with where each stands. @throws UserError */
export async function listWaivers(
  files: readonly string[],
  now: Date,
): Promise<(Waiver & { state: WaiverReport['state']; file: string })[]> {
  const all = await Promise.all(
    files.map(async (file) => (await waiversIn(file)).map((waiver) => ({ ...waiver, file }))),
  );
  return all
    .flat()
    .map((waiver) => ({ ...waiver, state: standingOf(waiver, now.getTime()) }))
    .sort((a, b) => Date.parse(a.expires) - Date.parse(b.expires));
}

/**
 * When a waiver ends: a time with its zone, a day (its beginning in UTC), or a span from now (`8h`, `14d`, `6w`).
 * @throws UserError for anything else, and for what is past.
 */
export function expiry(text: string, now: Date): string {
  const [, amount, unit] = /^(\d{1,4})([hdw])$/.exec(text) ?? [];
  const hours = { h: 1, d: 24, w: 168 } as const;
  const at = amount
    ? now.getTime() + Number(amount) * hours[unit as 'h' | 'd' | 'w'] * 3_600_000
    : /^\d{4}-\d\d-\d\d$/.test(text)
      ? Date.parse(`${text}T00:00:00Z`)
      : /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/.test(text)
        ? Date.parse(text)
        : Number.NaN;
  const allowed = 'write 14d, 2027-01-31 (00:00 UTC of that day) or 2027-01-31T18:00:00+01:00';
  if (Number.isNaN(at)) throw new UserError(`"${text}" is no time at which a waiver can end`, allowed);
  if (at <= now.getTime()) throw new UserError(`${new Date(at).toISOString()} is past`, allowed);
  return new Date(at).toISOString();
}

/** A glob that matches just this text. */
function literal(text: string): string {
  return text.replace(/[\\*?[\]{}()!+@|]/g, '\\$&');
}
