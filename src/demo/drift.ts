import { createHash } from 'node:crypto';
import { appendFile, chmod, copyFile, lstat, mkdir, readFile, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Sleeper } from './image.ts';
import { makeKey } from './keys.ts';
import type { Processes } from './processes.ts';

/** What happens to one instance. `apply` does it to the instance's tree and says, line by line, what it did. */
export interface Drift {
  instance: string;
  apply(root: string, sleeper: Sleeper, processes: Processes): Promise<string[]>;
}

/** Writes a file and keeps its mode. */
async function edit(path: string, change: (text: string) => string): Promise<void> {
  const before = await readFile(path, 'utf8');
  const after = change(before);
  if (after === before) throw new Error(`nothing to change in ${path}`);
  await writeFile(path, after);
}

/** Does what `apt-get upgrade` would: new files, a new list, true checksums, a new version in the database. */
async function upgrade(root: string, name: string, from: string, to: string): Promise<void> {
  const database = join(root, 'var/lib/dpkg');
  const info = join(database, 'info', name);
  const news = `usr/share/doc/${name}/NEWS`;
  await writeFile(join(root, news), `${name} ${to}: fixes a flaw in the reading of certificates.\n`, { mode: 0o644 });
  await chmod(join(root, news), 0o644);
  const paths = (await readFile(`${info}.md5sums`, 'utf8')).split('\n').flatMap((line) => line.slice(34) || []);
  for (const path of paths) {
    const file = join(root, path);
    await writeFile(file, (await readFile(file, 'utf8')).replaceAll(from, to));
  }
  const sums: string[] = [];
  for (const path of [...paths, news].sort()) {
    const md5 = createHash('md5').update(await readFile(join(root, path)));
    sums.push(`${md5.digest('hex')}  ${path}\n`);
  }
  await writeFile(`${info}.md5sums`, sums.join(''));
  await edit(`${info}.list`, (list) => `${list}/${news}\n`);
  await copyFile(join(database, 'status'), join(database, 'status-old'));
  await edit(join(database, 'status'), (status) =>
    status
      .split('\n\n')
      .map((stanza) =>
        stanza.startsWith(`Package: ${name}\n`) ? stanza.replace(`Version: ${from}`, `Version: ${to}`) : stanza,
      )
      .join('\n\n'),
  );
}

/** Replaces a program by another of the same size and puts its modification time back. */
async function tamper(path: string): Promise<void> {
  const { size, atime, mtime } = await lstat(path);
  const evil = '#!/bin/sh\n: a line that was not there; the rest is filled up\necho 0 cm\n';
  await writeFile(path, `${evil}${'#'.repeat(size - evil.length - 1)}\n`);
  await utimes(path, atime, mtime);
}

/** Lets eve in: an account that is root in all but name, and a key. */
async function admitEve(root: string): Promise<void> {
  const etc = (name: string): string => join(root, 'etc', name);
  await appendFile(etc('passwd'), 'eve:x:0:0::/root:/bin/bash\n');
  await appendFile(etc('shadow'), 'eve:!:20400:0:99999:7:::\n');
  await edit(etc('group'), (text) => `${text.replace('sudo:x:27:\n', 'sudo:x:27:eve\n')}eve:x:1001:\n`);
  const directory = join(root, 'root/.ssh');
  await mkdir(directory, { mode: 0o700 });
  const key = makeKey().public.split(' ').slice(0, 2).join(' ');
  await writeFile(join(directory, 'authorized_keys'), `${key} eve@elsewhere\n`, { mode: 0o600 });
}

/** Runs a program that the image does not have from a hidden directory in /tmp. */
async function runStranger(root: string, sleeper: Sleeper, processes: Processes): Promise<void> {
  const path = join(root, 'tmp/.x/kworker');
  await mkdir(join(root, 'tmp/.x'), { mode: 0o755 });
  await copyFile(sleeper.path, path);
  await chmod(path, 0o755);
  await processes.sleep(path, sleeper);
}

/** What happened to the fleet since it was launched; instances that are not here are untouched. */
export const drifts: Drift[] = [
  {
    instance: 'web-3',
    async apply(root) {
      const [from, to] = ['3.5.1-1+deb13u1', '3.5.4-1~deb13u1'];
      await upgrade(root, 'openssl', from, to);
      return [`upgraded openssl in place from ${from} to ${to}, as apt would`];
    },
  },
  {
    instance: 'web-4',
    async apply(root) {
      await tamper(join(root, 'usr/bin/snow-report'));
      await edit(join(root, 'etc/snow-web/snow-web.conf'), (text) =>
        text.replace('directory_listing off', 'directory_listing on'),
      );
      return [
        'replaced the program /usr/bin/snow-report, and gave it the old size and modification time',
        'switched directory listings on in /etc/snow-web/snow-web.conf',
      ];
    },
  },
  {
    instance: 'web-5',
    async apply(root, sleeper, processes) {
      await admitEve(root);
      await runStranger(root, sleeper, processes);
      return [
        'added the account eve with user id 0, and put her in the group sudo',
        'let a key of hers log in as root (/root/.ssh/authorized_keys)',
        'started a program from /tmp/.x that calls itself kworker',
      ];
    },
  },
];
