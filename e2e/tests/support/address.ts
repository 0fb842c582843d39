// Addresses, written here once more so that the page's own code is checked by another.

const LETTERS = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l';

/** The address of a public key: its 32 bytes as Bech32m (BIP-350). */
export function addressOf(prefix: string, publicKey: Buffer): string {
  const bits = [...publicKey].map((byte) => byte.toString(2).padStart(8, '0')).join('') + '0000';
  const values = bits.match(/.{5}/g)!.map((five) => parseInt(five, 2));
  const letters = [...prefix].map((letter) => letter.charCodeAt(0));
  const expanded = [...letters.map((letter) => letter >> 5), 0, ...letters.map((letter) => letter & 31)];
  const sum = polymod([...expanded, ...values, 0, 0, 0, 0, 0, 0]) ^ 0x2bc830a3;
  const checksum = [0, 1, 2, 3, 4, 5].map((at) => (sum >>> (5 * (5 - at))) & 31);
  return `${prefix}1${[...values, ...checksum].map((value) => LETTERS[value]).join('')}`;
}

/** The public key of an address. Its checksum is not looked at. */
export function publicKeyOf(address: string): Buffer {
  const values = [...address.slice(address.lastIndexOf('1') + 1, -6)].map((letter) => LETTERS.indexOf(letter));
  const bits = values.map((value) => value.toString(2).padStart(5, '0')).join('');
  return Buffer.from(bits.slice(0, 256).match(/.{8}/g)!.map((byte) => parseInt(byte, 2)));
}

function polymod(values: number[]): number {
  const generator = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3];
  return values.reduce((sum, value) => {
    const top = sum >>> 25;
    const next = (((sum & 0x1ffffff) << 5) ^ value) >>> 0;
    return generator.reduce((mixed, number, at) => ((top >> at) & 1 ? (mixed ^ number) >>> 0 : mixed), next);
  }, 1);
}
