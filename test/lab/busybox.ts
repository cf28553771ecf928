import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { must } from './exec.ts';
import { copyProgram, programsDigest } from './host-program.ts';
import { type LabAccount, type LabImage, storedImage } from './image-store.ts';
import { INIT_DROPBEAR } from './init.ts';

/** Programs of this machine that the image is made of (packages busybox-static and dropbear-bin). */
export const BUSYBOX_TOOLS = ['busybox', 'dropbear', 'dropbearconvert', 'ldd'];

const BUSYBOX = '/usr/bin/busybox';
const DROPBEAR = '/usr/sbin/dropbear';

/** Who can log in to a busybox root. */
export const BUSYBOX_ACCOUNTS: readonly LabAccount[] = [
  { name: 'root', uid: 0, gid: 0, home: '/root', shell: '/bin/sh' },
  { name: 'scanner', uid: 1500, gid: 1500, home: '/home/scanner', shell: '/bin/sh' },
];

const DIRECTORIES =
  'bin sbin usr/bin usr/sbin etc/dropbear root home/scanner dev proc sys run tmp mnt var/log var/empty'.split(' ');

const FILES: Readonly<Record<string, string>> = {
  'etc/passwd':
    'root:x:0:0:root:/root:/bin/sh\nscanner:x:1500:1500::/home/scanner:/bin/sh\nnobody:x:65534:65534::/:/bin/false\n',
  'etc/group': 'root:x:0:\ntty:x:5:\nscanner:x:1500:\nnogroup:x:65534:\n',
  'etc/shadow': 'root:*:19700:0:99999:7:::\nscanner:*:19700:0:99999:7:::\nnobody:*:19700:0:99999:7:::\n',
  'etc/shells': '/bin/sh\n/bin/ash\n',
  'etc/profile': 'export PATH=/usr/sbin:/usr/bin:/sbin:/bin\n',
};

let building: Promise<LabImage> | undefined;

/** A root of busybox and dropbear: no GNU tools, no openssl, no perl, no bash, no package manager, no machine-id. */
export function busyboxImage(): Promise<LabImage> {
  building ??= prepare();
  return building;
}

async function prepare(): Promise<LabImage> {
  return storedImage({
    name: 'busybox',
    recipe: { ...(await busyboxRecipe()), id: 'lab-busybox' },
    image: { ref: 'lab-busybox:1', sshServer: 'dropbear', accounts: BUSYBOX_ACCOUNTS },
    build: (dir) => layBusybox(dir, 'lab-busybox'),
  });
}

/** What a root by `layBusybox` depends on. */
export async function busyboxRecipe(): Promise<Record<string, unknown>> {
  return {
    files: FILES,
    directories: DIRECTORIES,
    init: INIT_DROPBEAR,
    programs: await programsDigest([BUSYBOX, DROPBEAR]),
  };
}

/** Fills an empty directory with a busybox system that calls itself `id`. */
export async function layBusybox(dir: string, id: string): Promise<void> {
  for (const folder of DIRECTORIES) await mkdir(join(dir, folder), { recursive: true });
  await chmod(join(dir, 'tmp'), 0o1777);
  await must('chown', ['1500:1500', join(dir, 'home/scanner')]);
  await must('install', ['-m', '755', BUSYBOX, join(dir, 'bin/busybox')]);
  // What `busybox --install -s` would do; that one wants a /proc in the root.
  for (const applet of (await must(BUSYBOX, ['--list-full'])).split('\n')) {
    if (applet && applet !== 'sbin/init') await link(join(dir, applet));
  }
  for (const [path, text] of Object.entries(FILES)) await writeFile(join(dir, path), text);
  await chmod(join(dir, 'etc/shadow'), 0o600);
  await writeFile(
    join(dir, 'etc/os-release'),
    `NAME="${id}"\nID=${id}\nVERSION_ID=1\nIMAGE_ID=${id}\nIMAGE_VERSION=1\n`,
  );
  await writeFile(join(dir, 'sbin/init'), INIT_DROPBEAR, { mode: 0o755 });
  await copyProgram(DROPBEAR, dir);
}

async function link(path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await symlink('/bin/busybox', path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
}
