import type { Driver, DriverContext, DriverSession } from '../../core/replacement.ts';
import { Ec2 } from '../aws/ec2.ts';
import { type Ec2Target, ec2TargetOf, isInstanceId, knownTarget, readToken, wantedAmi } from '../aws/target.ts';
import { Scaling } from './group.ts';
import { pollOne } from './poll.ts';
import { pollRefresh } from './refresh.ts';
import type { Road, Token } from './road.ts';
import { type AsgSettings, asgSchema, of, preferencesOf } from './settings.ts';
import { begin } from './start.ts';

/** AWS Auto Scaling: the group itself launches the new one. */
export const asg: Driver = {
  name: 'asg',
  about: 'lets an AWS Auto Scaling group replace the instance: terminate it, call it unhealthy, or refresh the group',
  settings: asgSchema,
  plan(target, settings) {
    const known = ec2TargetOf(target);
    if ('refused' in known) return known;
    const { strategy = 'terminate', ...rest } = of(settings);
    const ami = wantedAmi(target);
    if (strategy === 'root-volume' && ami === undefined)
      return { refused: `root volumes are replaced from an AMI, and ${target.image.ref} names none (ami-...)` };
    const region = known.region ?? rest.region;
    return {
      ...(strategy === 'refresh' || strategy === 'root-volume' ? { wholeGroup: true } : {}),
      calls: [
        `autoscaling DescribeAutoScalingInstances ${known.id}${region ? ` in ${region}` : ''}: finds its group`,
        ...(ami && strategy !== 'root-volume' ? [`refuse unless the group launches from ${ami}`] : []),
        ...callsOf(strategy, known.id, ami, rest),
        'follow it until the old instance is gone and the new one is InService and Healthy in the group',
      ],
    };
  },
  open: async (settings, context) => new AsgSession(of(settings), context),
};

function callsOf(strategy: AsgSettings['strategy'], id: string, ami: string | undefined, settings: AsgSettings) {
  const preferences = JSON.stringify(preferencesOf(settings));
  switch (strategy) {
    case 'health':
      return [`autoscaling SetInstanceHealth ${id} Unhealthy, ShouldRespectGracePeriod=true`];
    case 'refresh':
      return [
        `autoscaling StartInstanceRefresh of its group, strategy Rolling, ${preferences}: replaces ALL instances of the group${settings.skipMatching ? ' that do not match what it launches now' : ''}, not only ${id}`,
      ];
    case 'root-volume':
      return [
        `autoscaling StartInstanceRefresh of its group, strategy ReplaceRootVolume, ${ami} in all overrides of its mixed instances policy, ${preferences}: replaces the root volumes of ALL instances of the group, not only of ${id}`,
      ];
    default:
      return [`autoscaling TerminateInstanceInAutoScalingGroup ${id}, ShouldDecrementDesiredCapacity=false`];
  }
}

class AsgSession implements DriverSession {
  readonly #settings: AsgSettings;
  readonly #context: DriverContext;
  /** One for each region, made when it is first needed. */
  readonly #roads = new Map<string, Promise<Road>>();

  constructor(settings: AsgSettings, context: DriverContext) {
    this.#settings = settings;
    this.#context = context;
  }

  start: DriverSession['start'] = async (permit) => {
    const known = knownTarget(permit.target);
    return JSON.stringify(await begin(await this.#road(known), permit, known, this.#settings));
  };

  poll: DriverSession['poll'] = async (text, { target }) => {
    const known = knownTarget(target);
    const token = readToken<Token>(
      text,
      ({ id, group, refresh }) =>
        isInstanceId(id) && typeof group === 'string' && (refresh === undefined || typeof refresh === 'string'),
    );
    const road = await this.#road(known);
    const poll = token.refresh === undefined ? pollOne : pollRefresh;
    return poll({ road, target, known, settings: this.#settings, token });
  };

  async close(): Promise<void> {
    for (const road of this.#roads.values()) {
      const { scaling, ec2 } = await road;
      scaling.close();
      ec2.close();
    }
  }

  #road({ region = this.#settings.region }: Ec2Target): Promise<Road> {
    const { endpoint } = this.#settings;
    const { signal } = this.#context;
    const made = this.#roads.get(region ?? '') ?? openRoad({ region, endpoint }, signal);
    this.#roads.set(region ?? '', made);
    return made;
  }
}

async function openRoad(where: { region: string | undefined; endpoint: string | undefined }, signal: AbortSignal) {
  const { region, endpoint } = where;
  const settings = { ...(region === undefined ? {} : { region }), ...(endpoint === undefined ? {} : { endpoint }) };
  return { scaling: await Scaling.open(settings, signal), ec2: await Ec2.open(settings, signal) };
}
