import type { FindingKind, Severity } from '../core/finding.ts';

/** A file as the formats see it. Strings are raw latin1 bytes. */
export interface SeenFile {
  path: string;
  /** `f` file, `l` link, and what else `find -printf %y` says. */
  type: string;
  /** Target of a link; empty otherwise. */
  link: string;
  /** Owner, decimal. */
  uid: string;
  /** Hex; `-` or `?` where there is none. */
  sha256: string;
  /** undefined = not a text, too long, secret, or not brought by the contents probe. */
  text?: string;
  /** The account in whose home it lies, when the path begins with `~`; empty otherwise. */
  account: string;
  /** Name of the account that has this user id. */
  nameOf(uid: string): string | undefined;
  /** Text of another file of the same side, links followed: for links that stand for what they point to. */
  textAt(path: string): string | undefined;
}

/** One typed fact that a file of configuration states. */
export interface StateFact {
  kind: FindingKind;
  /** What it is about, unique within its file: `sysctl kernel.kptr_restrict`. Raw latin1. */
  subject: string;
  /** What is said of it; empty where the subject says all. A list where the order counts. */
  value: string | readonly string[];
  /** Why a difference matters, half a sentence. */
  reason: string;
  /** Weighs more than the path does. */
  severity?: Severity;
  /** Of a file that came or went as a whole, it makes no finding beside other facts. */
  minor?: boolean;
  /** The blob of a public key in base64: keys given at launch are expected. */
  publicKey?: string;
}

/** A fact and where it is stated. */
export interface StatedFact extends StateFact {
  /** Canonical path. */
  path: string;
  /** Name of the format that read it. */
  format: string;
}

/** What else a format may ask of an instance to tell which of its files count. Paths are raw. */
export interface Reading {
  /** Is there an entry of any type? */
  has(path: string): boolean;
  /** Text of a regular file, as far as it is known. */
  textOf(path: string): string | undefined;
}

/** A kind of file of configuration, and what it states. */
export interface Format {
  name: string;
  /** For the documentation: the facts that come out of it. */
  about: string;
  /**
   * Globs: `*` any name, `**` anything, `{a,b}` one of; `~/` the home of any account. The documentation shows them and
   * the files are chosen by them.
   */
  paths: readonly string[];
  /** A line that means nothing, where nothing but lines of this form and empty ones are without meaning. */
  comment?: RegExp;
  /** Pure; never throws; what it does not understand it leaves out. */
  facts(file: SeenFile): StateFact[];
  /** Of all facts that the files of this format state, those that are in force. Without it all are. Pure. */
  inForce?(facts: readonly StatedFact[], reading: Reading): StatedFact[];
}

/** Most facts that are taken from one file: more than that no person wrote. */
export const maxFacts = 2000;
