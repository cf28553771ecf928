/** `node test/lab/pictures.ts`: draws the pictures of docs/images anew, from a real audit of real servers in a real terminal. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DRIFTS } from './drift-table.ts';
import { startFleet } from './fleet.ts';
import { labImage } from './image.ts';
import { pictureOf } from './picture.ts';
import { Desk, SNOWFENCE, snowfence } from './scanning.ts';
import { Terminal } from './tmux.ts';

const images = join(import.meta.dirname, '..', '..', 'docs', 'images');

async function main(): Promise<void> {
  await using desk = await Desk.open();
  const base = await labImage();
  const [image, other] = [
    { ...base, ref: 'web:42' },
    { ...base, ref: 'db:7' },
  ];
  await using web = await startFleet(image, 7, { prefix: 'web' });
  await using db = await startFleet(other, 3, { prefix: 'db' });
  const group = async (fleet: typeof web) => ({
    ...{ manifest: await desk.manifest(fleet.image), identityFiles: [fleet.keyFile], knownHosts: [fleet.knownHosts] },
    ...{ sshConfig: '/dev/null' },
    hosts: fleet.instances.map(({ name, address, port }) => ({ name, address: `ssh://root@${address}:${port}` })),
  });
  const inventory = await desk.file(
    'fleet.yaml',
    JSON.stringify({ groups: { web: await group(web), db: await group(db) } }),
  );
  const store = ['--store', join(desk.dir, 'store.db')];
  const scan = () => snowfence(['scan', '--inventory', inventory, '--quiet', ...store]);
  const drift = (name: string) => DRIFTS.find((one) => one.name === name)?.do ?? Promise.reject(new Error(name));
  const [first, second, third, fourth] = web.instances;
  if (!first || !second || !third || !fourth) throw new Error('too few instances');
  await scan();
  await first.run('printf "#!/bin/sh\\n" > /usr/local/bin/fix-it; chmod 4755 /usr/local/bin/fix-it');
  await scan();
  await (await drift('package upgraded'))(second);
  await (await drift('package upgraded'))(third);
  await first.run('echo "eve ALL=(ALL) NOPASSWD: ALL" > /etc/sudoers.d/eve; useradd -m eve');
  await scan();
  await scan();
  await fourth.run('sed -i "s/^#PermitRootLogin.*/PermitRootLogin yes/" /etc/ssh/sshd_config');
  await scan();
  const [columns, rows] = [132, 28];
  await using terminal = await Terminal.open(columns, rows);
  await terminal.type(`${process.execPath} ${SNOWFENCE} audit ${store.join(' ')}`);
  await terminal.keys('Enter');
  await terminal.until(/clean +\d/);
  mkdirSync(images, { recursive: true });
  const draw = async (name: string, title: string) =>
    writeFileSync(join(images, name), pictureOf(title, await terminal.colours(), columns, rows));
  await draw('audit-fleet.svg', 'The fleet in the audit');
  await terminal.keys('/');
  await terminal.type(fourth.name);
  await terminal.keys('Enter', 'Enter');
  await terminal.until('permitrootlogin');
  await terminal.keys('Enter');
  await terminal.until('+++ instance');
  await draw('audit-finding.svg', 'A finding in the audit');
}

await main();
