/**
 * SSH servers on loopback that say what one real instance said: what the scanner costs is then measured without the work of its
 * targets. Run as a process of its own: `node echo.ts COUNT DIRECTORY COMMAND...`, where COMMAND with what the scanner asks for behind it
 * runs that on the instance. The first answer comes from there, all others are that one, made for the scan that asks. DIRECTORY gets
 * `fleet.yaml`, `first.yaml` (only the first of them) and `known_hosts`; a line on standard output says that they are there.
 */
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import ssh2, { type ServerChannel } from 'ssh2';
import { makeKey } from '../../src/demo/keys.ts';

const [count = '0', directory = '.', ...command] = process.argv.slice(2);

/** What the instance said, and the salt of the scan that it said it to: 16 hex digits that the files frame repeats. */
let recorded: { answer: Buffer; salt: string } | undefined;

/** Runs the program on the real instance, and keeps what it says. */
function record(channel: ServerChannel, asked: string): void {
  const [executable = '', ...words] = [...command, asked];
  const child = spawn(executable, words, { stdio: ['pipe', 'pipe', 'ignore'] });
  const [said, heard]: [Buffer[], Buffer[]] = [[], []];
  channel.on('data', (bytes: Buffer) => {
    heard.push(bytes);
    child.stdin.write(bytes);
  });
  channel.on('end', () => child.stdin.end());
  child.stdout.on('data', (bytes: Buffer) => {
    said.push(bytes);
    channel.write(bytes);
  });
  child.on('close', (code) => {
    recorded = { answer: Buffer.concat(said), salt: saltOf(Buffer.concat(heard)) ?? '' };
    channel.exit(code ?? 1);
    channel.end();
  });
}

const saltOf = (heard: Buffer) => /\nSNOWFENCE-ASK 1 ([0-9a-f]{16}) /.exec(heard.toString('latin1'))?.[1];

/** Says hello when the program is there, and the rest when it is asked. */
function repeat(channel: ServerChannel, { answer, salt }: { answer: Buffer; salt: string }): void {
  // NUL, hello with its time and root, NUL
  const hello = answer.indexOf(0, answer.indexOf('SNOWFENCE/1')) + 1;
  const at = answer.indexOf(salt, hello, 'latin1');
  let heard = Buffer.alloc(0);
  let greeted = false;
  channel.on('data', (bytes: Buffer) => {
    heard = Buffer.concat([heard, bytes]);
    if (!greeted && heard.includes('\nexit 0\n}\n')) {
      greeted = true;
      channel.write(answer.subarray(0, hello));
    }
    const now = saltOf(heard);
    if (now === undefined || !heard.toString('latin1').endsWith('\n.\n')) return;
    const [before, behind] = [answer.subarray(hello, at), answer.subarray(at + salt.length)];
    channel.write(Buffer.concat([before, Buffer.from(now), behind]));
    channel.exit(0);
    channel.end();
  });
}

function serve(): Promise<{ port: number; hostKey: string }> {
  const key = makeKey();
  const ssh = new ssh2.Server({ hostKeys: [key.private] }, (connection) => {
    connection.on('error', () => {});
    connection.on('authentication', (context) => context.accept());
    connection.on('session', (accept) => {
      accept().on('exec', (acceptExec, _, { command: asked }) => {
        if (recorded) repeat(acceptExec(), recorded);
        else record(acceptExec(), asked);
      });
    });
  });
  const server = createServer((socket) => ssh.injectSocket(socket));
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', 1024, () =>
      resolve({ port: (server.address() as AddressInfo).port, hostKey: key.public }),
    );
  });
}

const servers = await Promise.all(Array.from({ length: Number(count) }, serve));
const hosts = servers.map(({ port }, i) => `  - { name: echo-${i}, address: "ssh://root@127.0.0.1:${port}" }\n`);
const inventory = (some: string[]) => `schema: snowfence.fleet/v1\nhosts:\n${some.join('')}`;
writeFileSync(join(directory, 'fleet.yaml'), inventory(hosts));
writeFileSync(join(directory, 'first.yaml'), inventory(hosts.slice(0, 1)));
const known = servers.map(({ port, hostKey }) => `[127.0.0.1]:${port} ${hostKey}\n`);
writeFileSync(join(directory, 'known_hosts'), known.join(''));
console.log('ready');
