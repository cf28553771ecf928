import { UserError } from '../../core/errors.ts';
import type { Wanted } from '../../core/ports.ts';
import { ContentHash } from './content.ts';
import { partsOf, quote } from './path.ts';
import type { ContentSink, TarEntry } from './tar-reader.ts';
import type { Facts, FileContent, Tree } from './tree.ts';

/** File types by tar flag, as `find -printf %y` says them. */
const types: Record<string, Facts['type']> = { '0': 'f', '7': 'f', '2': 'l', '3': 'c', '4': 'b', '5': 'd', '6': 'p' };

/**
 * Applies the entries of one layer to the tree, in order. Whiteouts (`.wh.NAME`, `.wh..wh..opq`) are those of the OCI
 * image specification, "Representing Changes"; other `.wh..wh.` names are bookkeeping of aufs and skipped.
 */
export class LayerApplier {
  readonly #tree: Tree;
  readonly #layer: number;
  readonly #what: string;
  readonly #wanted: Wanted;
  readonly #whiteouts: boolean;
  #entry = -1;

  /** `whiteouts` false: the tar of a root directory, where `.wh.NAME` is a name like any other. */
  constructor(tree: Tree, layer: number, what: string, wanted: Wanted, whiteouts = true) {
    this.#tree = tree;
    this.#layer = layer;
    this.#what = what;
    this.#wanted = wanted;
    this.#whiteouts = whiteouts;
  }

  /** Takes one entry and gives the sink of its content. @throws UserError for what no image may hold. */
  take(entry: TarEntry): ContentSink | undefined {
    this.#entry++;
    this.#tree.count();
    const parts = partsOf(entry.name, this.#what);
    const name = parts.at(-1) ?? '';
    if (this.#whiteouts && name.startsWith('.wh.')) {
      this.#whiteout(parts, name);
      return undefined;
    }
    if (entry.flag === '1') {
      this.#link(parts, entry);
      return undefined;
    }
    const facts = this.#facts(entry);
    if (parts.length === 0 && facts.type !== 'd') throw new UserError(`${this.#what}: the root is not a directory`);
    if (facts.type !== 'f') {
      this.#tree.put(parts, facts, this.#layer);
      return undefined;
    }
    const content: FileContent = { sha256: '', size: entry.size, layer: this.#layer, entry: this.#entry, names: 1 };
    this.#tree.put(parts, { ...facts, content }, this.#layer);
    return new ContentHash(content, this.#wanted(`/${parts.join('/')}`, entry.size, facts.mode));
  }

  #whiteout(parts: string[], name: string): void {
    const directory = parts.slice(0, -1);
    if (name === '.wh..wh..opq') this.#tree.empty(directory, this.#layer);
    else if (!name.startsWith('.wh..wh.')) {
      const hidden = name.slice('.wh.'.length);
      if (hidden === '' || hidden === '.' || hidden === '..') {
        throw new UserError(`${this.#what}: the whiteout ${quote(parts.join('/'))} names nothing`);
      }
      this.#tree.hide([...directory, hidden], this.#layer);
    }
  }

  /** A hard link is the file it names, of this layer or a lower one: everything is taken from there. */
  #link(parts: string[], entry: TarEntry): void {
    const target = this.#tree.find(partsOf(entry.linkname, this.#what));
    if (!target || target.children || parts.length === 0) {
      const why = target ? 'a directory' : 'not there';
      throw new UserError(
        `${this.#what}: ${quote(entry.name)} is a hard link to ${quote(entry.linkname)}, which is ${why}`,
      );
    }
    if (target.facts.content) target.facts.content.names++;
    this.#tree.put(parts, target.facts, this.#layer);
  }

  #facts(entry: TarEntry): Facts {
    const type = types[entry.flag];
    if (!type) {
      if (entry.flag === 'S') {
        throw new UserError(`${this.#what}: ${quote(entry.name)} is stored sparse`, 'pack the layer without --sparse');
      }
      throw new UserError(`${this.#what}: ${quote(entry.name)} has the unknown tar type ${quote(entry.flag)}`);
    }
    if (entry.linkname.includes('\0')) throw new UserError(`${this.#what}: a link target has a NUL in it`);
    return {
      type,
      // Linux shows every symbolic link as 0777, whatever the archive says.
      mode: type === 'l' ? 0o777 : entry.mode & 0o7777,
      uid: entry.uid,
      gid: entry.gid,
      capabilities: Buffer.from(entry.capability, 'latin1').toString('hex'),
      link: type === 'l' ? entry.linkname : '',
      mtime: entry.mtime,
    };
  }
}
