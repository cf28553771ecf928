/** Package of a file in dpkg's info directory (`/var/lib/dpkg/info/libc6:amd64.postinst` -> `libc6`); undefined for other paths. */
export function packageOfInfoPath(path: string): string | undefined {
  const match = /^\/var\/lib\/dpkg\/info\/([a-z0-9][a-z0-9+.-]*?)(?::[a-z0-9-]+)?\.[a-z0-9]+$/.exec(path);
  return match?.[1];
}

/** Package of a path in pacman's local database (`/var/lib/pacman/local/zlib-1:1.3-1/desc` -> `zlib`). */
export function packageOfPacmanPath(path: string): string | undefined {
  return /^\/var\/lib\/pacman\/local\/([^/]+)-[^-/]+-[^-/]+(?:\/(?:desc|files|mtree|install|changelog))?$/.exec(
    path,
  )?.[1];
}
