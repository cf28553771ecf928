/** Why an address may not be asked; undefined for https, for this machine itself, and where plain http is wanted. Pure. */
export function unsafe(url: string, insecure: boolean): string | undefined {
  if (!URL.canParse(url)) return 'its url is none';
  const { protocol, hostname, username, password } = new URL(url);
  if (username !== '' || password !== '') return 'its url holds a user or password: those come by reference';
  if (protocol === 'https:') return undefined;
  if (protocol !== 'http:') return `its url is neither https nor http, but ${protocol}`;
  if (insecure || /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname)) return undefined;
  return 'its url is http, which anybody on the way can read and change: take https, or set insecure: true';
}

/** An address may hold a token: only its origin is told. */
export function originOf(url: string): string {
  return URL.canParse(url) ? new URL(url).origin : 'the address';
}

/** Printable ASCII of a text from outside, in one line. */
export function plain(text: string, most: number): string {
  return text
    .slice(0, most)
    .replace(/[^\x20-\x7e]+/g, ' ')
    .trim();
}
