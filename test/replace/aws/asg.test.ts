import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Progress, Settings, Target } from '../../../src/core/replacement.ts';
import { asg } from '../../../src/replace/asg/driver.ts';
import { describeDriver } from '../contract.ts';
import { permitOf } from '../make.ts';
import { context, groupIn, providerOf, region, targetOf } from './provider.ts';

const one = (size: number, mixed?: string[]) => (cloud: Parameters<typeof groupIn>[0]) => {
  const [vm] = groupIn(cloud, size, mixed ? { mixed } : {}).vms;
  if (!vm) throw new Error('an empty group');
  return vm;
};
const ami = 'ami-0aaaaaaaaaaaaaaaa';

describeDriver('asg, terminate', asg, () => providerOf({}, one(3)));
describeDriver('asg, health', asg, () => providerOf({ strategy: 'health' }, one(3)));
describeDriver('asg, refresh', asg, () => providerOf({ strategy: 'refresh', minHealthyPercent: 50 }, one(1)));
describeDriver('asg, root-volume', asg, () => providerOf({ strategy: 'root-volume' }, one(1, [ami]), true));

describe('the driver asg', () => {
  let the: Awaited<ReturnType<typeof region>>;
  let settings: Settings;
  beforeAll(async () => {
    the = await region();
    const { everySeconds: _, ...rest } = the.settings;
    settings = rest;
  });
  afterAll(() => the.aws.close());

  const start = async (target: Target, more: Settings = {}) => {
    const session = await asg.open({ ...settings, ...more }, context);
    return session.start(permitOf(target)).finally(() => session.close());
  };
  const follow = async (token: string, target: Target, more: Settings = {}, until = 100): Promise<Progress> => {
    const session = await asg.open({ ...settings, ...more }, context);
    let last: Progress = { state: 'running', detail: '' };
    for (let tries = 0; tries < until && last.state === 'running'; tries++) {
      last = await session.poll(token, permitOf(target));
      await delay(15);
    }
    await session.close();
    return last;
  };
  const idOf = (progress: Progress) => (progress.state === 'done' ? progress.successor.id : undefined);

  it('gives two that are replaced at once two different successors, whoever asks in which order', async () => {
    const { vms } = groupIn(the.cloud, 4);
    const targets = vms.slice(0, 3).map((vm) => targetOf(vm));
    const tokens: string[] = [];
    for (const target of targets) {
      tokens.push(await start(target));
      await delay(20);
    }
    const ends = await Promise.all(targets.map((target, n) => follow(tokens[n] ?? '', target)));
    expect(ends.map(({ state }) => state)).toEqual(['done', 'done', 'done']);
    expect(new Set(ends.map(idOf)).size).toBe(3);
    const again = await Promise.all(targets.map((target, n) => follow(tokens[n] ?? '', target)));
    expect(again.map(idOf)).toEqual(ends.map(idOf));
  });

  it('does not terminate twice when the answer to the first call was lost', async () => {
    const { vms, group } = groupIn(the.cloud, 2);
    const target = targetOf(vms[0] as (typeof vms)[0]);
    const before = the.aws.changes();
    the.aws.dieAfter('TerminateInstanceInAutoScalingGroup');
    const end = await follow(await start(target), target);
    expect(end).toMatchObject({ state: 'done' });
    expect(the.aws.changes() - before).toBe(1);
    expect(the.cloud.members(group.name)).toHaveLength(2);
  });

  it('refuses a group that would launch another image, and begins nothing', async () => {
    const [vm] = groupIn(the.cloud, 1).vms;
    const before = the.aws.changes();
    const target = { ...targetOf(vm as NonNullable<typeof vm>), image: { ref: 'ami-0bbbbbbbbbbbbbbbb' } };
    for (const strategy of ['terminate', 'health', 'refresh'])
      await expect(start(target, { strategy })).rejects.toMatchObject({
        name: 'ReplaceError',
        transient: false,
        message: expect.stringContaining(`would launch ${ami}, wanted ami-0bbbbbbbbbbbbbbbb`),
      });
    expect(the.aws.changes()).toBe(before);
  });

  it('refuses a group that would launch nothing, an instance that is in none, and what is not in service', async () => {
    const before = the.aws.changes();
    const stopped = groupIn(the.cloud, 1, { suspended: ['Launch'] }).vms[0];
    await expect(start(targetOf(stopped as NonNullable<typeof stopped>))).rejects.toThrow('has Launch suspended');
    const alone = the.cloud.launch(ami);
    await expect(start(targetOf(alone))).rejects.toMatchObject({
      message: expect.stringContaining('in no Auto Scaling group'),
      hint: expect.stringContaining('driver ec2'),
    });
    const standby = groupIn(the.cloud, 1).vms[0] as NonNullable<typeof stopped>;
    standby.lifecycle = 'Standby';
    await expect(start(targetOf(standby))).rejects.toThrow('Standby in its group, not InService');
    const first = groupIn(the.cloud, 1, { minHealthy: 100 }).vms[0] as NonNullable<typeof stopped>;
    await expect(start(targetOf(first), { strategy: 'health' })).rejects.toThrow('launches before it terminates');
    const matching = groupIn(the.cloud, 1).vms[0] as NonNullable<typeof stopped>;
    await expect(start(targetOf(matching), { strategy: 'refresh', skipMatching: true })).rejects.toThrow('leave');
    const plain = groupIn(the.cloud, 1).vms[0] as NonNullable<typeof stopped>;
    await expect(start(targetOf(plain), { strategy: 'root-volume' })).rejects.toThrow('no mixed instances policy');
    expect(the.aws.changes()).toBe(before);
  });

  it('tells why nothing comes, and is done when it comes after all', async () => {
    const { vms } = groupIn(the.cloud, 1);
    const target = targetOf(vms[0] as (typeof vms)[0]);
    the.cloud.launchFailure = 'You have requested more vCPU capacity than your limit';
    const token = await start(target);
    expect(await follow(token, target, {}, 12)).toMatchObject({
      state: 'running',
      detail: expect.stringContaining('more vCPU capacity'),
    });
    the.cloud.launchFailure = undefined;
    expect((await follow(token, target)).state).toBe('done');
  });

  it('joins the refresh of the group that another instance of it began, and each has its own successor', async () => {
    const { vms, group } = groupIn(the.cloud, 3);
    const more = { strategy: 'refresh' };
    const targets = vms.map((vm) => targetOf(vm));
    const tokens: string[] = [];
    for (const target of targets) tokens.push(await start(target, more));
    expect(the.cloud.refreshes.filter((refresh) => refresh.group === group.name)).toHaveLength(1);
    const ends = await Promise.all(targets.map((target, n) => follow(tokens[n] ?? '', target, more)));
    expect(ends.map(({ state }) => state)).toEqual(['done', 'done', 'done']);
    expect(new Set(ends.map(idOf)).size).toBe(3);
  });

  it('does not begin a refresh again that its key began, when that failed', async () => {
    const { vms, group } = groupIn(the.cloud, 1);
    const target = targetOf(vms[0] as (typeof vms)[0]);
    await start(target, { strategy: 'refresh' });
    const [refresh] = the.cloud.refreshes.filter((one) => one.group === group.name);
    Object.assign(refresh ?? {}, { group: group.name, status: 'Failed' });
    the.cloud.groups.delete(group.name);
    the.cloud.tick();
    the.cloud.groups.set(group.name, group);
    const token = await start(target, { strategy: 'refresh' });
    expect(the.cloud.refreshes.filter((one) => one.group === group.name)).toHaveLength(1);
    expect(JSON.parse(token)).toMatchObject({ refresh: refresh?.id });
  });

  it('calls what stays throttled worth another try, and a wrong right not', async () => {
    const [vm] = groupIn(the.cloud, 1).vms;
    the.aws.throttle(50);
    await expect(start(targetOf(vm as NonNullable<typeof vm>))).rejects.toMatchObject({
      transient: true,
      message: expect.stringContaining('Throttling'),
    });
    the.aws.throttle(0);
  });

  it('follows only tokens of its own', async () => {
    const [vm] = groupIn(the.cloud, 1).vms;
    for (const token of ['', '{}', 'null', '{"id":"i-1","group":"x"}', '[]'])
      await expect(follow(token, targetOf(vm as NonNullable<typeof vm>))).rejects.toThrow('no token of this driver');
  });

  it('says in its plan that a refresh replaces the whole group', () => {
    const [vm] = groupIn(the.cloud, 1).vms;
    const plan = asg.plan(targetOf(vm as NonNullable<typeof vm>), { ...settings, strategy: 'refresh' });
    expect(JSON.stringify(plan)).toContain('replaces ALL instances of the group');
  });
});
