/**
 * What only a running system tells, beside its processes and sockets. Names and paths are canonical (escaped) bytes. A part
 * that is undefined was not asked or could not be answered: nothing is known of it.
 */
export interface Running {
  /** Process of the program that asked. */
  self?: number;
  /** What a process has beside its program: pid -> traits; a process without any is not in it. */
  traits?: Map<number, ProcessTraits>;
  /** Files that processes of this system have mapped as code, each once. */
  libraries?: LibraryFact[];
  mounts?: MountFact[];
  kernel?: KernelFacts;
  /** Units that live in /run: made at run time, not by the image. */
  units?: UnitFact[];
  /** Units that systemd says run, failed, or ran and were stopped; undefined where it does not run. */
  unitStates?: UnitStateFact[];
  /** Names of units that generators made at the start. */
  madeUnits?: string[];
  logins?: LoginFact[];
  /** Listening sockets of the abstract name space: names without file. A fact, not judged. */
  abstractSockets?: string[];
}

/** What is told of one process where it is not the default. */
export interface ProcessTraits {
  /** Process that traces it; undefined = nobody. */
  tracer?: number;
  /** Effective capabilities of a process that has some but not all, as the kernel's hexadecimal mask (capabilities(7)). */
  capabilities?: string;
  noNewPrivileges?: boolean;
  /** 1 strict, 2 filter. */
  seccomp?: number;
  /** Unit of systemd that it belongs to, by its control group: `nginx.service`, `session-3.scope`. */
  unit?: string;
  /** Path of its control group, and the most memory that it allows in bytes. */
  cgroup?: string;
  memoryLimit?: number;
  /** Variables of the dynamic loader in its environment; no other variable leaves the instance. */
  loader?: { name: string; value: string }[];
  /** Files among its first arguments, if its program is an interpreter: as written, resolved, and sha256 (`` = unknown). */
  files?: { argument: string; path: string; sha256: string }[];
}

/** A file that is mapped as code. */
export interface LibraryFact {
  path: string;
  /** It has no name any more: deleted or replaced on disk. */
  deleted: boolean;
  /** Processes that have it; known for what is deleted or stands outside of /usr and /lib. */
  pids: number[];
  /** Mappings of it, as a measure of how many processes have it. */
  mappings: number;
  /** Read through /proc for what is deleted or stands outside of /usr and /lib; empty when unknown. */
  sha256: string;
}

/** One line of /proc/self/mountinfo (proc(5)). */
export interface MountFact {
  path: string;
  /** Directory or file of the mounted file system that is seen there: other than `/` for a bind mount. */
  root: string;
  type: string;
  source: string;
  /** Options of this mount (`ro`, `noexec`...), and those of the file system behind it. */
  options: string[];
  superOptions: string[];
}

/** What the kernel says of itself. */
export interface KernelFacts {
  /** Names of loaded modules, with the taint letters that the kernel gives them (`O` out of tree, `E` unsigned, `F` forced...). */
  modules: Map<string, string>;
  /** /proc/sys/kernel/tainted. */
  taint: number;
  commandLine: string;
  /** Settings that matter for security: `kernel.kptr_restrict` -> value. */
  settings: Map<string, string>;
}

/** A unit file below /run. */
export interface UnitFact {
  /** `x.service`. */
  name: string;
  path: string;
  /** Commands it starts. */
  commands: string[];
}

/** How a unit of systemd stands. All but the name and the state is told only of what does not run. */
export interface UnitStateFact {
  /** `x.service`. */
  name: string;
  state: 'alive' | 'failed' | 'stopped';
  /** `simple`, `notify`, `oneshot`...; empty for a timer. */
  type?: string;
  /** It is started again whenever it ends. */
  restarts?: boolean;
  /** It ran since the system started. */
  ran?: boolean;
  /** Its conditions were met when it was last started. */
  conditions?: boolean;
  /** Another unit (a socket, a timer) starts it when it is needed. */
  triggered?: boolean;
}

/** Somebody who sat, or sits, at a terminal of this system since it started. */
export interface LoginFact {
  user: string;
  terminal: string;
  /** Address or name; empty at a console. */
  from: string;
  /** Epoch seconds; 0 = unknown. */
  at: number;
}
