// Numbers as they are typed. iproute2 reads them with strtoul(3) and strtol(3): white space and a sign may come first, 0x and
// 0 choose the base when it is 0, and nothing may follow.

const FORM = /^[ \t\n\v\f\r]*([+-]?)(0[xX][0-9a-fA-F]+|[0-9a-zA-Z]+)$/;

/** Reads an integer of any size; undefined when it is none. `base` 0 takes C's prefixes; a minus sign is kept. */
function integer(text: string, base: 0 | 10 | 16): bigint | undefined {
  const form = FORM.exec(text);
  if (form === null) return undefined;
  const magnitude = digits(form[2] ?? "", base);
  return magnitude !== undefined && form[1] === "-" ? -magnitude : magnitude;
}

function digits(text: string, base: 0 | 10 | 16): bigint | undefined {
  if (/^0[xX][0-9a-fA-F]+$/.test(text)) return base === 10 ? undefined : BigInt(text.toLowerCase());
  if (base === 16) return /^[0-9a-fA-F]+$/.test(text) ? BigInt(`0x${text}`) : undefined;
  if (base === 0 && /^0[0-7]+$/.test(text)) return BigInt(`0o${text.slice(1)}`);
  if (base === 0 && /^0./.test(text)) return undefined;
  return /^[0-9]+$/.test(text) ? BigInt(text) : undefined;
}

/** Reads an unsigned number of `bits` bits (get_u8, get_u16, get_u32, get_unsigned); undefined when it is none or too large. */
export function unsigned(text: string, bits = 32, base: 0 | 10 | 16 = 0): number | undefined {
  const value = integer(text, base);
  return value === undefined || value < 0n || value >> BigInt(bits) !== 0n ? undefined : Number(value);
}

/** Reads a signed 32-bit number (get_integer, get_s32); undefined when it is none or does not fit. */
export function signed(text: string, base: 0 | 10 | 16 = 0): number | undefined {
  const value = integer(text, base);
  return value === undefined || BigInt.asIntN(32, value) !== value ? undefined : Number(value);
}

/** A number as printf's %g has it: six digits, no zeros at the end, an exponent of two digits from a million on. */
export function sixDigits(value: number): string {
  const [digits = "", exponent] = value.toPrecision(6).split("e+");
  const short = digits.includes(".") ? digits.replace(/\.?0+$/, "") : digits;
  return exponent === undefined ? short : `${short}e+${exponent.padStart(2, "0")}`;
}
