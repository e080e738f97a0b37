// UTF-8, written by hand because the core has no TextEncoder (RFC 3629). What cannot be represented becomes
// U+FFFD, as in the WHATWG decoder: one for each longest prefix of a sequence that is well-formed so far, one
// for a lone surrogate.

const REPLACEMENT = 0xfffd;

/** Counts the bytes that `text` takes in UTF-8, without a trailing NUL. */
export function utf8Length(text: string): number {
  let length = 0;
  for (let i = 0; i < text.length; i++) {
    const point = codePointAt(text, i);
    length += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    if (point > 0xffff) i++;
  }
  return length;
}

/** Encodes `text` into bytes of its own. */
export function encodeUtf8(text: string): Uint8Array {
  const bytes = new Uint8Array(utf8Length(text));
  encodeUtf8Into(text, bytes, 0);
  return bytes;
}

/**
 * Encodes `text` into `bytes` from `offset` on, writes no NUL, and returns the offset behind its last byte.
 */
export function encodeUtf8Into(text: string, bytes: Uint8Array, offset: number): number {
  let at = offset;
  for (let i = 0; i < text.length; i++) {
    const point = codePointAt(text, i);
    if (point < 0x80) {
      bytes[at++] = point;
      continue;
    }
    if (point < 0x800) {
      bytes[at++] = 0xc0 | (point >> 6);
    } else {
      if (point < 0x10000) {
        bytes[at++] = 0xe0 | (point >> 12);
      } else {
        bytes[at++] = 0xf0 | (point >> 18);
        bytes[at++] = 0x80 | ((point >> 12) & 0x3f);
        i++;
      }
      bytes[at++] = 0x80 | ((point >> 6) & 0x3f);
    }
    bytes[at++] = 0x80 | (point & 0x3f);
  }
  return at;
}

/** Decodes the bytes from `start` to `end` (exclusive); a byte order mark and NULs are kept as characters. */
export function decodeUtf8(bytes: Uint8Array, start = 0, end = bytes.length): string {
  let text = "";
  let at = start;
  while (at < end) {
    const lead = bytes[at++] ?? 0;
    if (lead < 0x80) {
      text += String.fromCharCode(lead);
      continue;
    }
    let missing = continuationBytes(lead);
    let point = missing === 0 ? REPLACEMENT : lead & (0x3f >> missing);
    // Only the second byte of a sequence has a range of its own: it keeps out overlong forms, surrogates and
    // > U+10FFFF.
    let lowest = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
    let highest = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
    for (; missing > 0; missing--) {
      const next = at < end ? (bytes[at] ?? 0) : 0;
      if (next < lowest || next > highest) {
        point = REPLACEMENT;
        break;
      }
      point = (point << 6) | (next & 0x3f);
      lowest = 0x80;
      highest = 0xbf;
      at++;
    }
    text += String.fromCodePoint(point);
  }
  return text;
}

/** How many bytes follow a lead byte; 0 for one that cannot lead. */
function continuationBytes(lead: number): number {
  if (lead >= 0xc2 && lead <= 0xdf) return 1;
  if (lead >= 0xe0 && lead <= 0xef) return 2;
  if (lead >= 0xf0 && lead <= 0xf4) return 3;
  return 0;
}

function codePointAt(text: string, index: number): number {
  const point = text.codePointAt(index) ?? 0;
  return point >= 0xd800 && point <= 0xdfff ? REPLACEMENT : point;
}
