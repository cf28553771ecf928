import { type Cloud, hex, pace, Refusal, type Vm } from './cloud.ts';
import { type Actions, listOf, type Query, type Xml } from './endpoint.ts';

const codes = { pending: 0, running: 16, 'shutting-down': 32, terminated: 48 } as const;

function instanceOf(vm: Vm, cloud: Cloud): Xml {
  const elastic = [...cloud.addresses.values()].find((one) => one.instance === vm.id)?.ip;
  const up = vm.state !== 'terminated';
  return {
    ...{ instanceId: vm.id, imageId: vm.image, instanceState: { code: codes[vm.state], name: vm.state } },
    ...{ clientToken: vm.token, launchTime: new Date(vm.launchedAt).toISOString(), rootDeviceName: '/dev/xvda' },
    ...(up ? { privateIpAddress: vm.address, subnetId: vm.subnet, ipAddress: elastic } : {}),
    ...(vm.reason ? { stateReason: { code: 'Server.InternalError', message: vm.reason } } : {}),
    blockDeviceMapping: [{ deviceName: '/dev/xvda', ebs: { volumeId: vm.volume } }],
    tagSet: Object.entries(vm.tags).map(([key, value]) => ({ key, value })),
  };
}

function filterOf(query: Query): { name: string; values: string[] } | undefined {
  const name = query['Filter.1.Name'];
  return name === undefined ? undefined : { name, values: listOf(query, 'Filter.1.Value') };
}

function tagsOf(query: Query, prefix: string): Record<string, string> {
  const tags: Record<string, string> = {};
  for (let n = 1; query[`${prefix}.${n}.Key`] !== undefined; n++)
    tags[query[`${prefix}.${n}.Key`] ?? ''] = query[`${prefix}.${n}.Value`] ?? '';
  if (Object.keys(tags).some((key) => key.startsWith('aws:')))
    throw new Refusal('InvalidParameterValue', 'Tag keys starting with aws: are reserved for internal use');
  return tags;
}

/** Parameters of each token: the same token with others is refused. */
const seen = new WeakMap<Cloud, Map<string, string>>();

function checkToken(query: Query, cloud: Cloud): void {
  const tokens = seen.get(cloud) ?? new Map<string, string>();
  seen.set(cloud, tokens);
  const { ClientToken: token = '', ...rest } = query;
  if (token.length > 64) throw new Refusal('InvalidParameterValue', 'ClientToken is too long');
  const text = JSON.stringify(rest);
  if ((tokens.get(token) ?? text) !== text)
    throw new Refusal('IdempotentParameterMismatch', 'the client token was used with other parameters');
  tokens.set(token, text);
}

export const ec2Actions: Actions = {
  DescribeInstances(query, cloud) {
    const filter = filterOf(query);
    if (filter && filter.name !== 'client-token')
      throw new Refusal('InvalidParameterValue', `the filter ${filter.name}`);
    const vms = filter
      ? [...cloud.vms.values()].filter(({ token }) => filter.values.includes(token))
      : listOf(query, 'InstanceId').map((id) => cloud.vm(id));
    return { reservationSet: vms.map((vm) => ({ reservationId: 'r-1', instancesSet: [instanceOf(vm, cloud)] })) };
  },
  DescribeInstanceStatus(query, cloud) {
    const set = listOf(query, 'InstanceId').map((id) => {
      const vm = cloud.vm(id);
      return {
        ...{ instanceId: id, instanceState: { code: codes[vm.state], name: vm.state } },
        ...{ systemStatus: { status: 'ok' }, instanceStatus: { status: vm.checks } },
      };
    });
    return { instanceStatusSet: set };
  },
  RunInstances(query, cloud) {
    checkToken(query, cloud);
    const again = [...cloud.vms.values()].find((vm) => vm.token !== '' && vm.token === query['ClientToken']);
    if (again) return { instancesSet: [instanceOf(again, cloud)] };
    const template = templateOf(query, 'LaunchTemplate.', query['LaunchTemplate.Version'] ?? '$Default', cloud);
    if (template.networks && query['SubnetId'])
      throw new Refusal(
        'InvalidParameterCombination',
        'Network interfaces and an instance-level subnet ID may not be specified on the same request',
      );
    const image = query['ImageId'] ?? template.image;
    if (!image) throw new Refusal('MissingParameter', 'The request must contain the parameter ImageId');
    const tags = tagsOf(query, 'TagSpecification.1.Tag');
    const system = { 'aws:ec2launchtemplate:id': template.id, 'aws:ec2launchtemplate:version': template.version };
    const vm = cloud.launch(image, {
      ...{ token: query['ClientToken'] ?? '', tags: { ...tags, ...system }, subnet: query['SubnetId'] ?? 'subnet-9' },
      lifecycle: '',
    });
    return { instancesSet: [instanceOf(vm, cloud)] };
  },
  TerminateInstances(query, cloud) {
    const vms = listOf(query, 'InstanceId').map((id) => cloud.vm(id));
    if (vms.some((vm) => vm.protected))
      throw new Refusal(
        'OperationNotPermitted',
        "The instance may not be terminated. Modify its 'disableApiTermination' instance attribute",
      );
    for (const vm of vms)
      cloud.end(
        vm,
        'an instance was taken out of service in response to an EC2 health check indicating it has been terminated or stopped.',
      );
    return { instancesSet: vms.map(({ id }) => ({ instanceId: id })) };
  },
  DescribeInstanceAttribute(query, cloud) {
    const vm = cloud.vm(query['InstanceId'] ?? '');
    return { instanceId: vm.id, disableApiTermination: { value: vm.protected } };
  },
  DescribeAddresses(query, cloud) {
    const ids = filterOf(query)?.values ?? [];
    const found = [...cloud.addresses].filter(([, { instance }]) => ids.includes(instance));
    return {
      addressesSet: found.map(([id, { ip, instance }]) => ({ allocationId: id, publicIp: ip, instanceId: instance })),
    };
  },
  AssociateAddress(query, cloud) {
    const address = cloud.addresses.get(query['AllocationId'] ?? '');
    if (!address) throw new Refusal('InvalidAllocationID.NotFound', 'no such address');
    const { id, state } = cloud.vm(query['InstanceId'] ?? '');
    if (state !== 'running') throw new Refusal('InvalidInstanceID', 'The instance is not in a valid state');
    if (address.instance && address.instance !== id && query['AllowReassociation'] !== 'true')
      throw new Refusal('Resource.AlreadyAssociated', 'it is associated');
    address.instance = id;
    return { return: true, associationId: 'eipassoc-1' };
  },
  GetConsoleOutput(query, cloud) {
    const vm = cloud.vm(query['InstanceId'] ?? '');
    if (query['Latest'] === 'true') throw new Refusal('UnsupportedOperation', 'only instances on Nitro');
    return {
      instanceId: vm.id,
      timestamp: new Date().toISOString(),
      output: Buffer.from(vm.console).toString('base64'),
    };
  },
  DescribeLaunchTemplateVersions(query, cloud) {
    const { id, version, image, networks } = templateOf(query, '', query['LaunchTemplateVersion.1'] ?? '', cloud);
    const data = { imageId: image, ...(networks ? { networkInterfaceSet: [{ deviceIndex: 0 }] } : {}) };
    return { launchTemplateVersionSet: [{ launchTemplateId: id, versionNumber: version, launchTemplateData: data }] };
  },
  CreateTags(query, cloud) {
    for (const id of listOf(query, 'ResourceId')) Object.assign(cloud.vm(id).tags, tagsOf(query, 'Tag'));
    return { return: true };
  },
  CreateReplaceRootVolumeTask(query, cloud) {
    checkToken(query, cloud);
    const key = query['ClientToken'] ?? '';
    const vm = cloud.vm(query['InstanceId'] ?? '');
    if (![...cloud.tasks.values()].some((task) => task.key === key)) {
      if (vm.state !== 'running') throw new Refusal('IncorrectInstanceState', 'it is not running');
      const image = query['ImageId'];
      const task = { id: `replacevol-${hex(9)}`, instance: vm.id, state: 'pending', key, ...(image ? { image } : {}) };
      cloud.tasks.set(task.id, task);
      cloud.later(pace.boot, () => Object.assign(task, { state: 'in-progress' }));
      cloud.later(2 * pace.boot, () => {
        if (cloud.launchFailure !== undefined) return Object.assign(task, { state: cloud.launchFailure });
        return [Object.assign(task, { state: 'succeeded' }), Object.assign(vm, { volume: `vol-${hex(9)}` })];
      });
    }
    const made = [...cloud.tasks.values()].find((task) => task.key === key);
    return { replaceRootVolumeTask: { replaceRootVolumeTaskId: made?.id, instanceId: vm.id, taskState: made?.state } };
  },
  DescribeReplaceRootVolumeTasks(query, cloud) {
    const ids = listOf(query, 'ReplaceRootVolumeTaskId');
    const keys = filterOf(query)?.values ?? [];
    const found = [...cloud.tasks.values()].filter((task) => ids.includes(task.id) || keys.includes(task.key));
    return {
      replaceRootVolumeTaskSet: found.map(({ id, instance, state }) => ({
        ...{ replaceRootVolumeTaskId: id, instanceId: instance, taskState: state },
      })),
    };
  },
};

function templateOf(query: Query, prefix: string, asked: string, cloud: Cloud) {
  const id = query[`${prefix}LaunchTemplateId`] ?? '';
  const versions = cloud.templates.get(id);
  if (!versions)
    throw new Refusal('InvalidLaunchTemplateId.NotFound', `The specified launch template ${id} does not exist`);
  const version = asked.startsWith('$') ? String(versions.size) : asked;
  const data = versions.get(version);
  if (!data) throw new Refusal('InvalidLaunchTemplateId.VersionNotFound', `version ${version} does not exist`);
  return { id, version, ...data };
}
