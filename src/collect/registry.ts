import { accounts } from './accounts/probe.ts';
import { attribution } from './attribution/probe.ts';
import { contents } from './contents/probe.ts';
import { files } from './files/probe.ts';
import { kernel } from './kernel/probe.ts';
import { mounts } from './mounts/probe.ts';
import { os } from './os/probe.ts';
import { packages } from './packages/probe.ts';
import { people } from './people/probe.ts';
import type { Probe } from './probe.ts';
import { processes } from './processes/probe.ts';
import { sockets } from './sockets/probe.ts';
import { traits } from './traits/probe.ts';
import { units } from './units/probe.ts';

/** In the order asked: what changes fast first, the long walk last. */
export const probes: Readonly<Record<string, Probe>> = {
  os,
  processes,
  traits,
  sockets,
  mounts,
  kernel,
  units,
  people,
  accounts,
  packages,
  attribution,
  contents,
  files,
};
