import { cp, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { BUSYBOX_ACCOUNTS, BUSYBOX_TOOLS, busyboxRecipe, layBusybox } from './busybox.ts';
import { must } from './exec.ts';
import { copyProgram, programsDigest } from './host-program.ts';
import { type LabImage, storedImage } from './image-store.ts';

/** Programs of this machine that the image needs (package rpm, and what busybox needs). */
export const RPM_TOOLS = [...BUSYBOX_TOOLS, 'rpm', 'rpmbuild', 'perl'];

/** What is installed, as `rpm -qa --qf '%{NAME} %{EPOCHNUM}:%{VERSION}-%{RELEASE} %{ARCH}\n'` says it. */
export const RPM_PACKAGES = ['lab-data 1:2.0-1 noarch', 'lab-hello 0:1.2.3-4 noarch'];

/** Files that the packages own, without directories. */
export const RPM_FILES = {
  'lab-hello': ['/etc/lab-hello.conf', '/usr/bin/lab-hello', '/usr/share/lab-hello/README'],
  'lab-data': ['/usr/share/lab-data/latest', '/usr/share/lab-data/table with space.csv', '/var/lib/lab-data/state'],
} as const;

const SPECS: Readonly<Record<string, string>> = {
  'lab-hello': `Name: lab-hello
Version: 1.2.3
Release: 4
Summary: A program and its configuration
License: Apache-2.0
BuildArch: noarch
%description
A program and its configuration.
%install
mkdir -p %{buildroot}/usr/bin %{buildroot}/etc %{buildroot}/usr/share/lab-hello
printf '#!/bin/sh\\necho hello\\n' >%{buildroot}/usr/bin/lab-hello
echo greeting=hello >%{buildroot}/etc/lab-hello.conf
echo "Says hello." >%{buildroot}/usr/share/lab-hello/README
%files
%attr(0755,root,root) /usr/bin/lab-hello
%config(noreplace) %attr(0644,root,root) /etc/lab-hello.conf
%dir %attr(0755,root,root) /usr/share/lab-hello
%attr(0644,root,root) /usr/share/lab-hello/README
`,
  'lab-data': `Name: lab-data
Epoch: 1
Version: 2.0
Release: 1
Summary: Data with a space, a link and a ghost
License: Apache-2.0
BuildArch: noarch
%description
Data with a space, a link and a ghost.
%install
mkdir -p %{buildroot}/usr/share/lab-data %{buildroot}/var/lib/lab-data
echo a,b >"%{buildroot}/usr/share/lab-data/table with space.csv"
ln -s "table with space.csv" %{buildroot}/usr/share/lab-data/latest
touch %{buildroot}/var/lib/lab-data/state
%files
%dir %attr(0755,root,root) /usr/share/lab-data
%attr(0644,root,root) "/usr/share/lab-data/table with space.csv"
/usr/share/lab-data/latest
%dir %attr(0750,root,root) /var/lib/lab-data
%ghost /var/lib/lab-data/state
`,
};

/** Debian's rpm looks in the caller's home otherwise. */
const DBPATH = '/var/lib/rpm';

/** Format of a database that this machine's rpm reads: the second one it only reads. */
export type RpmFormat = 'sqlite' | 'bdb';

const building = new Map<RpmFormat, Promise<LabImage>>();

/** A busybox root with rpm, its database and two packages; can be launched, and can be read offline at `dir`. */
export function rpmImage(format: RpmFormat = 'sqlite'): Promise<LabImage> {
  const known = building.get(format) ?? prepare(format);
  building.set(format, known);
  return known;
}

async function prepare(format: RpmFormat): Promise<LabImage> {
  const recipe = {
    ...(await busyboxRecipe()),
    id: 'lab-rpm',
    specs: SPECS,
    rpm: await programsDigest(['/usr/bin/rpm', '/usr/bin/dash']),
    ...(format === 'bdb' ? { database: BERKELEY } : {}),
  };
  return storedImage({
    name: format === 'bdb' ? 'rpm-bdb' : 'rpm',
    recipe,
    image: { ref: 'lab-rpm:1', sshServer: 'dropbear', accounts: BUSYBOX_ACCOUNTS },
    build: async (dir) => {
      await build(dir);
      if (format === 'bdb') await toBerkeley(join(dir, DBPATH));
    },
  });
}

/** Berkeley DB itself writes what rpm did when it could: a hash of numbers of four bytes, 0 with the highest of them. */
const BERKELEY = `use DB_File; use Fcntl;
$DB_HASH->{bsize} = 4096;
tie my %packages, "DB_File", $ARGV[0], O_RDWR | O_CREAT, 0644, $DB_HASH or die $!;
binmode STDIN;
my $last = 0;
while (read(STDIN, my $head, 8)) {
  ($last, my $length) = unpack("LL", $head);
  read(STDIN, my $blob, $length);
  $packages{pack("L", $last)} = $blob;
}
$packages{pack("L", 0)} = pack("L", $last);
`;

/** Makes the database of this directory one of Berkeley DB with the same headers. */
async function toBerkeley(directory: string): Promise<void> {
  const file = join(directory, 'rpmdb.sqlite');
  const database = new Database(file, { readonly: true });
  const rows = database.prepare('SELECT hnum, blob FROM Packages ORDER BY hnum').all() as {
    hnum: number;
    blob: Buffer;
  }[];
  database.close();
  const pairs = rows.flatMap(({ hnum, blob }) => [Buffer.from(Uint32Array.of(hnum, blob.length).buffer), blob]);
  await must('perl', ['-e', BERKELEY, join(directory, 'Packages')], { input: Buffer.concat(pairs) });
  for (const name of await readdir(directory)) if (name.startsWith('rpmdb.sqlite')) await rm(join(directory, name));
}

async function build(dir: string): Promise<void> {
  await layBusybox(dir, 'lab-rpm');
  // busybox has an applet of this name; writing through its link would overwrite busybox.
  for (const place of ['bin/rpm', 'usr/bin/rpm']) await rm(join(dir, place), { force: true });
  await copyProgram('/usr/bin/rpm', dir);
  // busybox's shell runs its own rpm applet whatever PATH says; dash obeys PATH.
  await copyProgram('/usr/bin/dash', dir);
  await rm(join(dir, 'bin/sh'));
  await symlink('/usr/bin/dash', join(dir, 'bin/sh'));
  for (const name of ['rpmrc', 'macros'])
    await cp(join('/usr/lib/rpm', name), join(dir, 'usr/lib/rpm', name), { recursive: true });
  await mkdir(join(dir, 'etc/rpm'), { recursive: true });
  await writeFile(join(dir, 'etc/rpm/macros'), `%_dbpath ${DBPATH}\n`);
  const work = await mkdtemp(join(tmpdir(), 'snowfence-rpmbuild-'));
  try {
    const built = await buildPackages(work);
    const rpm = ['--root', dir, '--define', `_dbpath ${DBPATH}`];
    await must('rpm', [...rpm, '--initdb']);
    await must('rpm', [...rpm, '-i', '--nodeps', '--noscripts', '--ignorearch', ...built]);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function buildPackages(work: string): Promise<string[]> {
  for (const [name, spec] of Object.entries(SPECS)) {
    const file = join(work, `${name}.spec`);
    await writeFile(file, spec);
    await must('rpmbuild', ['-bb', '--quiet', '--nodeps', '--define', `_topdir ${work}/${name}`, file]);
  }
  const folders = Object.keys(SPECS).map((name) => join(work, name, 'RPMS/noarch'));
  const listed = await Promise.all(
    folders.map(async (folder) => (await readdir(folder)).map((file) => join(folder, file))),
  );
  return listed.flat();
}
