import type { Registry } from '../core/registry.ts';
import type { Driver } from '../core/replacement.ts';

/** Drivers by the name that the configuration calls them by. */
export const drivers: Registry<Driver> = {
  print: () => import('./print/driver.ts').then((m) => m.print),
  asg: () => import('./asg/driver.ts').then((m) => m.asg),
  ec2: () => import('./ec2/driver.ts').then((m) => m.ec2),
  command: () => import('./command/driver.ts').then((m) => m.command),
  webhook: () => import('./webhook/driver.ts').then((m) => m.webhook),
  jenkins: () => import('./jenkins/driver.ts').then((m) => m.jenkins),
  docker: () => import('./docker/driver.ts').then((m) => m.docker),
  terraform: () => import('./terraform/driver.ts').then((m) => m.terraform),
  swarm: () => import('./swarm/driver.ts').then((m) => m.swarm),
};
