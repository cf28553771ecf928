import { plain, unsafe } from '../../core/address.ts';
import type { Driver, DriverSession, Progress, Settings, Target } from '../../core/replacement.ts';
import { ReplaceError } from '../../core/replacement.ts';
import { parsed } from '../http.ts';
import { successorIn } from '../said.ts';
import { at, type Build, type Item, type Jenkins, jenkinsAt } from './api.ts';
import { type JenkinsSettings, schema } from './settings.ts';

const of = (settings: Settings) => settings as unknown as JenkinsSettings;
/** The parameter by which a build is found again. */
const keyName = 'SNOWFENCE_KEY';

/** A parameterised build of Jenkins: begun once for a key, followed from the queue to its result. */
export const jenkins: Driver = {
  name: 'jenkins',
  about: 'starts a parameterised build of a Jenkins job, and follows it to its result',
  settings: schema,
  plan(target, settings) {
    const { url, job, insecure = false, parameters = {} } = of(settings);
    const refused = unsafe(url, insecure);
    if (refused !== undefined) return { refused };
    const sent = new URLSearchParams({ ...parameters, ...parametersOf(target) });
    return { calls: [`POST ${at(url, job)}/buildWithParameters ${sent}`, 'follow the build to its result SUCCESS'] };
  },
  async open(settings, context) {
    const { url, insecure = false, parameters = {}, lookBack = 100 } = of(settings);
    const refused = unsafe(url, insecure);
    if (refused !== undefined) throw new ReplaceError(`the driver jenkins refuses: ${refused}`);
    const api = jenkinsAt(of(settings), await context.secret(of(settings).token), context.signal);
    const session: DriverSession = {
      async start({ key, target }) {
        const begun = await find(api, key, lookBack);
        if (begun) return JSON.stringify(begun);
        const item = await api.build({ ...parameters, ...parametersOf(target), [keyName]: key });
        if (item !== undefined) return JSON.stringify({ item });
        const made = await find(api, key, lookBack);
        if (made) return JSON.stringify(made);
        throw new ReplaceError('Jenkins took the build and does not show it', { transient: true });
      },
      async poll(token, { key, target }) {
        const { item, build } = tokenOf(token);
        if (build !== undefined) return await progressOf(await api.buildOf(build), target);
        const queued = await api.item(item ?? -1);
        if (queued?.build !== undefined) return await progressOf(await api.buildOf(queued.build), target);
        if (queued?.cancelled) return { state: 'failed', detail: 'its item of the queue was cancelled' };
        if (queued) return { state: 'running', detail: `in the queue of Jenkins: ${queued.why || 'no reason given'}` };
        // Jenkins forgets an item some minutes after its build began.
        const found = await find(api, key, lookBack);
        if (found?.build !== undefined) return await progressOf(await api.buildOf(found.build), target);
        if (found) return { state: 'running', detail: 'in the queue of Jenkins' };
        return { state: 'failed', detail: `Jenkins knows no build with ${keyName}=${key} any more` };
      },
      close: async () => {},
    };
    return session;
  },
};

/** Where a build with a key stands; undefined where there is none. The queue first: what leaves it meanwhile is a build. */
async function find(
  api: Jenkins,
  key: string,
  lookBack: number,
): Promise<{ item?: number; build?: number } | undefined> {
  const has = ({ parameters }: Item | Build) => parameters.get(keyName) === key;
  const queued = (await api.queue()).find(has);
  const { builds, defines } = await api.job(lookBack);
  if (!defines.includes(keyName))
    throw new ReplaceError(`the job has no parameter ${keyName}, and Jenkins drops those that a job does not define`, {
      hint: `add a string parameter ${keyName} to it: by this a build is found again, and none is begun twice`,
    });
  const build = builds.find(has);
  if (build) return { build: build.number };
  return queued && { item: queued.id };
}

async function progressOf(build: Build | undefined, target: Target): Promise<Progress> {
  if (!build) return { state: 'failed', detail: 'its build was deleted' };
  const name = `build ${build.number}`;
  if (build.building || build.result === '') return { state: 'running', detail: `${name} is running` };
  if (build.result !== 'SUCCESS') return { state: 'failed', detail: `${name} ended as ${plain(build.result, 50)}` };
  const told = parsed(build.description);
  const object = typeof told === 'object' && told !== null ? told : {};
  return { state: 'done', detail: `${name} ended as SUCCESS`, successor: successorIn(object, target, name) };
}

/** What a build is told of the instance; the job takes those that it defines. */
function parametersOf({ instance, name, group, identity, uri, image }: Target): Record<string, string> {
  return {
    ...{ SNOWFENCE_INSTANCE: instance, SNOWFENCE_NAME: name, SNOWFENCE_GROUP: group, SNOWFENCE_IDENTITY: identity },
    ...{ SNOWFENCE_URI: uri, SNOWFENCE_IMAGE: image.ref, SNOWFENCE_IMAGE_DIGEST: image.digest ?? '' },
  };
}

/** @throws ReplaceError */
function tokenOf(token: string): { item?: number; build?: number } {
  const { item, build } = (parsed(token) ?? {}) as { item?: unknown; build?: unknown };
  if (Number.isSafeInteger(build)) return { build: build as number };
  if (Number.isSafeInteger(item)) return { item: item as number };
  throw new ReplaceError('the token is none of the driver jenkins');
}
