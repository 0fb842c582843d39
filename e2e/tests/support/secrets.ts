// What must never leave the key worker, computed here from the shown phrase; and the search for it in any bytes.
import { createHash, createHmac, createPrivateKey, createPublicKey, pbkdf2Sync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

const WORDS = readFileSync(resolve(import.meta.dirname, '../../../shared/src/phrase/english.txt'), 'utf8')
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

/** The names of all secrets that occur in some bytes, in any of the forms in which they could leak. */
export function findSecrets(secrets: Secrets, haystack: Buffer | string): string[] {
  const bytes = typeof haystack === 'string' ? Buffer.from(haystack) : haystack;
  const found: string[] = [];
  const look = (name: string, needle: Buffer) => {
    if (bytes.includes(needle)) found.push(name);
  };
  for (const [name, text] of Object.entries(secrets.texts)) {
    look(name, Buffer.from(text));
    look(`${name}, UTF-16`, Buffer.from(text, 'utf16le'));
    look(`${name}, in an address`, Buffer.from(encodeURIComponent(text)));
    look(`${name}, in a form`, Buffer.from(text.replaceAll(' ', '+')));
    lookEncoded(look, name, Buffer.from(text));
  }
  for (const [name, secret] of Object.entries(secrets.bytes)) {
    look(name, secret);
    look(`${name}, reversed`, Buffer.from(secret).reverse());
    look(`${name}, as numbers`, Buffer.from(secret.join(',')));
    lookEncoded(look, name, secret);
  }
  if (hasWordsInSequence(secrets.words, bytes)) found.push('words in sequence');
  return found;
}

function lookEncoded(look: (name: string, needle: Buffer) => void, name: string, secret: Buffer): void {
  look(`${name}, hex`, Buffer.from(secret.toString('hex')));
  look(`${name}, HEX`, Buffer.from(secret.toString('hex').toUpperCase()));
  // Within other bytes, base64 begins at any of three offsets; the letters at the edges depend on the neighbours.
  for (const offset of [0, 1, 2]) {
    const padded = Buffer.concat([Buffer.alloc(offset), secret]).toString('base64').replace(/=+$/, '');
    const core = padded.slice(Math.ceil((offset * 8) / 6), -1);
    look(`${name}, base64`, Buffer.from(core));
    look(`${name}, base64url`, Buffer.from(core.replaceAll('+', '-').replaceAll('/', '_')));
  }
}

/** Four words of the phrase in their order, whatever small signs stand between them. */
function hasWordsInSequence(words: string[], bytes: Buffer): boolean {
  // UTF-16 has a zero after each letter.
  const text = bytes.toString('latin1').replaceAll('\0', '').toLowerCase();
  return words.slice(0, -3).some((_, at) => {
    const run = words.slice(at, at + 4);
    return text.includes(run[0]) && new RegExp(run.join('[^a-z]{1,16}')).test(text);
  });
}
