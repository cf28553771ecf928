import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Progress, Settings, Target } from '../../../src/core/replacement.ts';
import { ec2 } from '../../../src/replace/ec2/driver.ts';
import { describeDriver } from '../contract.ts';
import { permitOf } from '../make.ts';
import { ami, context, groupIn, providerOf, region, single, targetOf } from './provider.ts';

describeDriver('ec2, launch', ec2, () => providerOf({ everySeconds: 0.01 }, single));
describeDriver('ec2, root-volume', ec2, () => providerOf({ strategy: 'root-volume' }, single, true));

describe('the driver ec2', () => {
  let the: Awaited<ReturnType<typeof region>>;
  beforeAll(async () => {
    the = await region();
  });
  afterAll(() => the.aws.close());

  const start = async (target: Target, more: Settings = {}, signal = context.signal) => {
    const session = await ec2.open({ ...the.settings, ...more }, { ...context, signal });
    return session.start(permitOf(target)).finally(() => session.close());
  };
  /** As after the new one was seen clean. */
  const retire = async (token: string, target: Target, more: Settings = {}, signal = context.signal) => {
    const session = await ec2.open({ ...the.settings, ...more }, { ...context, signal });
    await session.retire?.(permitOf(target), token).finally(() => session.close());
  };
  const follow = async (token: string, target: Target, more: Settings = {}): Promise<Progress> => {
    const session = await ec2.open({ ...the.settings, ...more }, context);
    let last: Progress = { state: 'running', detail: '' };
    for (let tries = 0; tries < 100 && last.state === 'running'; tries++) {
      last = await session.poll(token, permitOf(target));
      await delay(15);
    }
    await session.close();
    return last;
  };
  const newOf = (token: string) => the.cloud.vm(JSON.parse(token).id);

  it('launches from the same template in the same subnet with the same tags and the wanted image', async () => {
    const old = single(the.cloud, { subnet: 'subnet-7' });
    const target = { ...targetOf(old), image: { ref: 'ami-0cccccccccccccccc' } };
    const token = await start(target);
    expect(newOf(token)).toMatchObject({
      ...{ image: 'ami-0cccccccccccccccc', subnet: 'subnet-7' },
      tags: { Name: 'web', 'aws:ec2launchtemplate:id': 'lt-0a', 'snowfence:replaces': old.id },
    });
    const uri = `ssm://${newOf(token).id}?region=eu-west-1`;
    expect(await follow(token, target)).toMatchObject({ state: 'done', successor: { uri, id: newOf(token).id } });
  });

  it.each(['RunInstances', 'AssociateAddress', 'TerminateInstances'])(
    'goes on after a process that died when %s was done',
    async (action) => {
      const old = single(the.cloud);
      the.cloud.addresses.set('eipalloc-1', { ip: '203.0.113.7', instance: old.id });
      const count = the.cloud.vms.size;
      const stop = new AbortController();
      the.aws.dieAfter(action);
      const watch = setInterval(() => {
        if (the.aws.calls.at(-1)?.action === action) stop.abort();
      }, 1);
      const more = { swap: 'elastic-ip' };
      await start(targetOf(old), more, stop.signal)
        .then((token) => retire(token, targetOf(old), more, stop.signal))
        .catch((error: unknown) => expect(error).toMatchObject({ name: 'ReplaceError' }));
      clearInterval(watch);
      const token = await start(targetOf(old), more);
      expect(await follow(token, targetOf(old), more)).toMatchObject({ state: 'done' });
      if (action === 'RunInstances') expect(the.cloud.vm(old.id).state).toBe('running');
      await retire(token, targetOf(old), more);
      expect(the.cloud.vms.size).toBe(count + 1);
      expect(the.cloud.addresses.get('eipalloc-1')?.instance).toBe(newOf(token).id);
      expect(the.cloud.vm(old.id).state).toMatch(/^(shutting-down|terminated)$/);
    },
  );

  it('tells where a new one is reached by ssh, and its host keys from its console', async () => {
    const old = single(the.cloud);
    const target = targetOf(old, { uri: 'ssh://admin@10.9.9.9:2222', labels: { instanceId: old.id } });
    const token = await start(target);
    const vm = newOf(token);
    const session = await ec2.open(the.settings, context);
    await delay(100);
    expect(await session.poll(token, permitOf(target))).toMatchObject({ detail: expect.stringContaining('host keys') });
    await session.close();
    const key = `ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI${'a'.repeat(43)}`;
    vm.console = `boot\r\n-----BEGIN SSH HOST KEY KEYS-----\r\n${key} root@web\r\n-----END SSH HOST KEY KEYS-----\r\n`;
    const uri = `ssh://admin@${vm.address}:2222`;
    expect(await follow(token, target)).toMatchObject({ state: 'done', successor: { uri, hostKeys: [key] } });
    vm.console = '';
    expect(await follow(token, target, { hostKeySeconds: 0, address: 'same' })).toEqual({
      ...{ state: 'done', detail: expect.any(String), successor: { uri: target.uri, id: vm.id } },
    });
  });

  it('begins nothing that could not be brought to its end', async () => {
    const before = the.aws.changes();
    const [grouped] = groupIn(the.cloud, 1).vms;
    await expect(start(targetOf(grouped as NonNullable<typeof grouped>))).rejects.toMatchObject({
      ...{
        message: expect.stringContaining('belongs to the Auto Scaling group'),
        hint: expect.stringContaining('asg'),
      },
    });
    const kept = single(the.cloud, { protected: true });
    await expect(start(targetOf(kept))).rejects.toThrow('is protected from termination');
    const bare = single(the.cloud, { tags: {} });
    await expect(start(targetOf(bare))).rejects.toThrow('was not launched from a launch template');
    await expect(start(targetOf(kept), { launchTemplate: { id: 'lt-0ff' }, terminate: false })).rejects.toThrow(
      'InvalidLaunchTemplateId.NotFound',
    );
    expect(the.aws.changes()).toBe(before);
  });

  it('leaves the old one as it was when the new one does not come up', async () => {
    const old = single(the.cloud);
    the.cloud.broken = true;
    const token = await start(targetOf(old), { upSeconds: 0.2 });
    the.cloud.broken = false;
    const end = await follow(token, targetOf(old));
    expect(end).toMatchObject({ state: 'failed', detail: expect.stringContaining('did not come up in 0.2 s') });
    expect(end.detail).toContain(`${old.id} was left as it was`);
    expect(the.cloud.vm(old.id).state).toBe('running');
  });

  it('keeps the identity when only the root volume is replaced, and says when that fails', async () => {
    const more = { strategy: 'root-volume' };
    const vm = single(the.cloud);
    const volume = vm.volume;
    const end = await follow(await start(targetOf(vm), more), targetOf(vm), more);
    expect(end).toMatchObject({ state: 'done', successor: { id: vm.id, sameIdentity: true } });
    expect(vm.volume).not.toBe(volume);
    const other = single(the.cloud);
    the.cloud.launchFailure = 'failed-detached';
    const failed = await follow(await start(targetOf(other), more), targetOf(other), more);
    the.cloud.launchFailure = undefined;
    expect(failed).toMatchObject({ state: 'failed', detail: expect.stringContaining('NO root volume') });
  });

  it('ends at once when it is interrupted', async () => {
    const old = single(the.cloud);
    the.cloud.broken = true;
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 150);
    await expect(start(targetOf(old), { everySeconds: 60 }, stop.signal)).rejects.toMatchObject({
      ...{ name: 'ReplaceError', transient: false, message: expect.stringContaining('interrupted') },
    });
    the.cloud.broken = false;
    expect(the.cloud.vm(old.id).state).toBe('running');
  });

  it('refuses targets whose instance is not known for certain', () => {
    const plan = (rest: Partial<Target>) => ec2.plan(targetOf(single(the.cloud), rest), the.settings);
    expect(plan({ uri: 'ssh://a', identity: 'abcd' })).toEqual({ refused: expect.stringContaining('instanceId') });
    expect(plan({ uri: `ssm://mi-${'0'.repeat(17)}` })).toEqual({ refused: expect.stringContaining('outside of EC2') });
    expect(plan({ identity: 'i-0123456789abcdef0' })).toEqual({ refused: expect.stringContaining('is said to be') });
    expect(plan({ uri: 'ssh://a', labels: { region: 'x;y' } })).toEqual({ refused: expect.stringContaining('region') });
    expect(plan({ image: { ref: ami } })).toHaveProperty('calls');
  });
});
