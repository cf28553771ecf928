import type { Driver, DriverContext, DriverSession, Permit } from '../../core/replacement.ts';
import { Ec2 } from '../aws/ec2.ts';
import { type Ec2Target, ec2TargetOf, isInstanceId, knownTarget, readToken, wantedAmi } from '../aws/target.ts';
import { type LaunchToken, launch, pollLaunched, retire } from './launch.ts';
import { pollRoot, type RootToken, replaceRoot } from './root-volume.ts';
import { type Ec2Settings, ec2Schema, of } from './settings.ts';

/** EC2 without a group. */
export const ec2: Driver = {
  name: 'ec2',
  about: 'launches an EC2 instance from the launch template of the old one and ends that, or replaces the root volume',
  settings: ec2Schema,
  plan(target, settings) {
    const known = ec2TargetOf(target);
    return 'refused' in known ? known : { calls: callsOf(known, wantedAmi(target), of(settings)) };
  },
  open: async (settings, context) => new Ec2Session(of(settings), context),
};

function callsOf({ id, region }: Ec2Target, ami: string | undefined, settings: Ec2Settings): string[] {
  const { swap = 'none', copyTags = true, terminate = true, launchTemplate: given, keepVolume = false } = settings;
  const where = region ?? settings.region;
  const first = `ec2 DescribeInstances ${id}${where ? ` in ${where}` : ''}: refuse it if it belongs to an Auto Scaling group`;
  if (settings.strategy === 'root-volume')
    return [
      first,
      `ec2 CreateReplaceRootVolumeTask ${id} from ${ami ?? 'the snapshot that it was launched from'}, the old volume is ${keepVolume ? 'kept' : 'deleted'}; the instance restarts and keeps its id and addresses`,
      'follow the task until it has succeeded and both status checks are ok',
    ];
  const name = given?.id ?? given?.name;
  const template = name ? `${name} version ${given?.version ?? '$Default'}` : `the one that ${id} was launched from`;
  return [
    first,
    `ec2 RunInstances, one, launch template ${template}${ami ? `, image ${ami}` : ''}${copyTags ? ', tags of the old one' : ''}; wait until both status checks are ok`,
    ...(swap === 'elastic-ip'
      ? [
          `ec2 AssociateAddress: the elastic address of ${id} goes to the new one${settings.address === 'same' ? '' : ', once that was seen clean'}`,
        ]
      : []),
    terminate ? `ec2 TerminateInstances ${id}, once the new one was seen clean` : `${id} is left running`,
  ];
}

class Ec2Session implements DriverSession {
  readonly #settings: Ec2Settings;
  readonly #context: DriverContext;
  /** One for each region, made when it is first needed. */
  readonly #clients = new Map<string, Promise<Ec2>>();

  constructor(settings: Ec2Settings, context: DriverContext) {
    this.#settings = settings;
    this.#context = context;
  }

  /** A root volume that was replaced is not there to go back to. */
  get retire(): DriverSession['retire'] {
    if (this.#settings.strategy === 'root-volume') return undefined;
    return async (permit, text) => {
      const known = knownTarget(permit.target);
      const work = { ec2: await this.#client(known), permit, known, settings: this.#settings };
      await retire(
        { ...work, signal: this.#context.signal },
        readToken<LaunchToken>(text, ({ id }) => isInstanceId(id)),
      );
    };
  }

  async start(permit: Permit): Promise<string> {
    const known = knownTarget(permit.target);
    const begin = this.#settings.strategy === 'root-volume' ? replaceRoot : launch;
    const work = { ec2: await this.#client(known), permit, known, settings: this.#settings };
    return JSON.stringify(await begin({ ...work, signal: this.#context.signal }));
  }

  poll: DriverSession['poll'] = async (text, permit) => {
    const known = knownTarget(permit.target);
    const { signal } = this.#context;
    const work = { ec2: await this.#client(known), permit, known, settings: this.#settings, signal };
    if (this.#settings.strategy === 'root-volume')
      return pollRoot(
        work,
        readToken<RootToken>(text, ({ task }) => typeof task === 'string'),
      );
    return pollLaunched(
      work,
      readToken<LaunchToken>(text, ({ id }) => isInstanceId(id)),
    );
  };

  async close(): Promise<void> {
    for (const client of this.#clients.values()) (await client).close();
  }

  #client({ region = this.#settings.region }: Ec2Target): Promise<Ec2> {
    const { endpoint } = this.#settings;
    const where = { ...(region === undefined ? {} : { region }), ...(endpoint === undefined ? {} : { endpoint }) };
    const made = this.#clients.get(region ?? '') ?? Ec2.open(where, this.#context.signal);
    this.#clients.set(region ?? '', made);
    return made;
  }
}
