import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { ended, sleep } from './exec.ts';
import { onExit } from './on-exit.ts';

/** Programs of this machine that receive notifications (packages rsyslog, rsyslog-gnutls, prometheus-alertmanager, openssl). */
export const RECEIVER_TOOLS = ['rsyslogd', 'prometheus-alertmanager', 'openssl'];

/** A port of loopback that nobody listens on. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}

/** A program of this machine that runs until it is disposed of. */
class Running implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #unhook: () => void;

  constructor(program: string, args: string[]) {
    this.#child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] });
    this.#child.stderr?.resume();
    this.#unhook = onExit(() => this.#child.kill('SIGKILL'));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL');
    await ended(this.#child);
    this.#unhook();
  }
}

/** rsyslogd with an input for each protocol, each of which writes to a file of its own. */
export class Rsyslog extends Running {
  readonly #dir: string;

  private constructor(dir: string, config: string) {
    super('rsyslogd', ['-n', '-f', config, '-i', join(dir, 'pid')]);
    this.#dir = dir;
  }

  static start(
    dir: string,
    ports: { udp: number; tcp: number; tls: number },
    tls: { certFile: string; keyFile: string },
  ) {
    mkdirSync(dir, { recursive: true });
    const rule = (name: string) =>
      `ruleset(name="${name}") { action(type="omfile" file="${dir}/${name}.log" template="all") }`;
    const gtls = 'streamDriver.name="gtls" streamDriver.mode="1" streamDriver.authMode="anon"';
    const file = join(dir, 'rsyslog.conf');
    writeFileSync(
      file,
      `global(workDirectory="${dir}" defaultNetstreamDriverCAFile="${tls.certFile}"
  defaultNetstreamDriverCertFile="${tls.certFile}" defaultNetstreamDriverKeyFile="${tls.keyFile}")
module(load="imudp") module(load="imtcp")
template(name="all" type="string" string="%pri% %protocol-version% %app-name% %msgid% %structured-data% %msg%\\n")
${['udp', 'tcp', 'tls'].map(rule).join('\n')}
input(type="imudp" address="127.0.0.1" port="${ports.udp}" ruleset="udp")
input(type="imtcp" address="127.0.0.1" port="${ports.tcp}" ruleset="tcp")
input(type="imtcp" address="127.0.0.1" port="${ports.tls}" ruleset="tls" ${gtls})
`,
    );
    return new Rsyslog(dir, file);
  }

  /** What came by one protocol, a line each. */
  lines(protocol: 'udp' | 'tcp' | 'tls'): string[] {
    try {
      return readFileSync(join(this.#dir, `${protocol}.log`), 'utf8')
        .split('\n')
        .slice(0, -1);
    } catch {
      return [];
    }
  }
}

/** Alertmanager that tells nobody. */
export class Alertmanager extends Running {
  readonly url: string;

  private constructor(dir: string, port: number, config: string) {
    const listen = [`--web.listen-address=127.0.0.1:${port}`, '--cluster.listen-address='];
    super('prometheus-alertmanager', [`--config.file=${config}`, `--storage.path=${dir}`, ...listen]);
    this.url = `http://127.0.0.1:${port}`;
  }

  static async start(dir: string): Promise<Alertmanager> {
    mkdirSync(dir, { recursive: true });
    const config = join(dir, 'alertmanager.yml');
    writeFileSync(config, 'route: { receiver: nobody }\nreceivers: [{ name: nobody }]\n');
    const one = new Alertmanager(dir, await freePort(), config);
    await until('Alertmanager is ready', async () => (await fetch(`${one.url}/-/ready`)).ok);
    return one;
  }

  /** The alerts that it holds as active. */
  async active(): Promise<{ labels: Record<string, string>; annotations: Record<string, string> }[]> {
    const answer = await fetch(`${this.url}/api/v2/alerts?active=true`);
    return (await answer.json()) as Awaited<ReturnType<Alertmanager['active']>>;
  }
}

/** Waits until it holds; what fails meanwhile is tried again. */
export async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 20_000; Date.now() < end; ) {
    if (
      await Promise.resolve()
        .then(holds)
        .catch(() => false)
    )
      return;
    await sleep(50);
  }
  throw new Error(`lab: it did not come about that ${what}`);
}
