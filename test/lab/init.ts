/**
 * PID 1 of an instance, part of its image. The shell's \`wait\` reaps every child that comes to it, orphans included; \`sleep\` keeps the loop
 * quiet when sshd was killed, because a server without sshd is still a server (and a case worth testing).
 */
function initScript(server: string): string {
  return `#!/bin/sh
${server} </dev/null >/run/sshd.log 2>&1 &
while :; do wait; sleep 1; done
`;
}

export const INIT_OPENSSH = initScript('/usr/sbin/sshd -D -e');

export const INIT_DROPBEAR = initScript('/usr/sbin/dropbear -F -E -P /run/dropbear.pid');
