import { execFileSync } from 'node:child_process';
import { must, run } from './exec.ts';

/**
 * One fleet's network: a bridge with an address of this machine, and a /22 behind it. Nothing routes it: instances have no default route, so
 * that they answer this machine only.
 */
export interface LabNetwork {
  readonly slot: number;
  readonly bridge: string;
  /** Link group of the fleet's network cards: lets the kernel delete all of them at once. */
  readonly group: number;
}

/** 64 fleets at a time, each with up to 1,000 addresses of 10.213.0.0/16. */
export const SLOTS = 64;
export const MAX_INSTANCES = 1000;
const PREFIX = 22;

export function networkOf(slot: number): LabNetwork {
  return { slot, bridge: `sflab${slot}`, group: 213_000 + slot };
}

/** Address of the instance with this number (from 0); -1 is this machine's own. */
export function addressOf(network: LabNetwork, index: number): string {
  const host = index + 2;
  return `10.213.${network.slot * 4 + (host >> 8)}.${host & 255}`;
}

export function cidrOf(network: LabNetwork, index: number): string {
  return `${addressOf(network, index)}/${PREFIX}`;
}

/** Makes the bridge. False when the name is taken (by a fleet of another lab directory): try another slot. */
export async function openNetwork(network: LabNetwork): Promise<boolean> {
  const made = await run('ip', ['link', 'add', network.bridge, 'type', 'bridge']);
  if (made.code !== 0) {
    if (/File exists/.test(made.stderr)) return false;
    throw new Error(`lab: no bridge: ${made.stderr.trim()}`);
  }
  await must('ip', ['-batch', '-'], {
    input: `addr add ${cidrOf(network, -1)} dev ${network.bridge}\nlink set ${network.bridge} up\n`,
  });
  return true;
}

/** Gives the instance's namespace its eth0. The MAC follows from the address: a recreated host must not wait for a stale ARP entry. */
export async function plug(network: LabNetwork, index: number, pid: number): Promise<void> {
  const card = cardOf(network, index);
  const octets = addressOf(network, index).split('.').map(Number);
  const mac = ['02', '5f', ...octets.map((octet) => octet.toString(16).padStart(2, '0'))].join(':');
  await must('ip', ['-batch', '-'], {
    input: `link add ${card} group ${network.group} type veth peer name eth0 address ${mac} netns ${pid}
link set ${card} master ${network.bridge} up
`,
  });
}

/** Takes the network card away, before its namespace goes: the kernel would do it too, but later than the next one is plugged. */
export async function unplug(network: LabNetwork, index: number): Promise<void> {
  await run('ip', ['link', 'del', cardOf(network, index)]);
}

/** Removes the cards and the bridge. Best effort, and synchronous because exit hooks use it. */
export function closeNetwork(network: LabNetwork): void {
  for (const args of [
    ['link', 'del', 'group', String(network.group)],
    ['link', 'del', network.bridge],
  ]) {
    try {
      execFileSync('ip', args, { stdio: 'ignore' });
    } catch {
      // Not there (any more).
    }
  }
}

function cardOf(network: LabNetwork, index: number): string {
  return `sfv${network.slot}-${index}`;
}
