import { type Cloud, type Group, hex, pace, type Refresh, Refusal, type Vm } from './cloud.ts';
import { type Actions, listOf, type Query, type Xml } from './endpoint.ts';

const memberOf = (vm: Vm): { [name: string]: Xml } => ({
  ...{ InstanceId: vm.id, LifecycleState: vm.lifecycle, ImageId: vm.image, AvailabilityZone: 'eu-west-1a' },
  ProtectedFromScaleIn: false,
});

function groupOf(query: Query, cloud: Cloud): Group {
  const group = cloud.groups.get(query['AutoScalingGroupName'] ?? '');
  if (!group) throw new Refusal('ValidationError', 'Group name not found');
  return group;
}

/** @throws as the service does for an instance that is in no group. */
function inGroup(query: Query, cloud: Cloud): Vm {
  const id = query['InstanceId'] ?? '';
  const vm = cloud.vms.get(id);
  if (!vm?.group)
    throw new Refusal('ValidationError', `Instance Id not found - No managed instance found for instance ID: ${id}`);
  return vm;
}

const templateOf = ({ template, version }: Group) => ({ LaunchTemplateId: template, Version: version });
const overridesOf = ({ mixed = [] }: Group) => mixed.map((ImageId) => ({ InstanceType: 'm7i.large', ImageId }));

const running = (refresh: Refresh) => refresh.status === 'Pending' || refresh.status === 'InProgress';

export const autoScalingActions: Actions = {
  DescribeAutoScalingInstances(query, cloud) {
    const found = listOf(query, 'InstanceIds.member').flatMap((id) => cloud.vms.get(id) ?? []);
    const members = found.filter((vm) => vm.group !== undefined);
    return {
      AutoScalingInstances: members.map((vm) => ({
        ...{ ...memberOf(vm), HealthStatus: vm.health.toUpperCase(), AutoScalingGroupName: vm.group },
      })),
    };
  },
  DescribeAutoScalingGroups(query, cloud) {
    const found = listOf(query, 'AutoScalingGroupNames.member').flatMap((name) => cloud.groups.get(name) ?? []);
    return {
      AutoScalingGroups: found.map((group) => ({
        ...{ AutoScalingGroupName: group.name, DesiredCapacity: group.desired, MinSize: 0, MaxSize: 99 },
        ...(group.mixed
          ? {
              MixedInstancesPolicy: {
                LaunchTemplate: { LaunchTemplateSpecification: templateOf(group), Overrides: overridesOf(group) },
              },
            }
          : { LaunchTemplate: templateOf(group) }),
        ...(group.minHealthy === undefined
          ? {}
          : { InstanceMaintenancePolicy: { MinHealthyPercentage: group.minHealthy, MaxHealthyPercentage: 200 } }),
        SuspendedProcesses: group.suspended.map((ProcessName) => ({ ProcessName })),
        Instances: cloud.members(group.name).map((vm) => ({ ...memberOf(vm), HealthStatus: vm.health })),
      })),
    };
  },
  DescribeScalingActivities(query, cloud) {
    const { name } = groupOf(query, cloud);
    if (Number(query['MaxRecords'] ?? 100) > 100) throw new Refusal('ValidationError', 'MaxRecords is at most 100');
    const all = cloud.activities.filter(({ group }) => group === name).sort((a, b) => b.at - a.at);
    // Small pages, so that nobody reads the first alone.
    const from = Number(query['NextToken'] ?? 0);
    const page = all.slice(from, from + 3);
    return {
      Activities: page.map((one) => ({
        ...{ ActivityId: one.id, AutoScalingGroupName: name, Description: one.description, Cause: one.cause },
        ...{ StartTime: new Date(one.at).toISOString(), StatusCode: one.status, StatusMessage: one.message },
      })),
      NextToken: from + 3 < all.length ? String(from + 3) : undefined,
    };
  },
  TerminateInstanceInAutoScalingGroup(query, cloud) {
    const vm = inGroup(query, cloud);
    if (query['ShouldDecrementDesiredCapacity'] !== 'false') throw new Refusal('ValidationError', 'not here');
    if (vm.lifecycle.startsWith('Terminating'))
      throw new Refusal('ScalingActivityInProgress', 'a scaling activity is in progress');
    cloud.end(vm, 'instance was taken out of service in response to a user request.');
    return { Activity: { ActivityId: hex(9), StatusCode: 'InProgress', Cause: 'a user request' } };
  },
  SetInstanceHealth(query, cloud) {
    const vm = inGroup(query, cloud);
    if (query['HealthStatus'] !== 'Unhealthy' || query['ShouldRespectGracePeriod'] !== 'true')
      throw new Refusal('ValidationError', 'not here');
    vm.health = 'Unhealthy';
    cloud.later(pace.launch, () =>
      cloud.end(vm, 'an instance was taken out of service in response to a user health-check.'),
    );
    return {};
  },
  DescribeLaunchConfigurations: () => ({
    LaunchConfigurations: [{ LaunchConfigurationName: 'old', ImageId: 'ami-0aaa' }],
  }),
  DescribeInstanceRefreshes(query, cloud) {
    const { name } = groupOf(query, cloud);
    const all = cloud.refreshes.filter(({ group }) => group === name).sort((a, b) => b.from - a.from);
    return {
      InstanceRefreshes: all.map((one) => ({
        ...{ InstanceRefreshId: one.id, AutoScalingGroupName: name, Status: one.status, Strategy: one.strategy },
        ...{ StartTime: new Date(one.from).toISOString(), PercentageComplete: one.percent },
        ...(one.to === undefined ? {} : { EndTime: new Date(one.to).toISOString() }),
      })),
    };
  },
  StartInstanceRefresh(query, cloud) {
    const group = groupOf(query, cloud);
    if (cloud.refreshes.some((one) => one.group === group.name && running(one)))
      throw new Refusal('InstanceRefreshInProgress', 'An Instance Refresh is already in progress');
    const strategy = query['Strategy'] ?? 'Rolling';
    const image = query['DesiredConfiguration.MixedInstancesPolicy.LaunchTemplate.Overrides.member.1.ImageId'];
    if (strategy === 'ReplaceRootVolume' && !image)
      throw new Refusal('ValidationError', 'The desired configuration must have ImageId in all overrides');
    const refresh: Refresh = {
      ...{ id: `${hex(9)}-refresh`, group: group.name, status: 'Pending', strategy, from: Date.now(), percent: 0 },
      request: { ...query },
    };
    cloud.refreshes.push(refresh);
    cloud.refresh(refresh, image);
    return { InstanceRefreshId: refresh.id };
  },
};
