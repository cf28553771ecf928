import type { Format } from '../format.ts';
import { baseName, bytesOf, directory } from '../text.ts';

/** Directories of scripts that something else runs as root: DHCP clients, PPP, kernel and boot image builders, ACPI. */
export const hooks: Format = {
  name: 'hooks',
  about:
    'scripts that run when an address is leased, a link goes up, a kernel or boot image is made, a button is pressed',
  paths: [
    '/etc/dhcp/{dhclient-enter-hooks.d,dhclient-exit-hooks.d}/*',
    '/etc/ppp/{ip-up.d,ip-down.d,ipv6-up.d,ipv6-down.d}/*',
    '/etc/resolvconf/update.d/*',
    '/etc/{kernel,initramfs}/{preinst.d,postinst.d,prerm.d,postrm.d,install.d,post-update.d}/*',
    '/etc/initramfs-tools/{hooks,scripts/*}/*',
    '/etc/grub.d/*',
    '/etc/acpi/*',
  ],
  facts: (file) => [
    {
      kind: 'setting',
      subject: `hook ${baseName(file.path)} of ${directory(file.path).slice('/etc/'.length)}`,
      value: bytesOf(file),
      reason: 'it runs as root when its time has come',
    },
  ],
};
