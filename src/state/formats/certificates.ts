import { X509Certificate } from 'node:crypto';
import type { Format, SeenFile, StateFact } from '../format.ts';
import { Facts, squeeze } from '../text.ts';

/** Most certificates that are taken from one bundle: the largest public ones hold under 200. */
const most = 1000;

/**
 * Trusted authorities: the administrator's own, and what is made of them (bundle, links by name and by hash). A link
 * stands for the certificate that it points to, so one authority added is one fact however often it is linked.
 */
export const certificates: Format = {
  name: 'certificates',
  about: 'trusted certificate authorities: subject and SHA256 fingerprint',
  paths: [
    '/usr/local/share/ca-certificates/**',
    '/etc/ssl/certs/*',
    '/etc/pki/ca-trust/source/{,anchors/,blocklist/,blacklist/}*',
    '/etc/pki/tls/certs/*',
    '/etc/ca-certificates/trust-source/{,anchors/,blocklist/}*',
  ],
  facts(file) {
    const found = new Facts();
    for (const pem of certificatesOf(file)) {
      const fact = authority(pem, /\/bl(oc|ac)klist\//.test(file.path));
      if (fact) found.put(fact);
    }
    return found.list();
  },
};

function certificatesOf(file: SeenFile): string[] {
  const text = file.type === 'l' ? file.textAt(file.path) : file.text;
  return (
    (text ?? '')
      .match(/-----BEGIN (?:TRUSTED )?CERTIFICATE-----[A-Za-z0-9+/=\s]*-----END (?:TRUSTED )?CERTIFICATE-----/g)
      ?.slice(0, most) ?? []
  );
}

function authority(pem: string, blocked: boolean): StateFact | undefined {
  try {
    const certificate = new X509Certificate(pem);
    const subject = squeeze(certificate.subject.split('\n').reverse().join(', '));
    const print = certificate.fingerprint256.replaceAll(':', '').toLowerCase();
    return {
      kind: 'key',
      subject: `${blocked ? 'distrusted' : 'trusted'} certificate ${Buffer.from(subject.slice(0, 150), 'utf8').toString('latin1')} SHA256:${print}`,
      value: '',
      reason: blocked
        ? 'nobody whom it signs for is believed any more'
        : 'whoever it signs for is believed to be who they say',
    };
  } catch {
    return undefined;
  }
}
