import { demoUser } from './server.ts';

/** A server as the inventory lists it. */
export interface Listed {
  name: string;
  port: number;
  /** `ssh-ed25519 AAAA...` */
  hostKey: string;
}

/** The known-hosts file: a server that is not in it, or has another key, is not believed. */
export function knownHosts(hosts: Listed[]): string {
  return hosts.map(({ port, hostKey }) => `[127.0.0.1]:${port} ${hostKey.split(' ').slice(0, 2).join(' ')}\n`).join('');
}

interface Fleet {
  keyFile: string;
  knownHosts: string;
  imageRef: string;
  hosts: Listed[];
}

/** The fleet file. A JSON string is a YAML string. */
export function fleetFile({ keyFile, knownHosts: known, imageRef, hosts }: Fleet): string {
  return `# The throwaway fleet of "snowfence demo".
schema: snowfence.fleet/v1
defaults:
  user: ${demoUser}
  image: ${JSON.stringify(imageRef)}
  identityFiles: [${JSON.stringify(keyFile)}]
  knownHosts: [${JSON.stringify(known)}]
  sshConfig: /dev/null
groups:
  web:
    hosts:
${hosts.map(({ name, port }) => `      - { name: ${name}, address: 127.0.0.1, port: ${port} }\n`).join('')}`;
}
