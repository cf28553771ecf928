import { startFleet, sweep } from './fleet.ts';
import { labImage } from './image.ts';
import { labProblem } from './require.ts';

const USAGE = `usage: node test/lab/cli.ts up [N]    N instances (3), until Ctrl-C
       node test/lab/cli.ts image     build the image if need be and say where it is
       node test/lab/cli.ts sweep     remove what crashed fleets left behind
`;

async function up(count: number): Promise<void> {
  const image = await labImage();
  const begin = performance.now();
  const fleet = await startFleet(image, count);
  const say = (line: string) => process.stdout.write(`${line}\n`);
  for (const one of fleet.instances) say(`${one.name} ${one.address}`);
  say(`image ${image.ref} ${image.dir}`);
  say(`key ${fleet.keyFile}`);
  say(`known_hosts ${fleet.knownHosts}`);
  process.stderr.write(
    `${count} instances in ${((performance.now() - begin) / 1000).toFixed(1)} s; Ctrl-C ends them\n`,
  );
  process.stderr.write(
    `ssh -i ${fleet.keyFile} -o UserKnownHostsFile=${fleet.knownHosts} root@${fleet.instances[0]?.address}\n`,
  );
  // The fleet keeps no process alive; this does. Its exit hook cleans up on Ctrl-C.
  setInterval(() => {}, 60_000);
}

async function main(args: readonly string[]): Promise<number | undefined> {
  const [command, value = '3'] = args;
  const problem = labProblem();
  if (problem) {
    process.stderr.write(`lab: ${problem}\n`);
    return 3;
  }
  if (command === 'up' && /^[1-9]\d{0,2}$/.test(value)) return void (await up(Number(value)));
  if (command === 'image') process.stdout.write(`${(await labImage()).dir}\n`);
  else if (command === 'sweep') process.stdout.write(`${await sweep()} fleets removed\n`);
  else {
    process.stderr.write(USAGE);
    return 2;
  }
  return 0;
}

process.exitCode = await main(process.argv.slice(2));
