import { createHash } from 'node:crypto';
import { copyFile, mkdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { must } from './exec.ts';

/** Copies a program of this machine and the shared libraries it needs to the same places under a root. */
export async function copyProgram(program: string, dir: string): Promise<void> {
  for (const file of [program, ...(await librariesOf(program))]) {
    const target = join(dir, file);
    await mkdir(dirname(target), { recursive: true });
    // Through symbolic links: the root gets the file under the name that the loader looks for.
    await copyFile(file, target);
  }
}

/** Digest of programs of this machine, for recipes: an upgraded program makes another image. */
export async function programsDigest(programs: readonly string[]): Promise<string> {
  const hash = createHash('sha256');
  for (const program of programs) hash.update(await readFile(program));
  return hash.digest('hex');
}

async function librariesOf(program: string): Promise<string[]> {
  const said = await must('ldd', [program]);
  return [...said.matchAll(/(?:=> )?(\/\S+) \(0x/g)].map((match) => match[1] as string);
}
