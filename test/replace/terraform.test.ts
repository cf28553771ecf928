import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DriverContext, Permit, Settings, Target } from '../../src/core/replacement.ts';
import { Terraform } from '../../src/replace/terraform/act.ts';
import { terraform } from '../../src/replace/terraform/driver.ts';
import { find, proveAlone, resourcesOf } from '../../src/replace/terraform/state.ts';
import { describeDriver, type Provider } from './contract.ts';
import { item, permitOf } from './make.ts';

const { TF_CLI_CONFIG_FILE: _, ...env } = process.env;
const context: DriverContext = { signal: new AbortController().signal, env, secret: async () => 's' };
const double = [process.execPath, join(import.meta.dirname, 'terraform', 'terraform.mjs')];
const real = spawnSync('terraform', ['version'], { env }).status === 0;

/** A root module whose resources are records of Terraform's own: real ids, no cloud. */
class Module {
  readonly dir = mkdtempSync(join(tmpdir(), 'snowfence-tf-'));
  readonly program: string[];
  readonly #tool: string[];
  #count = 0;

  constructor(tool: string[]) {
    this.#tool = tool;
    // Counts what is applied, and holds the state's lock for one call when told to.
    writeFileSync(
      join(this.dir, 'tool.mjs'),
      `import { spawnSync } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
const args = process.argv.slice(2);
const dir = ${JSON.stringify(this.dir)};
if (args.includes('apply')) writeFileSync(dir + '/calls', 'x', { flag: 'a' });
if (args.includes('plan') && existsSync(dir + '/busy')) {
  rmSync(dir + '/busy');
  console.error('\\nError: Error acquiring the state lock\\n\\nError message: resource temporarily unavailable');
  process.exit(1);
}
const [name, ...first] = ${JSON.stringify(tool)};
process.exit(spawnSync(name, [...first, ...args], { stdio: 'inherit' }).status ?? 1);
`,
    );
    this.program = [process.execPath, join(this.dir, 'tool.mjs')];
  }

  /** Settings of the driver. */
  settings(more: Settings = {}): Settings {
    return { directory: this.dir, program: this.program, mode: 'apply', lockSeconds: 0, ...more };
  }

  /** One machine more. */
  async add(): Promise<Target> {
    const name = `web-${++this.#count}`;
    await this.#configure();
    this.terraform('apply', true);
    return this.target(name);
  }

  target(name: string): Target {
    const found = this.resources().find(({ values }) => (values['input'] as { name: string }).name === name);
    return item(name, { identity: String(found?.values['id']), uri: `ssh://root@${name}` });
  }

  resources() {
    return resourcesOf(JSON.parse(this.terraform('show').stdout));
  }

  ids = () => this.resources().map(({ values }) => String(values['id']));

  /** Somebody else works with it. */
  terraform(verb: 'apply' | 'show', must = false) {
    const plan = join(this.dir, 'own.plan');
    const quiet = ['-input=false', '-no-color'];
    const calls =
      verb === 'show'
        ? [['show', '-json']]
        : [
            ['plan', ...quiet, `-out=${plan}`],
            ['apply', ...quiet, plan],
          ];
    const [name = '', ...first] = this.#tool;
    let last = spawnSync('true', { encoding: 'utf8' });
    for (const call of calls) {
      last = spawnSync(name, [...first, `-chdir=${this.dir}`, ...call], { env, encoding: 'utf8' });
      if (must && last.status !== 0) throw new Error(last.stderr);
    }
    return last;
  }

  async #configure(names = Array.from({ length: this.#count }, (_, i) => `web-${i + 1}`)): Promise<void> {
    const resource = (name: string) => `resource "terraform_data" "${name}" {
  input = { name = "${name}" }
  provisioner "local-exec" {
    command = "test ! -e ${this.dir}/fail"
  }
}
`;
    writeFileSync(join(this.dir, 'main.tf'), names.map(resource).join(''));
    const records = names.map((name) => ({ address: `terraform_data.${name}`, input: { name } }));
    writeFileSync(join(this.dir, 'resources.json'), JSON.stringify(records));
  }

  async without(name: string): Promise<void> {
    await this.#configure(Array.from({ length: this.#count }, (_, i) => `web-${i + 1}`).filter((one) => one !== name));
    this.terraform('apply', true);
    await this.#configure();
  }

  close = () => rmSync(this.dir, { recursive: true, force: true });
}

for (const [name, tool] of [['a double', double] as const, ...(real ? [['Terraform', ['terraform']] as const] : [])]) {
  describe(`with ${name}`, () => {
    describeDriver(`terraform`, terraform, async (): Promise<Provider> => {
      const module = new Module([...tool]);
      return {
        ...{ settings: module.settings(), context },
        launch: () => module.add(),
        alive: async () => module.ids(),
        changes: async () =>
          existsSync(join(module.dir, 'calls')) ? readFileSync(join(module.dir, 'calls')).length : 0,
        vanish: ({ name: of }) => module.without(of),
        throttle: async () => writeFileSync(join(module.dir, 'busy'), ''),
        refused: { target: item('x', { identity: '', uri: 'ssh://root@x' }) },
        close: async () => module.close(),
      };
    });

    describe('the driver terraform', () => {
      let module: Module;
      beforeEach(() => {
        module = new Module([...tool]);
      });
      afterEach(() => module.close());
      const start = async (permit: Permit, more: Settings = {}) =>
        (await terraform.open(module.settings(more), context)).start(permit);
      const poll = async (token: string, permit: Permit, more: Settings = {}) =>
        (await terraform.open(module.settings(more), context)).poll(token, permit);

      it('says the command and waits until a person has run it', async () => {
        const target = await module.add();
        const other = await module.add();
        const permit = permitOf(target);
        const token = await start(permit, { mode: 'print' });
        const waiting = await poll(token, permit, { mode: 'print' });
        expect(waiting).toEqual({
          state: 'running',
          detail: expect.stringMatching(/^a person runs: .* -chdir=.* apply -replace=terraform_data\.web-1$/),
        });
        expect(module.ids()).toEqual([target.identity, other.identity]);
        await start(permitOf({ ...target, instance: 'by-hand' }));
        // The first process forgot what it knew; the state no longer has the old id.
        const again = await start(permit, { mode: 'print' });
        expect(await poll(again, permit, { mode: 'print' })).toMatchObject({
          state: 'done',
          successor: { uri: target.uri, id: module.target('web-1').identity },
        });
      });

      it('touches nothing while the configuration would change anything else', async () => {
        const target = await module.add();
        const before = module.ids();
        writeFileSync(
          join(module.dir, 'main.tf'),
          `${readFileSync(join(module.dir, 'main.tf'), 'utf8')}resource "terraform_data" "new" {\n  input = { name = "new" }\n}\n`,
        );
        const records = JSON.parse(readFileSync(join(module.dir, 'resources.json'), 'utf8'));
        writeFileSync(
          join(module.dir, 'resources.json'),
          JSON.stringify([...records, { address: 'terraform_data.new', input: { name: 'new' } }]),
        );
        await expect(start(permitOf(target))).rejects.toThrow(
          'the plan would also change 1 other resource: terraform_data.new (create)',
        );
        expect(module.ids()).toEqual(before);
      });

      it('goes on after a new one that was made only half', async () => {
        const target = await module.add();
        const permit = permitOf(target);
        writeFileSync(join(module.dir, 'fail'), '');
        await expect(start(permit)).rejects.toThrow(/local-exec provisioner error/);
        expect(module.ids()).not.toContain(target.identity);
        rmSync(join(module.dir, 'fail'));
        expect((await poll(await start(permit), permit)).state).toBe('done');
        expect(module.ids()).toHaveLength(1);
        expect(module.resources()[0]?.tainted).toBe(false);
      });

      it('waits for somebody else who has the state', async () => {
        const target = await module.add();
        const lock = join(module.dir, '.terraform.tfstate.lock.info');
        const held =
          name === 'Terraform' ? spawn('terraform', [`-chdir=${module.dir}`, 'console'], { env }) : undefined;
        if (!held) writeFileSync(lock, '{}');
        while (!existsSync(lock)) await delay(20);
        const permit = permitOf(target);
        await expect(start(permit)).rejects.toMatchObject({
          message: expect.stringContaining('Error acquiring the state lock'),
          transient: true,
        });
        const waiting = start(permit, { lockSeconds: 20 });
        await delay(200);
        held?.stdin?.end();
        if (!held) rmSync(lock);
        expect((await poll(await waiting, permit)).state).toBe('done');
      });
    });
  });
}

describe('a state', () => {
  const resource = (address: string, values: object, more = {}) => ({ address, mode: 'managed', values, ...more });
  const state = {
    values: {
      root_module: {
        resources: [resource('aws_instance.a', { id: 'i-1' }), { ...resource('data.x', { id: 'i-2' }), mode: 'data' }],
        child_modules: [{ resources: [resource('module.m.aws_instance.b[0]', { id: 'i-2', private_ip: '10.0.0.9' })] }],
      },
    },
  };
  it('is searched in all its modules', () => {
    const resources = resourcesOf(state);
    expect(resources.map(({ address }) => address)).toEqual(['aws_instance.a', 'module.m.aws_instance.b[0]']);
    expect(find(resources, item('b', { identity: 'i-2' }), ['id']).address).toBe('module.m.aws_instance.b[0]');
    expect(find(resources, item('b', { labels: { 'terraform.address': 'aws_instance.a' } }), ['id']).address).toBe(
      'aws_instance.a',
    );
    expect(() => find(resources, item('c', { identity: 'i-3' }), ['id'])).toThrow(
      'no resource of the 2 in the state is i-3',
    );
    const two = [...resources, { address: 'eip.c', values: { id: 'i-2' }, tainted: false }];
    expect(() => find(two, item('b', { identity: 'i-2' }), ['id'])).toThrow('2 resources are i-2');
  });

  it('tells where the new one is', () => {
    const values = { id: 'i-0new', private_ip: '10.0.0.9', name: 'a b; rm' };
    const where = (target: Partial<Target>, hostAttribute?: string) =>
      new Terraform({ directory: '.', ...(hostAttribute ? { hostAttribute } : {}) }, context).successor(
        permitOf({ instance: 'x', identity: 'i-0old', ...target }),
        { address: 'a.b', values, tainted: false },
        { address: 'a.b', id: 'i-0old' },
      );
    expect(where({ uri: 'ssm://i-0old?region=eu-west-1' })).toEqual({
      uri: 'ssm://i-0new?region=eu-west-1',
      id: 'i-0new',
    });
    expect(where({ uri: 'ssh://root@web-1' })).toEqual({ uri: 'ssh://root@web-1', id: 'i-0new' });
    expect(where({ uri: 'ssh://root@10.0.0.1:2222' }, 'private_ip').uri).toBe('ssh://root@10.0.0.9:2222');
    expect(() => where({ uri: 'ssh://root@10.0.0.1' }, 'name')).toThrow('the attribute name of a.b is no host');
  });

  it('or a plan may be anything at all', () => {
    for (const odd of [null, 7, [], 'x', { values: 3 }, { values: { root_module: { resources: [null, 4, {}] } } }])
      expect(resourcesOf(odd)).toEqual([]);
    expect(() => proveAlone({ resource_changes: [null, 3] }, 'a')).toThrow('does not make a anew');
  });
});
