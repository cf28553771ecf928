import { mkdir, mkdtemp, open, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { plain } from '../../core/address.ts';
import { messageOf } from '../../core/errors.ts';
import { type DriverContext, type Permit, ReplaceError, type Successor } from '../../core/replacement.ts';
import { object, text } from '../json.ts';
import { runWhole } from '../process.ts';
import type { TerraformSettings } from './settings.ts';
import { find, idsOf, proveAlone, type Resource, resourcesOf } from './state.ts';

/** Most of a state or plan that is read, bytes. */
const most = 256 * 1024 * 1024;
/** For Terraform to write the state when it is interrupted, milliseconds. */
const graceMs = 60_000;

/** Which resource was the instance, and what it was. The state forgets that once it was replaced. */
export interface Known {
  address: string;
  /** What the state called it by the attribute `id`. */
  id: string;
}

/** Terraform in one root module. */
export class Terraform {
  readonly #settings: TerraformSettings;
  readonly #context: DriverContext;

  constructor(settings: TerraformSettings, context: DriverContext) {
    this.#settings = settings;
    this.#context = context;
  }

  /** The resource that is the target: as it was found when this replacement was first begun, or by its id. @throws ReplaceError */
  async known({ target, key }: Permit): Promise<Known> {
    const path = join(this.#memory, `${key}.json`);
    const before = await readFile(path, 'utf8').catch(() => undefined);
    if (before !== undefined) return knownIn(before);
    const { idAttributes = ['id', 'instance_id'] } = this.#settings;
    const { address, values } = find(await this.resources(), target, idAttributes);
    const known = { address, id: text(values['id']) };
    await this.#remember(path, JSON.stringify(known));
    return known;
  }

  async resources(): Promise<Resource[]> {
    return resourcesOf(await this.#json(['show', '-json']));
  }

  /**
   * Replaces the resource, and nothing beside it. The plan is looked at before it is applied: `apply -replace` with an address that is
   * none changes nothing and says that all is well.
   */
  async replace(address: string): Promise<void> {
    const { lockSeconds = 60, varFiles = [] } = this.#settings;
    // A plan holds what the state holds: secrets too.
    const work = await mkdtemp(join(tmpdir(), 'snowfence-terraform-'));
    const file = join(work, 'plan');
    try {
      const files = varFiles.map((path) => `-var-file=${resolve(path)}`);
      await this.#run([
        'plan',
        ...quiet,
        `-lock-timeout=${lockSeconds}s`,
        ...files,
        `-replace=${address}`,
        `-out=${file}`,
      ]);
      proveAlone(await this.#json(['show', '-json', file]), address);
      await this.#run(['apply', ...quiet, `-lock-timeout=${lockSeconds}s`, file]);
    } finally {
      await rm(work, { recursive: true, force: true });
    }
  }

  /** Where the new one is reached. */
  successor({ target }: Permit, { values }: Resource, known: Known): Successor {
    const { hostAttribute } = this.#settings;
    const id = text(values['id']);
    const host = hostAttribute === undefined ? undefined : text(values[hostAttribute]);
    if (host !== undefined && !/^([A-Za-z0-9._-]{1,253}|[0-9A-Fa-f:.]{2,45})$/.test(host))
      throw new ReplaceError(`the attribute ${hostAttribute} of ${known.address} is no host: "${plain(host, 100)}"`);
    const named = /^[\x21-\x7e]{1,300}$/.test(id) ? { id } : {};
    if (host !== undefined) return { uri: withHost(target.uri, host), ...named };
    const old = idsOf(target).find((one) => target.uri.includes(`//${one}`));
    return { uri: old && 'id' in named ? target.uri.replace(`//${old}`, `//${id}`) : target.uri, ...named };
  }

  /** Terraform's own directory for data: it is nobody's to keep in version control. */
  get #memory(): string {
    const { directory, workspace = 'default' } = this.#settings;
    return join(resolve(directory, this.#context.env['TF_DATA_DIR'] ?? '.terraform'), 'snowfence', workspace);
  }

  async #remember(path: string, line: string): Promise<void> {
    try {
      await mkdir(this.#memory, { recursive: true, mode: 0o700 });
      const file = await open(path, 'w', 0o600);
      await file.writeFile(line);
      await file.sync();
      await file.close();
    } catch (cause) {
      throw new ReplaceError(`${path} cannot be written: ${messageOf(cause)}`, {
        hint: 'without it a replacement that was cut off could be done twice; nothing was begun',
        cause,
      });
    }
  }

  async #json(args: readonly string[]): Promise<unknown> {
    const said = await this.#run(args);
    try {
      return JSON.parse(said);
    } catch {
      throw new ReplaceError(`terraform ${args[0]} said no JSON: ${plain(said, 200)}`);
    }
  }

  async #run(args: readonly string[]): Promise<string> {
    const { directory, program = ['terraform'], workspace, timeoutSeconds = 3600 } = this.#settings;
    const { signal, env } = this.#context;
    const [name = 'terraform', ...first] = program;
    const { text: said, cut } = await runWhole({
      argv: [name, ...first, `-chdir=${directory}`, ...args],
      timeoutMs: timeoutSeconds * 1000,
      env: {
        ...env,
        TF_IN_AUTOMATION: '1',
        TF_INPUT: '0',
        ...(workspace === undefined ? {} : { TF_WORKSPACE: workspace }),
      },
      ...{ signal, most, graceMs, explain },
    });
    if (cut) throw new ReplaceError(`the state in ${directory} is larger than ${most / 1024 / 1024} MiB`);
    return said;
  }
}

const quiet = ['-input=false', '-no-color'] as const;

/** What passes by itself: somebody else has the state, or changed it since the plan was made; the cloud is busy. */
const passing =
  /acquiring the state lock|saved plan is stale|Throttling|TooManyRequests|RequestLimitExceeded|rate exceeded/i;

/** The first error of Terraform's many lines. */
function explain(stderr: string): { says: string; transient: boolean } | undefined {
  const lines = stderr.split('\n').map((line) => line.replace(/^(?:\x1b\[[0-9;]*m|[│╷╵\s])+/u, ''));
  const at = lines.findIndex((line) => /^(\x1b\[[0-9;]*m)*Error: /.test(line));
  if (at < 0) return undefined;
  const why = lines.slice(at + 1).find((line) => line.trim() !== '') ?? '';
  return { says: plain(`${lines[at]}: ${why}`, 400), transient: passing.test(stderr) };
}

function knownIn(line: string): Known {
  try {
    const { address, id } = object(JSON.parse(line));
    if (text(address) !== '') return { address: text(address), id: text(id) };
  } catch {
    // Said below.
  }
  throw new ReplaceError('what was remembered of this replacement is not understood', { hint: 'plan again' });
}

/** `ssh://user@OLD:22` with another host. */
function withHost(uri: string, host: string): string {
  const [, scheme = 'ssh', user = '', port = ''] =
    /^([a-z][a-z0-9+.-]*):\/\/([^@/]*@)?.*?(:\d{1,5})?\/?$/.exec(uri) ?? [];
  return `${scheme}://${user}${host.includes(':') ? `[${host}]` : host}${port}`;
}
