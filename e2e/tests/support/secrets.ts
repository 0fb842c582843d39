// What must never leave the key worker, computed here from the shown phrase; and the forms in which it could.
import { createHash, createHmac, createPrivateKey, createPublicKey, pbkdf2Sync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

/** Phrases of people who are paid in tests. */
export const PHRASES = {
  anna: 'legal winner thank year wave sausage worth useful legal winner thank yellow',
  bert: 'letter advice cage absurd amount doctor acoustic avoid letter advice cage above',
};

export const WORDS = readFileSync(resolve(import.meta.dirname, '../../../shared/src/phrase/english.txt'), 'utf8')
  .trim()
  .split('\n');

/** The secrets of a wallet by their names. */
export interface Secrets {
  words: string[];
  texts: Record<string, string>;
  bytes: Record<string, Buffer>;
  publicKey: Buffer;
}

/** Computes them: BIP-39, SLIP-0010 at m/44'/7331'/0'. */
export function secretsOf(phrase: string, password: string): Secrets {
  const words = phrase.split(' ');
  const seed = pbkdf2Sync(phrase.normalize('NFKD'), 'mnemonic', 2048, 64, 'sha512');
  let node = hmac(Buffer.from('ed25519 seed'), seed);
  const master = node;
  for (const step of [44, 7331, 0]) {
    const number = Buffer.alloc(4);
    number.writeUInt32BE(step + 0x80000000);
    node = hmac(node.subarray(32), Buffer.concat([Buffer.from([0]), node.subarray(0, 32), number]));
  }
  const key = node.subarray(0, 32);
  return {
    words,
    texts: { phrase, password },
    bytes: {
      entropy: entropyOf(words),
      seed,
      'master key': master.subarray(0, 32),
      'private key': key,
      'expanded private key': createHash('sha512').update(key).digest().subarray(0, 32),
    },
    publicKey: publicKeyOf(key),
  };
}

function hmac(key: Buffer, data: Buffer): Buffer {
  return createHmac('sha512', key).update(data).digest();
}

function entropyOf(words: string[]): Buffer {
  const bits = words.map((word) => WORDS.indexOf(word).toString(2).padStart(11, '0')).join('');
  const length = (words.length * 32) / 3;
  return Buffer.from(bits.slice(0, length).match(/.{8}/g)!.map((byte) => parseInt(byte, 2)));
}

function publicKeyOf(key: Buffer): Buffer {
  const pkcs8 = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), key]);
  const secret = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' });
  return createPublicKey(secret).export({ format: 'der', type: 'spki' }).subarray(-32);
}

/** Every form in which a secret could leak, each with its name. */
export function needlesOf(secrets: Secrets): [string, Buffer][] {
  const needles: [string, Buffer][] = [];
  const add = (name: string, needle: Buffer | string) => needles.push([name, Buffer.from(needle)]);
  const texts = { ...secrets.texts, 'joined words': secrets.words.join('') };
  for (const [name, text] of Object.entries(texts)) {
    add(name, text);
    add(`${name}, UTF-16`, Buffer.from(text, 'utf16le'));
    add(`${name}, UTF-16 in network order`, Buffer.from(text, 'utf16le').swap16());
    add(`${name}, in an address`, encodeURIComponent(text));
    add(`${name}, in a form`, text.replaceAll(' ', '+'));
    addEncoded(add, name, Buffer.from(text));
  }
  for (const [name, secret] of Object.entries(secrets.bytes)) {
    add(name, secret);
    add(`${name}, reversed`, Buffer.from(secret).reverse());
    add(`${name}, as numbers`, secret.join(','));
    addEncoded(add, name, secret);
  }
  return needles;
}

function addEncoded(add: (name: string, needle: string) => void, name: string, secret: Buffer): void {
  add(`${name}, hex`, secret.toString('hex'));
  add(`${name}, HEX`, secret.toString('hex').toUpperCase());
  // Within other bytes, base64 begins at any of three offsets; the letters at the edges depend on the neighbours.
  for (const offset of [0, 1, 2]) {
    const padded = Buffer.concat([Buffer.alloc(offset), secret]).toString('base64').replace(/=+$/, '');
    const core = padded.slice(Math.ceil((offset * 8) / 6), -1);
    add(`${name}, base64`, core);
    add(`${name}, base64url`, core.replaceAll('+', '-').replaceAll('/', '_'));
  }
}
