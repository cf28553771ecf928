import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { must } from './exec.ts';
import { labDir, withLock } from './place.ts';

/** A person or a robot that may log in to every instance with the fleet's key. */
export interface LabAccount {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
  readonly shell: string;
}

/** A golden image: a root directory that instances share read-only, and the same as a tar. */
export interface LabImage {
  /** Unpacked root; the lower layer of every instance. Never write into it. */
  readonly dir: string;
  /** The same tree as a POSIX tar, with numeric owners and extended attributes. */
  readonly tar: string;
  /** Name of the image, IMAGE_ID:IMAGE_VERSION of its os-release. */
  readonly ref: string;
  readonly sshServer: 'openssh' | 'dropbear';
  /** Everybody that can log in, root first. */
  readonly accounts: readonly LabAccount[];
}

/** How an image is made. `recipe` is everything that the result depends on: another recipe is another image. */
export interface ImagePlan {
  readonly name: string;
  readonly recipe: unknown;
  readonly image: Omit<LabImage, 'dir' | 'tar'>;
  /** Fills the directory, which exists and is empty. */
  readonly build: (dir: string) => Promise<void>;
}

/** Gives the image from the store, building it first when this recipe was never built on this machine. */
export async function storedImage(plan: ImagePlan): Promise<LabImage> {
  const described = JSON.stringify([plan.recipe, plan.image]);
  const key = createHash('sha256').update(described).digest('hex').slice(0, 12);
  const home = join(labDir(), 'images', `${plan.name}-${key}`);
  const image: LabImage = { ...plan.image, dir: join(home, 'root'), tar: join(home, 'image.tar') };
  // The directory gets its name when it is complete, so its existence is the proof.
  if (existsSync(home)) return image;
  await withLock(`image-${plan.name}`, async () => {
    if (existsSync(home)) return;
    const draft = `${home}.draft`;
    await rm(draft, { recursive: true, force: true });
    const root = join(draft, 'root');
    await mkdir(root, { recursive: true });
    await plan.build(root);
    await must('tar', [...TAR_CREATE, '-C', root, '-cf', join(draft, 'image.tar'), '.']);
    await writeFile(join(draft, 'recipe.json'), `${described}\n`);
    await rename(draft, home);
  });
  return image;
}

/** Nanosecond times and capabilities survive only in the pax format; the order is fixed so that two packings are equal. */
const TAR_CREATE = ['--format=posix', '--xattrs', '--xattrs-include=*', '--numeric-owner', '--sort=name'];

/** The recipe that a built image was made from, for people who wonder. */
export function recipeOf(image: LabImage): Promise<string> {
  return readFile(join(image.dir, '..', 'recipe.json'), 'utf8');
}
