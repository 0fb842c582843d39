// Looks for thousands of secrets at once: two passes over the bytes, however many secrets there are.
import { needlesOf, WORDS, type Secrets } from './secrets.ts';

/** A secret that occurs: whose, and in which form. */
export interface Found {
  owner: string;
  name: string;
}

/** So many bytes at its beginning tell a needle from most others. Every needle has at least these. */
const HEAD = 8;
const FILTER_BITS = 24;

/** How many words of a phrase, one after another, give it away; and how many other signs may stand between two. */
const RUN = 4;
const GAP = 16;

const PLACES = new Map(WORDS.map((word, place) => [word, place]));
const LONGEST_WORD = Math.max(...WORDS.map((word) => word.length));

/** The secrets of any number of wallets. */
export class Search {
  private readonly needles = new Map<string, [Found, Buffer][]>();
  private readonly runs = new Map<string, Found>();
  /** A bit for each hash of four bytes with which a needle begins. */
  private readonly filter = new Uint8Array(2 ** (FILTER_BITS - 3));

  /** Looks for this wallet's secrets from now on. */
  add(owner: string, secrets: Secrets): void {
    for (const [name, needle] of needlesOf(secrets)) {
      if (needle.length < HEAD) throw new Error(`${name} has ${needle.length} bytes: too few to look for`);
      const head = needle.toString('latin1', 0, HEAD);
      const same = this.needles.get(head) ?? [];
      same.push([{ owner, name }, needle]);
      this.needles.set(head, same);
      const hash = hashOf(needle.readUInt32LE());
      this.filter[hash >>> 3]! |= 1 << (hash & 7);
    }
    const places = secrets.words.map((word) => PLACES.get(word));
    const found = { owner, name: 'words in sequence' };
    for (let at = 0; at + RUN <= places.length; at++) {
      this.runs.set(places.slice(at, at + RUN).join(), found);
    }
  }

  /** Every secret that occurs, once. */
  find(haystack: Buffer | string): Found[] {
    const bytes = typeof haystack === 'string' ? Buffer.from(haystack) : haystack;
    return [...new Set([...this.findNeedles(bytes), ...this.findRuns(bytes)])];
  }

  private *findNeedles(bytes: Buffer): Generator<Found> {
    let four = 0;
    for (let at = 0; at < bytes.length; at++) {
      four = (four >>> 8) | (bytes[at]! << 24);
      const hash = hashOf(four);
      if (!((this.filter[hash >>> 3]! >> (hash & 7)) & 1) || at < 3) continue;
      const begin = at - 3;
      for (const [found, needle] of this.needles.get(bytes.toString('latin1', begin, begin + HEAD)) ?? []) {
        if (bytes.subarray(begin, begin + needle.length).equals(needle)) yield found;
      }
    }
  }

  /** Words of the list in the order of a phrase. A zero is passed over, as UTF-16 has one after each letter. */
  private *findRuns(bytes: Buffer): Generator<Found> {
    let run: number[] = [];
    let [letters, length, gap] = ['', 0, 0];
    for (let at = 0; at <= bytes.length; at++) {
      const byte = at < bytes.length ? bytes[at]! : 1;
      if (byte === 0) continue;
      const letter = byte | 0x20;
      if (letter >= 0x61 && letter <= 0x7a) {
        if (gap > GAP) run = [];
        gap = 0;
        if (++length <= LONGEST_WORD) letters += String.fromCharCode(letter);
        continue;
      }
      gap++;
      if (length === 0) continue;
      const place = length <= LONGEST_WORD ? PLACES.get(letters) : undefined;
      [letters, length] = ['', 0];
      if (place === undefined) {
        run = [];
        continue;
      }
      run.push(place);
      const found = run.length >= RUN && this.runs.get(run.slice(-RUN).join());
      if (found) yield found;
    }
  }
}

/** The names of all secrets that occur in some bytes, in any of the forms in which they could leak. */
export function findSecrets(secrets: Secrets, haystack: Buffer | string): string[] {
  const search = new Search();
  search.add('', secrets);
  return search.find(haystack).map((found) => found.name);
}

function hashOf(four: number): number {
  return Math.imul(four, 0x9e3779b1) >>> (32 - FILTER_BITS);
}
