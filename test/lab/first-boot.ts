import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { appendFile, chmod, chown, copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { must } from './exec.ts';
import type { LabImage } from './image-store.ts';

/** An ssh key pair as files: the private one, and the same name with `.pub`. */
export interface KeyPair {
  readonly file: string;
  /** The public key's line without comment: `ssh-ed25519 AAAA...`. */
  readonly line: string;
}

export async function makeKey(file: string, comment: string): Promise<KeyPair> {
  await rm(file, { force: true });
  await must('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', comment, '-f', file]);
  const [type, key] = (await readFile(`${file}.pub`, 'utf8')).split(' ');
  return { file, line: `${type} ${key}` };
}

export interface FirstBoot {
  readonly image: LabImage;
  /** The merged root. */
  readonly root: string;
  readonly name: string;
  readonly hostKey: KeyPair;
  readonly launchKey: KeyPair;
  readonly banner: boolean;
}

/** Does what cloud-init and systemd do at the first boot. What it writes is FIRST_BOOT_FILES, and nothing else. */
export async function firstBoot(boot: FirstBoot): Promise<void> {
  const { image, root, name, hostKey, launchKey } = boot;
  const put = (path: string, text: string) => writeFile(join(root, path), text, { mode: 0o644 });
  // Only where the image has the (empty) file: a busybox system has no machine-id.
  if (existsSync(join(root, 'etc/machine-id'))) await put('etc/machine-id', `${randomBytes(16).toString('hex')}\n`);
  await put('etc/hostname', `${name}\n`);
  await put(
    'etc/hosts',
    `# Your system has configured 'manage_etc_hosts' as True.\n127.0.1.1 ${name}\n127.0.0.1 localhost\n`,
  );
  await put('etc/resolv.conf', 'nameserver 192.0.2.53\n');
  await installHostKey(image, root, hostKey);
  for (const account of image.accounts) {
    const folder = join(root, account.home, '.ssh');
    const file = join(folder, 'authorized_keys');
    await mkdir(folder, { mode: 0o700 });
    await writeFile(file, `${launchKey.line} launch-key\n`, { mode: 0o600 });
    await chown(folder, account.uid, account.gid);
    await chown(file, account.uid, account.gid);
  }
  if (boot.banner) await makeNoise(root);
}

/** Where first boot leaves its marks, relative to the root. */
export function firstBootFiles(image: LabImage): string[] {
  const keys =
    image.sshServer === 'openssh'
      ? ['etc/ssh/ssh_host_ed25519_key', 'etc/ssh/ssh_host_ed25519_key.pub']
      : ['etc/dropbear/dropbear_ed25519_host_key'];
  const launch = image.accounts.map((account) => `${account.home.slice(1)}/.ssh/authorized_keys`);
  const machine = existsSync(join(image.dir, 'etc/machine-id')) ? ['etc/machine-id'] : [];
  return ['etc/hostname', 'etc/hosts', 'etc/resolv.conf', ...machine, ...keys, ...launch].sort();
}

async function installHostKey(image: LabImage, root: string, key: KeyPair): Promise<void> {
  if (image.sshServer === 'dropbear') {
    const target = join(root, 'etc/dropbear/dropbear_ed25519_host_key');
    await must('dropbearconvert', ['openssh', 'dropbear', key.file, target]);
    await chmod(target, 0o600);
    return;
  }
  const target = join(root, 'etc/ssh/ssh_host_ed25519_key');
  await copyFile(key.file, target);
  await chmod(target, 0o600);
  await copyFile(`${key.file}.pub`, `${target}.pub`);
  await chmod(`${target}.pub`, 0o644);
}

/** Everything that talks before and around a command: the banner, sshrc, and the start-up files of all three shells. */
async function makeNoise(root: string): Promise<void> {
  const put = (path: string, text: string) => writeFile(join(root, path), text, { mode: 0o644 });
  await put('etc/ssh/banner', 'Authorized use only.\nAll activity is recorded.\n');
  await put('etc/ssh/sshd_config.d/20-banner.conf', 'Banner /etc/ssh/banner\n');
  await put('etc/ssh/sshrc', 'echo "noise: sshrc"\necho "noise: sshrc err" >&2\n');
  const shell = 'echo "noise: $0 start-up file"\nprintf "\\033[31mnoise in red\\033[0m\\n"\necho "noise err" >&2\n';
  await appendFile(join(root, 'etc/profile'), shell);
  await put('root/.bashrc', shell);
  await put('etc/csh.cshrc', 'echo "noise: csh.cshrc"\n');
}
