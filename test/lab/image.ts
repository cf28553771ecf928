import { chmod, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { aptProxy, aptSources } from './apt-sources.ts';
import { must, run } from './exec.ts';
import { type LabAccount, type LabImage, storedImage } from './image-store.ts';
import { INIT_OPENSSH } from './init.ts';

export type { LabAccount, LabImage } from './image-store.ts';

const SUITE = 'bookworm';

/** tcsh: a login shell that is not sh. libcap2-bin: getcap. sudo: for accounts that are not root. */
const PACKAGES = ['openssh-server', 'procps', 'libcap2-bin', 'tcsh', 'openssl', 'sudo'];

const ACCOUNTS: readonly LabAccount[] = [
  { name: 'root', uid: 0, gid: 0, home: '/root', shell: '/bin/bash' },
  { name: 'scanner', uid: 1500, gid: 1500, home: '/home/scanner', shell: '/bin/sh' },
  { name: 'fisher', uid: 1501, gid: 1501, home: '/home/fisher', shell: '/bin/tcsh' },
  { name: 'warden', uid: 1502, gid: 1502, home: '/home/warden', shell: '/bin/sh' },
  { name: 'steward', uid: 1503, gid: 1503, home: '/home/steward', shell: '/bin/tcsh' },
];

/** The password of `steward`, for sudo only: sshd takes no passwords. */
export const STEWARD_PASSWORD = "lab 'secret' $1!";

/** warden: a shell as root without a password. steward: everything, with one. All others: nothing. */
const SUDOERS = `warden ALL=(root) NOPASSWD: /bin/sh
steward ALL=(root) ALL
`;

/** SHA-512 crypt of STEWARD_PASSWORD with a fixed salt, so that every build is the same. */
const STEWARD_HASH =
  '$6$snowfencelab$1sPrgUvjImu4evNHTV6r8FFPLDM9MUq18fZxk.j22xWOj7UeA3pQPnEzG.Ks7P/uqKRPNrwVQ2rwRFbjh0wEA0';

/** MaxStartups: sshd's own 10:30:100 drops connections of a scanner that asks many things at once. UseDNS: nobody answers here. */
const SSHD_CONFIG = `MaxStartups 100:30:200
UseDNS no
PermitRootLogin prohibit-password
PasswordAuthentication no
`;

/**
 * What a bake does last. Everything that is born at first boot (host keys, machine-id, host name, resolv.conf) leaves the image, and so does
 * what only the bake needed. \`*\` as password: no password fits, yet sshd does not call the account locked.
 */
const SEAL = `set -e
rm -f /etc/ssh/ssh_host_* /etc/hostname /etc/resolv.conf /etc/hosts
: >/etc/machine-id
chmod 0444 /etc/machine-id
rm -rf /etc/apt/sources.list.d/* /etc/apt/apt.conf.d/99mmdebstrap
echo 'deb http://deb.example.org/debian bookworm main' >/etc/apt/sources.list
rm -f /etc/passwd- /etc/group- /etc/shadow- /etc/gshadow-
find /var/log -type f -exec truncate -s 0 {} +
printf 'IMAGE_ID=lab-debian\\nIMAGE_VERSION=1\\n' >>/usr/lib/os-release
ldconfig
`;

const RECIPE = {
  suite: SUITE,
  packages: PACKAGES,
  sshd: SSHD_CONFIG,
  seal: SEAL,
  init: INIT_OPENSSH,
  SUDOERS,
  STEWARD_HASH,
};

let building: Promise<LabImage> | undefined;

/** The same image with Python, for tools that send Python to their targets. Another 60 MB. */
export function pythonImage(): Promise<LabImage> {
  const packages = [...PACKAGES, 'python3'];
  return storedImage({
    name: 'python',
    recipe: { ...RECIPE, packages },
    image: { ref: 'lab-debian:1', sshServer: 'openssh', accounts: ACCOUNTS },
    build: (dir) => build(dir, packages),
  });
}

/** The Debian golden image of the lab, built once per machine and recipe (about 20 s and 400 MB). */
export function labImage(): Promise<LabImage> {
  building ??= storedImage({
    name: 'debian',
    recipe: RECIPE,
    image: { ref: 'lab-debian:1', sshServer: 'openssh', accounts: ACCOUNTS },
    build,
  });
  return building;
}

async function build(dir: string, packages: readonly string[] = PACKAGES): Promise<void> {
  const sources = await aptSources(SUITE);
  const args = ['--quiet', '--mode=root', '--variant=minbase', '--format=directory', `--include=${packages.join(',')}`];
  await must('mmdebstrap', [...args, SUITE, dir, ...(sources ? ['-'] : [])], {
    input: sources,
    env: { ...environment(), ...(await aptProxy()) },
  });
  await writeFile(join(dir, 'etc/ssh/sshd_config.d/10-lab.conf'), SSHD_CONFIG, { mode: 0o644 });
  await writeFile(join(dir, 'etc/sudoers.d/10-lab'), SUDOERS, { mode: 0o440 });
  await rm(join(dir, 'usr/sbin/init'), { force: true });
  await writeFile(join(dir, 'usr/sbin/init'), INIT_OPENSSH);
  await chmod(join(dir, 'usr/sbin/init'), 0o755);
  const accounts = ACCOUNTS.slice(1).map(
    (one) =>
      `useradd --create-home --uid ${one.uid} --user-group --shell ${one.shell} --password '${one.name === 'steward' ? STEWARD_HASH : '*'}' ${one.name}\n`,
  );
  await must('chroot', [dir, '/bin/sh'], { input: accounts.join('') + SEAL, env: environment() });
  // A leak of this machine's mirror into the image would differ from machine to machine.
  const leaks = await run('grep', ['-rIl', '^deb ', join(dir, 'etc/apt')]);
  if (leaks.stdout.trim() !== join(dir, 'etc/apt/sources.list'))
    throw new Error(`lab: unexpected apt sources in the image: ${leaks.stdout}`);
}

function environment(): Record<string, string> {
  const kept: Record<string, string> = {
    PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
    LC_ALL: 'C.UTF-8',
    DEBIAN_FRONTEND: 'noninteractive',
  };
  for (const name of ['http_proxy', 'https_proxy', 'no_proxy', 'TMPDIR']) {
    const value = process.env[name];
    if (value) kept[name] = value;
  }
  return kept;
}
