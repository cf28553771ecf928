import { UserError } from '../../core/errors.ts';
import type { TreeEntry } from '../../core/ports.ts';

/** What the names of one file share: its bytes. Hard links of a file hold the same object. */
export interface FileContent {
  sha256: string;
  size: number;
  /** The bytes, when they were kept. */
  bytes?: Buffer;
  /** Layer, and number of the entry in it, to find the bytes again. */
  layer: number;
  entry: number;
  /** Names that were ever given to it: whoever runs on layers still counts those that a later layer took away (overlayfs). */
  names: number;
}

/** Facts of one name, as a layer gives them. */
export interface Facts extends Pick<TreeEntry, 'type' | 'mode' | 'uid' | 'gid' | 'capabilities' | 'link' | 'mtime'> {
  content?: FileContent;
}

/** A name in the tree. Directories, and only they, have children. */
export interface Node {
  facts: Facts;
  /** Number of the layer that wrote it last: whiteouts hide only what lower layers wrote. */
  layer: number;
  children?: Map<string, Node>;
  /** Layer whose whiteout has emptied it already: done twice it would cost the square. */
  emptied?: number;
}

/** As many entries as an image may have; a Debian has 10 thousand, the largest known image under a million. */
export const MAX_ENTRIES = 5_000_000;
/** PATH_MAX of Linux without its NUL. */
const MAX_PATH = 4095;
/** As many symbolic links as Linux follows in one path. */
const MAX_LINKS = 40;

/** The file tree of an image while its layers are applied, one after the other. */
export class Tree {
  readonly root: Node = { facts: impliedFacts(), layer: -1, children: new Map() };
  readonly #what: string;
  readonly #limit: number;
  #count = 0;

  constructor(what: string, limit = MAX_ENTRIES) {
    this.#what = what;
    this.#limit = limit;
  }

  /** To be called for each entry of a layer. @throws UserError when there are too many. */
  count(): void {
    if (++this.#count > this.#limit) {
      throw new UserError(`${this.#what} has more than ${this.#limit} entries, more than an image may have`);
    }
  }

  /** Puts a name there. A directory over a directory keeps what is below; everything else replaces all. */
  put(parts: string[], facts: Facts, layer: number): void {
    const name = parts.at(-1);
    if (name === undefined) {
      this.root.facts = facts;
      this.root.layer = layer;
      return;
    }
    const children = this.#parent(parts, layer);
    const old = children.get(name);
    if (facts.type === 'd') {
      if (old?.children) Object.assign(old, { facts, layer });
      else children.set(name, { facts, layer, children: new Map() });
    } else children.set(name, { facts, layer });
  }

  /** The node with this path, following symbolic links in all but the last part. */
  find(parts: string[]): Node | undefined {
    return this.#at([...this.#resolve(parts.slice(0, -1), () => true), ...parts.slice(-1)]);
  }

  /** A whiteout: hides what lower layers have under this name. */
  hide(parts: string[], layer: number): void {
    const name = parts.at(-1);
    const siblings = this.#at(parts.slice(0, -1))?.children;
    const node = name === undefined ? undefined : siblings?.get(name);
    if (node && !keep(node, layer)) siblings?.delete(name as string);
  }

  /** An opaque whiteout: hides what lower layers have in this directory. */
  empty(parts: string[], layer: number): void {
    const node = this.#at(parts);
    if (node) dropLower(node, layer);
  }

  #at(parts: string[]): Node | undefined {
    let node: Node | undefined = this.root;
    for (const part of parts) node = node?.children?.get(part);
    return node;
  }

  /** Children of the parent of a path; parents that no layer wrote are implied. */
  #parent(parts: string[], layer: number): Map<string, Node> {
    let children = this.root.children as Map<string, Node>;
    // Following a link of a lower layer too would be what `tar x` does, but overlayfs does not: there a directory of
    // the upper layer replaces a link of the lower one, and overlayfs is what images run on.
    for (const part of this.#resolve(parts.slice(0, -1), (node) => node.layer === layer)) {
      let node = children.get(part);
      if (!node?.children) {
        this.count();
        node = { facts: impliedFacts(), layer, children: new Map() };
        children.set(part, node);
      }
      children = node.children as Map<string, Node>;
    }
    return children;
  }

  /** The path with those symbolic links replaced that `follow` agrees to. */
  #resolve(parts: string[], follow: (node: Node) => boolean): string[] {
    let done: string[] = [];
    const nodes: (Node | undefined)[] = [this.root];
    const left = parts.toReversed();
    for (let links = 0; left.length > 0; ) {
      const part = left.pop() as string;
      const node = nodes.at(-1)?.children?.get(part);
      if (node?.facts.type === 'l' && follow(node)) {
        if (++links > MAX_LINKS) throw new UserError(`${this.#what}: a loop of symbolic links at /${parts.join('/')}`);
        if (node.facts.link.startsWith('/')) {
          done = [];
          nodes.length = 1;
        }
        left.push(...node.facts.link.split('/').reverse());
      } else if (part === '..') {
        done.pop();
        if (nodes.length > 1) nodes.pop();
      } else if (part !== '' && part !== '.') {
        done.push(part);
        nodes.push(node);
      }
    }
    if (done.join('/').length >= MAX_PATH) throw new UserError(`${this.#what}: a path of more than ${MAX_PATH} bytes`);
    return done;
  }
}

/** Facts of a directory that is only implied by what it holds, as every tool that unpacks layers makes it. */
function impliedFacts(): Facts {
  return { type: 'd', mode: 0o755, uid: 0, gid: 0, capabilities: '', link: '', mtime: 0 };
}

/**
 * Drops what lower layers wrote at and below a node; says whether anything of this layer is left there. A directory that
 * is left only for what this layer put below it is a new one, so that it makes no difference which of the two came first.
 */
function keep(node: Node, layer: number): boolean {
  if (node.children) dropLower(node, layer);
  if (node.layer === layer) return true;
  if (!node.children || node.children.size === 0) return false;
  node.facts = impliedFacts();
  node.layer = layer;
  return true;
}

function dropLower(directory: Node, layer: number): void {
  if (directory.emptied === layer) return;
  directory.emptied = layer;
  for (const [name, child] of directory.children ?? []) {
    if (!keep(child, layer)) directory.children?.delete(name);
  }
}
