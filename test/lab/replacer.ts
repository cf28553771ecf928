import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import type { Fleet, LabInstance } from './fleet.ts';
import type { Desk } from './scanning.ts';

/** Asks the provider of a test: JSON of standard input to its socket, its answer to standard output. */
const ASK = `import { request } from 'node:http';
let text = '';
for await (const chunk of process.stdin) text += chunk;
const asked = request({ socketPath: process.argv[2], path: '/', method: 'POST' }, async (answer) => {
  let said = '';
  for await (const chunk of answer) said += chunk;
  process.stdout.write(said);
  process.exitCode = answer.statusCode === 200 ? 0 : 1;
});
asked.end(text);
`;

/** What launches and ends the instances of a fleet, as a cloud would: it truly destroys them and makes them anew. */
export class Replacer implements AsyncDisposable {
  /** Names, in the order in which they were replaced. */
  readonly replaced: string[] = [];
  /** Steps and names, as the hooks were told. */
  readonly told: string[] = [];
  /** Most that were away at the same time. */
  mostAway = 0;
  /** Done to each new instance at launch: an image that is not what it should be. */
  atLaunch: ((one: LabInstance) => Promise<unknown>) | undefined;
  readonly #fleet: Fleet;
  readonly #socket: string;
  readonly #script: string;
  readonly #server: Server;
  readonly #keys = new Map<string, Promise<LabInstance>>();
  #away = 0;

  private constructor(fleet: Fleet, socket: string, script: string) {
    this.#fleet = fleet;
    this.#socket = socket;
    this.#script = script;
    this.#server = createServer(async (asked, answer) => {
      let text = '';
      for await (const chunk of asked) text += String(chunk);
      try {
        answer.end(JSON.stringify(await this.#answer(JSON.parse(text))));
      } catch (error) {
        answer.writeHead(500).end(String(error));
      }
    });
  }

  static async start(fleet: Fleet, desk: Desk): Promise<Replacer> {
    const replacer = new Replacer(fleet, join(desk.dir, 'provider.sock'), await desk.file('ask.mjs', ASK));
    await new Promise<void>((resolve) => replacer.#server.listen(replacer.#socket, resolve));
    return replacer;
  }

  /** Argv of a program that asks it; also a hook. */
  get program(): string[] {
    return [process.execPath, this.#script, this.#socket];
  }

  async #answer(asked: Record<string, unknown>): Promise<unknown> {
    const { action, hook, key } = asked;
    const target = (asked['target'] ?? asked['item']) as { name: string };
    if (typeof hook === 'string') {
      this.told.push(`${hook} ${target.name}`);
      if (hook === 'drain') this.mostAway = Math.max(this.mostAway, ++this.#away);
      if (hook === 'after') this.#away--;
      return { heard: true };
    }
    if (action === 'start') this.#keys.set(String(key), this.#keys.get(String(key)) ?? this.#recreate(target.name));
    const made = await this.#keys.get(String(key));
    if (action === 'retire') this.told.push(`retire ${target.name}`);
    if (!made) return { state: 'failed', detail: 'nobody began it' };
    return { state: 'done', uri: `ssh://root@${made.address}:${made.port}`, hostKeys: [made.hostKey] };
  }

  async #recreate(name: string): Promise<LabInstance> {
    const one = this.#fleet.instances.find((instance) => instance.name === name);
    if (!one) throw new Error(`no instance ${name}`);
    this.replaced.push(name);
    const made = await this.#fleet.recreate(one);
    await this.atLaunch?.(made);
    return made;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
