import { sh } from '../sh.ts';

/**
 * Which name servers the network gave this instance, as those say who asked it: leases of DHCP clients, the files that
 * systemd-networkd, systemd-resolved, NetworkManager, resolvconf and dhcpcd keep in /run, and cloud-init's network configuration. Only
 * lines with name servers leave the instance. Formats: dhclient.leases(5), systemd-networkd's state files, resolv.conf(5).
 */
export const nameServersQuestion = sh`
# leases WHAT-TO-DO: with each file there is, and the tool that reads its last or first part
leases() {
  for f in "$R"/var/lib/dhcp/*.leases "$R"/var/lib/dhclient/*.lease* "$R"/var/lib/NetworkManager/*.lease; do
    plain "$f" && "$@" tail "$f"
  done
  [ $MODE = live ] && for f in /run/systemd/netif/leases/* /run/systemd/netif/state /run/systemd/resolve/resolv.conf /run/NetworkManager/resolv.conf /run/NetworkManager/no-stub-resolv.conf \
    /run/resolvconf/interface/* /run/resolvconf/interfaces/* /run/dhcpcd/hook-state/resolv.conf/* /run/dhclient*.lease*; do
    [ -f "$f" ] && "$@" head "$f"
  done
}
there() { L=1; }
part() { $1 -c 20000 "$2" 2>/dev/null; }
printf 'dns '
L=; leases there
[ "$L" ] && leases part | tr -d '\000' | grep -aE 'name-servers|^DNS=|^nameserver' | sort -u | head -n 200 | head -c 20000
for f in "$R"/var/lib/cloud/instance/network-config.json "$R"/var/lib/cloud/instances/*/network-config.json; do
  [ "$R" ] && ! plain "$f" && continue
  [ -f "$f" ] && head -c 200000 "$f" | tr -d ' \n\000' | grep -aoE '"(dns_)?nameservers?":[^]]*]|[{][^{}]*"type":"nameserver"[^{}]*[}]' | head -n 50
done 2>/dev/null
printf '\0'
`;

const address =
  /(?<![\w.:])(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9a-fA-F]{0,4}(?::[0-9a-fA-F]{0,4}){2,7}(?:%[\w.-]+)?)(?![\w.:])/g;

/** Most servers that are kept: a lease has three. */
const most = 50;

/**
 * The servers in the answer, and those that the platform's metadata (cloud-init's instance-data.json) names: name servers of
 * DigitalOcean's and OpenStack's kind, and in a VPC of AWS the third address of its network (VPC user guide, "Amazon DNS").
 * undefined = nothing says which there are.
 */
export function nameServers(answer: string, instanceData: string): string[] | undefined {
  const found = new Set(addresses(answer));
  for (const [, list = ''] of instanceData.matchAll(
    /"(?:dns_)?name_?servers"\s*:\s*(?:\{[^{}[\]]*)?\[([^\]]{0,2000})\]/g,
  ))
    for (const one of addresses(list)) found.add(one);
  for (const [service] of instanceData.matchAll(/\{[^{}]{0,500}"type"\s*:\s*"dns"[^{}]{0,500}\}/g))
    for (const one of addresses(service)) found.add(one);
  for (const [, blocks = ''] of instanceData.matchAll(/"vpc[-_]ipv4[-_]cidr[-_]blocks?"\s*:\s*"([^"]{0,2000})"/g))
    for (const [, base = '', last = ''] of blocks.matchAll(/(\d{1,3}\.\d{1,3}\.\d{1,3})\.(\d{1,3})\/\d{1,2}/g))
      found.add(`${base}.${Number(last) + 2}`);
  return found.size > 0 ? [...found].slice(0, most) : undefined;
}

function addresses(text: string): string[] {
  return Array.from(text.matchAll(address), ([one]) => one.toLowerCase());
}
