import { UserError } from '../../core/errors.ts';
import type { Manifest } from '../../core/manifest.ts';
import type { ManifestRow } from '../../core/ports.ts';
import type { Db } from './database.ts';

const LF = 0x0a;

/** Keeps a manifest; one that is there already becomes the newest of its ref. */
export function addManifest(db: Db, encoded: Buffer, manifest: Manifest, addedAt: string): void {
  const { digest, image, createdAt, fingerprint } = manifest;
  const files = linesIn(fingerprint.files);
  const packages = linesIn(fingerprint.packages);
  db.prepare(
    `INSERT OR REPLACE INTO manifests (digest, ref, image_digest, created_at, added_at, files, packages, encoded)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
  ).run(digest, image.ref, image.digest ?? null, createdAt, addedAt, files, packages, encoded);
}

/** By ref, then by digest of image or manifest, whole or the first 12 or more hex digits. */
export function findManifest(db: Db, refOrDigest: string): Buffer | undefined {
  return newest(db, 'ref = ?', refOrDigest) ?? byDigest(db, refOrDigest);
}

/** All manifests, newest addition first. */
export function listManifests(db: Db): ManifestRow[] {
  return db
    .prepare<[], ManifestRow>(
      `SELECT digest, ref, created_at AS createdAt, added_at AS addedAt, files, packages, length(encoded) AS bytes
       FROM manifests ORDER BY added DESC`,
    )
    .all();
}

function byDigest(db: Db, asked: string): Buffer | undefined {
  const [, algorithm = 'sha256', hex = ''] = /^(?:([a-z0-9]+):)?([0-9a-f]{12,})$/.exec(asked) ?? [];
  if (hex === '') return undefined;
  const from = `${algorithm}:${hex}`;
  // No hex digit sorts behind `g`: a range, so that an index answers it.
  const digests = db
    .prepare<unknown[], { digest: string; ref: string }>(
      `SELECT digest, ref FROM manifests WHERE digest >= ? AND digest < ?
       UNION SELECT image_digest, min(ref) FROM manifests WHERE image_digest >= ? AND image_digest < ? GROUP BY 1
       ORDER BY 1`,
    )
    .all(from, `${from}g`, from, `${from}g`);
  const exact = digests.find(({ digest }) => digest === from);
  const chosen = exact ? [exact] : digests.filter(({ digest }, i) => digests[i - 1]?.digest !== digest);
  if (chosen.length > 1) {
    const list = chosen.slice(0, 10).map(({ digest, ref }) => `  ${digest} (${ref})`);
    throw new UserError(`${asked} may mean ${chosen.length} digests`, `give more digits:\n${list.join('\n')}`);
  }
  const digest = chosen[0]?.digest;
  return digest === undefined ? undefined : newest(db, 'digest = ? OR image_digest = ?', digest, digest);
}

function newest(db: Db, where: string, ...values: string[]): Buffer | undefined {
  return db
    .prepare<unknown[], Buffer>(`SELECT encoded FROM manifests WHERE ${where} ORDER BY added DESC LIMIT 1`)
    .pluck()
    .get(...values) as Buffer | undefined;
}

/** A canonical stream has one fact a line. */
function linesIn(stream: Buffer): number {
  let lines = 0;
  for (let at = stream.indexOf(LF); at !== -1; at = stream.indexOf(LF, at + 1)) lines++;
  return lines;
}
