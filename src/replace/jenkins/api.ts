import { originOf, plain } from '../../core/address.ts';
import { ReplaceError } from '../../core/replacement.ts';
import { type Answer, ask, objectOf, refusedBy } from '../http.ts';
import type { JenkinsSettings } from './settings.ts';

/** Most of an answer that is read, bytes: a thousand builds with their parameters. */
const most = 4 * 1024 * 1024;
const parameters = 'actions[parameters[name,value]]';

/** A build that waits. */
export interface Item {
  id: number;
  parameters: ReadonlyMap<string, string>;
  why: string;
  cancelled: boolean;
  /** Number of the build that it became. */
  build?: number;
}

export interface Build {
  number: number;
  parameters: ReadonlyMap<string, string>;
  building: boolean;
  /** SUCCESS, UNSTABLE, FAILURE, ABORTED, NOT_BUILT; empty while there is none. */
  result: string;
  description: string;
}

/** What the driver asks Jenkins. Every call throws a `ReplaceError`. */
export interface Jenkins {
  queue(): Promise<Item[]>;
  /** The newest builds of the job, and names of the parameters that it defines. */
  job(builds: number): Promise<{ builds: Build[]; defines: string[] }>;
  /** undefined when Jenkins does not know it (any more). */
  item(id: number): Promise<Item | undefined>;
  buildOf(number: number): Promise<Build | undefined>;
  /** Begins a build; number of its item in the queue, where Jenkins tells it. */
  build(values: Record<string, string>): Promise<number | undefined>;
}

/** Jenkins' JSON API (its remote access API, with `tree` to get no more than is needed). */
export function jenkinsAt(settings: JenkinsSettings, token: string, signal: AbortSignal): Jenkins {
  const { url, user, timeoutSeconds = 30 } = settings;
  const base = url.replace(/\/+$/, '');
  const job = at(url, settings.job);
  const authorization = `Basic ${Buffer.from(`${user}:${token}`).toString('base64')}`;
  const common = { timeoutMs: timeoutSeconds * 1000, signal, most };
  const get = (to: string): Promise<Answer> => ask({ url: to, method: 'GET', headers: { authorization }, ...common });
  const read = async (to: string): Promise<Record<string, unknown> | undefined> => {
    const answer = await get(to);
    if (answer.status === 404) return undefined;
    if (answer.status !== 200) throw refused(url, answer);
    return objectOf(url, answer);
  };
  return {
    async queue() {
      const said = await read(`${base}/queue/api/json?tree=items[id,why,${parameters}]`);
      return list(said?.['items']).flatMap((one) => itemOf(one) ?? []);
    },
    async job(builds) {
      const fields = `number,building,result,${parameters}`;
      const said = await read(
        `${job}/api/json?tree=property[parameterDefinitions[name]],builds[${fields}]{0,${builds}}`,
      );
      if (!said) throw new ReplaceError(`${originOf(url)} has no job ${plain(settings.job, 200)}, or hides it from us`);
      const defined = list(said['property']).flatMap((one) => list(one['parameterDefinitions']));
      return {
        builds: list(said['builds']).flatMap((one) => buildFrom(one) ?? []),
        defines: defined.map(({ name }) => String(name)),
      };
    },
    async item(id) {
      const said = await read(`${base}/queue/item/${id}/api/json`);
      return said && itemOf(said);
    },
    async buildOf(number) {
      const said = await read(`${job}/${number}/api/json?tree=number,building,result,description`);
      return said && buildFrom(said);
    },
    async build(values) {
      const headers = {
        authorization,
        'content-type': 'application/x-www-form-urlencoded',
        ...(await crumb(url, await get(`${base}/crumbIssuer/api/json`))),
      };
      const body = new URLSearchParams(values).toString();
      const answer = await ask({ url: `${job}/buildWithParameters`, method: 'POST', headers, body, ...common });
      if (answer.status !== 201 && answer.status !== 302 && answer.status !== 303) throw refused(url, answer);
      const id = /\/queue\/item\/([0-9]{1,15})\/?$/.exec(answer.headers.get('location') ?? '')?.[1];
      return id === undefined ? undefined : Number(id);
    },
  };
}

/** The header against forged requests, with the cookie of the session that it holds for; none where Jenkins asks for none. */
async function crumb(url: string, answer: Answer): Promise<Record<string, string>> {
  if (answer.status === 404) return {};
  if (answer.status !== 200) throw refused(url, answer);
  const { crumbRequestField: field, crumb: value } = objectOf(url, answer);
  if (typeof field !== 'string' || !/^[A-Za-z0-9.-]{1,100}$/.test(field))
    throw new ReplaceError(`${originOf(url)} names no header for its crumb`);
  if (typeof value !== 'string' || !/^[\x21-\x7e]{1,1000}$/.test(value))
    throw new ReplaceError(`${originOf(url)} gives no crumb`);
  const cookies = answer.headers.getSetCookie().map((cookie) => cookie.split(';', 1)[0]?.trim() ?? '');
  return cookies.length === 0 ? { [field]: value } : { [field]: value, cookie: cookies.join('; ') };
}

function refused(url: string, answer: Answer): ReplaceError {
  if (answer.status === 401) return refusedBy(url, answer, 'is the API token that of the user, and not revoked?');
  if (answer.status === 403) return refusedBy(url, answer, 'the user needs Job/Read and Job/Build of the job');
  return refusedBy(url, answer);
}

const list = (value: unknown): Record<string, unknown>[] =>
  Array.isArray(value) ? value.filter((one) => typeof one === 'object' && one !== null) : [];
const number = (value: unknown): number | undefined =>
  Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : undefined;
const string = (value: unknown): string => (typeof value === 'string' ? value : '');

function parametersIn({ actions }: Record<string, unknown>): Map<string, string> {
  const all = list(actions).flatMap((action) => list(action['parameters']));
  return new Map(all.map(({ name, value }) => [string(name), string(value)]));
}

function itemOf(said: Record<string, unknown>): Item | undefined {
  const id = number(said['id']);
  const [executable] = list([said['executable']]);
  const build = number(executable?.['number']);
  if (id === undefined) return undefined;
  return {
    ...{ id, parameters: parametersIn(said), why: plain(string(said['why']), 300) },
    cancelled: said['cancelled'] === true,
    ...(build === undefined ? {} : { build }),
  };
}

function buildFrom(said: Record<string, unknown>): Build | undefined {
  const id = number(said['number']);
  if (id === undefined) return undefined;
  const { building, result, description } = said;
  return {
    ...{ number: id, parameters: parametersIn(said), building: building === true },
    ...{ result: string(result), description: string(description) },
  };
}

/** `folder/name` -> `/job/folder/job/name`. */
export function at(url: string, job: string): string {
  const path = job.split('/').map((part) => `/job/${encodeURIComponent(part)}`);
  return `${url.replace(/\/+$/, '')}${path.join('')}`;
}
