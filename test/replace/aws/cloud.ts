import { randomBytes } from 'node:crypto';

/** An error as the services answer it. */
export class Refusal extends Error {
  readonly code: string;
  readonly status: number;
  constructor(code: string, message: string, status = 400) {
    super(message);
    this.code = code;
    this.status = status;
  }
}

export interface Vm {
  id: string;
  image: string;
  state: 'pending' | 'running' | 'shutting-down' | 'terminated';
  reason?: string;
  checks: 'initializing' | 'ok' | 'impaired';
  volume: string;
  subnet: string;
  address: string;
  tags: Record<string, string>;
  token: string;
  launchedAt: number;
  protected: boolean;
  console: string;
  /** In a group. */
  group?: string;
  lifecycle: string;
  health: string;
}

export interface Activity {
  id: string;
  group: string;
  description: string;
  cause: string;
  at: number;
  status: string;
  message?: string;
}

export interface Refresh {
  id: string;
  group: string;
  status: string;
  strategy: string;
  from: number;
  to?: number;
  percent: number;
  request: Record<string, string>;
}

export interface Group {
  name: string;
  desired: number;
  template: string;
  version: string;
  /** ImageId of each override of its mixed instances policy; without one it has none. */
  mixed?: string[];
  suspended: string[];
  minHealthy?: number;
}

/** Milliseconds that things take here. */
export const pace = { boot: 30, stop: 30, launch: 40 };

const hex = (bytes: number) => randomBytes(bytes).toString('hex').slice(0, 17);

/** What a region holds. It moves on when somebody looks, by what was due until then; nothing runs between. */
export class Cloud {
  readonly vms = new Map<string, Vm>();
  readonly groups = new Map<string, Group>();
  readonly templates = new Map<string, Map<string, { image?: string; networks?: boolean }>>();
  readonly activities: Activity[] = [];
  readonly refreshes: Refresh[] = [];
  readonly addresses = new Map<string, { ip: string; instance: string }>();
  readonly tasks = new Map<string, { id: string; instance: string; image?: string; state: string; key: string }>();
  /** What a launch fails with, while it is set. */
  launchFailure: string | undefined;
  /** New instances never pass their status checks. */
  broken = false;
  #due: { at: number; act: () => void }[] = [];

  later(ms: number, act: () => void): void {
    this.#due.push({ at: Date.now() + ms, act });
  }

  tick(): void {
    for (;;) {
      const now = Date.now();
      const next = this.#due.filter((one) => one.at <= now).sort((a, b) => a.at - b.at)[0];
      if (!next) return;
      this.#due = this.#due.filter((one) => one !== next);
      next.act();
    }
  }

  launch(image: string, rest: Partial<Vm> = {}): Vm {
    const id = `i-${hex(9)}`;
    const vm: Vm = {
      ...{
        id,
        image,
        state: 'pending',
        checks: 'initializing',
        volume: `vol-${hex(9)}`,
        subnet: 'subnet-1',
        token: '',
      },
      ...{ address: `10.0.0.${1 + (this.vms.size % 250)}`, tags: {}, launchedAt: Date.now(), protected: false },
      ...{ console: '', lifecycle: 'Pending', health: 'Healthy' },
      ...rest,
    };
    this.vms.set(id, vm);
    this.later(pace.boot, () => {
      if (vm.state !== 'pending') return;
      vm.state = 'running';
      if (!this.broken) vm.checks = 'ok';
      if (vm.lifecycle === 'Pending') vm.lifecycle = 'InService';
    });
    return vm;
  }

  /** It ends; in a group that is written down, and followed by another where the group wants as many as before. */
  end(vm: Vm, cause: string): void {
    if (vm.state === 'terminated' || vm.state === 'shutting-down') return;
    vm.state = 'shutting-down';
    this.later(pace.stop, () => {
      vm.state = 'terminated';
      delete vm.group;
    });
    const group = this.groups.get(vm.group ?? '');
    if (!group) return;
    vm.lifecycle = 'Terminating';
    this.note(group.name, `Terminating EC2 instance: ${vm.id}`, cause);
    this.later(pace.launch, () => this.fill(group));
  }

  note(group: string, description: string, cause: string, status = 'Successful', message?: string): void {
    const at = Math.max(Date.now(), (this.activities.at(-1)?.at ?? 0) + 1);
    const more = message === undefined ? {} : { message };
    this.activities.push({
      id: hex(9),
      group,
      description,
      cause: `At ${new Date().toISOString()} ${cause}`,
      at,
      status,
      ...more,
    });
  }

  members(group: string): Vm[] {
    return [...this.vms.values()].filter((vm) => vm.group === group);
  }

  imageOf({ template, version, mixed }: Group): string {
    return mixed?.[0] ?? this.templates.get(template)?.get(version)?.image ?? '';
  }

  /** Launches what a group lacks. */
  fill(group: Group): void {
    if (group.suspended.includes('Launch')) return;
    const standing = () => this.members(group.name).filter((vm) => !vm.lifecycle.startsWith('Terminating')).length;
    while (standing() < group.desired) {
      const cause = `an instance was started in response to a difference between desired and actual capacity, increasing the capacity from ${standing()} to ${standing() + 1}.`;
      if (this.launchFailure !== undefined) {
        const text = `Launching a new EC2 instance.  Status Reason: ${this.launchFailure}`;
        this.note(group.name, text, cause, 'Failed', this.launchFailure);
        this.later(pace.launch, () => this.fill(group));
        return;
      }
      const tags = { 'aws:autoscaling:groupName': group.name, 'aws:ec2launchtemplate:id': group.template };
      const vm = this.launch(this.imageOf(group), { group: group.name, tags });
      this.note(group.name, `Launching a new EC2 instance: ${vm.id}`, cause);
    }
  }

  /** Works through a group, one after the other. */
  refresh(refresh: Refresh, image: string | undefined): void {
    const group = this.groups.get(refresh.group);
    if (!group) return;
    const todo = this.members(group.name).filter((vm) => vm.lifecycle === 'InService');
    const all = todo.length;
    const step = () => {
      refresh.status = 'InProgress';
      refresh.percent = Math.floor((100 * (all - todo.length)) / all);
      const vm = todo.shift();
      if (!vm) return Object.assign(refresh, { status: 'Successful', percent: 100, to: Date.now() + 1 });
      if (refresh.strategy === 'Rolling')
        this.end(vm, 'an instance was taken out of service in response to an instance refresh.');
      else Object.assign(vm, { volume: `vol-${hex(9)}`, ...(image ? { image } : {}) });
      return this.later(pace.launch + pace.boot + pace.stop, step);
    };
    this.later(1, step);
  }

  /** By id; terminated ones are known for a while. */
  vm(id: string): Vm {
    if (!/^i-([0-9a-f]{8}|[0-9a-f]{17})$/.test(id))
      throw new Refusal('InvalidInstanceID.Malformed', `Invalid id: "${id}"`);
    const found = this.vms.get(id);
    if (!found) throw new Refusal('InvalidInstanceID.NotFound', `The instance ID '${id}' does not exist`);
    return found;
  }
}

export { hex };
