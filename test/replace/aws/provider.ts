import type { DriverContext, Settings, Target } from '../../../src/core/replacement.ts';
import type { Provider } from '../contract.ts';
import { Cloud, type Group, type Vm } from './cloud.ts';
import { type AwsEndpoint, credentials, startAws } from './endpoint.ts';

export const ami = 'ami-0aaaaaaaaaaaaaaaa';
export const context: DriverContext = { signal: new AbortController().signal, env: {}, secret: async () => '' };

/** A region with an endpoint of its own. The environment is that of this file's worker. */
export async function region(): Promise<{ cloud: Cloud; aws: AwsEndpoint; settings: Settings }> {
  Object.assign(process.env, credentials);
  const cloud = new Cloud();
  cloud.templates.set('lt-0a', new Map([['1', { image: ami }]]));
  const aws = await startAws(cloud);
  return { cloud, aws, settings: { region: 'eu-west-1', endpoint: aws.url, everySeconds: 0.01 } };
}

export const targetOf = (vm: Vm, rest: Partial<Target> = {}): Target => ({
  ...{ instance: vm.id, uri: `ssm://${vm.id}?region=eu-west-1`, name: vm.id, group: 'web', labels: {} },
  ...{ identity: vm.id, image: { ref: ami } },
  ...rest,
});

/** A group with so many instances, all in service. */
export function groupIn(cloud: Cloud, size: number, rest: Partial<Group> = {}): { group: Group; vms: Vm[] } {
  const name = `g-${cloud.groups.size}`;
  const group: Group = { name, desired: size, template: 'lt-0a', version: '1', suspended: [], ...rest };
  cloud.groups.set(name, group);
  const tags = { 'aws:autoscaling:groupName': name };
  const vms = Array.from({ length: size }, () => {
    const vm = cloud.launch(ami, { group: name, tags });
    cloud.note(name, `Launching a new EC2 instance: ${vm.id}`, 'an instance was started.');
    return Object.assign(vm, { state: 'running', checks: 'ok', lifecycle: 'InService' });
  });
  return { group, vms };
}

/** One of its own, launched from the template. */
export function single(cloud: Cloud, rest: Partial<Vm> = {}): Vm {
  const tags = { 'aws:ec2launchtemplate:id': 'lt-0a', 'aws:ec2launchtemplate:version': '1', Name: 'web' };
  return Object.assign(cloud.launch(ami, { tags, lifecycle: '' }), { state: 'running', checks: 'ok' }, rest);
}

/** What the contract asks of a provider; `volumes`: machines are told by their root volumes. */
export async function providerOf(more: Settings, make: (cloud: Cloud) => Vm, volumes = false): Promise<Provider> {
  const { cloud, aws, settings } = await region();
  const { everySeconds: _, ...shared } = settings;
  const identity = (vm: Vm) => (volumes ? vm.volume : vm.id);
  return {
    settings: { ...shared, ...more },
    context,
    async launch() {
      cloud.tick();
      const vm = make(cloud);
      return targetOf(vm, { identity: identity(vm) });
    },
    async alive() {
      cloud.tick();
      return [...cloud.vms.values()].filter((vm) => vm.state === 'pending' || vm.state === 'running').map(identity);
    },
    changes: async () => aws.changes(),
    async vanish({ instance }) {
      cloud.end(
        cloud.vm(instance),
        'an instance was taken out of service in response to an EC2 health check indicating it has been terminated or stopped.',
      );
    },
    throttle: async () => aws.throttle(5),
    refused: { target: targetOf(cloud.launch(ami), { uri: 'docker://web' }) },
    close: () => aws.close(),
  };
}
