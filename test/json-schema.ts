// The part of JSON Schema (draft 2020-12) that the schemas of this package use; a word of it that is not understood is an error, so
// that no schema says what nobody looks at.

/** What of `value` does not meet `schema`: a path and a reason each; nothing where all does. */
export function schemaErrors(schema: unknown, value: unknown, path = "$"): string[] {
  if (typeof schema !== "object" || schema === null) throw new TypeError(`${path}: a schema is a mapping`);
  return Object.entries(schema).flatMap(([word, said]) => {
    const check = WORDS[word];
    if (check === undefined) throw new TypeError(`${path}: "${word}" is not understood`);
    return check(said, value, path, { ...schema });
  });
}

type Check = (
  said: unknown,
  value: unknown,
  path: string,
  schema: Readonly<Record<string, unknown>>,
) => string[];

const nothing: Check = () => [];

const WORDS: Readonly<Record<string, Check>> = {
  $schema: nothing,
  title: nothing,
  description: nothing,
  examples: nothing,
  type: (said, value, path) => (isOfType(value, said) ? [] : [`${path} is no ${String(said)}`]),
  const: (said, value, path) => (value === said ? [] : [`${path} is not ${JSON.stringify(said)}`]),
  enum: (said, value, path) =>
    listOf(said).includes(value) ? [] : [`${path} is none of ${JSON.stringify(said)}`],
  minimum: (said, value, path) =>
    Number(value) >= Number(said) ? [] : [`${path} is less than ${String(said)}`],
  required: (said, value, path) =>
    listOf(said).flatMap((key) => (String(key) in fieldsOf(value) ? [] : [`${path} has no ${String(key)}`])),
  properties: (said, value, path) => {
    const [schemas, fields] = [fieldsOf(said), fieldsOf(value)];
    return Object.entries(schemas).flatMap(([key, schema]) =>
      key in fields ? schemaErrors(schema, fields[key], `${path}.${key}`) : [],
    );
  },
  additionalProperties: (said, value, path, { properties }) => {
    const known = fieldsOf(properties);
    return Object.entries(fieldsOf(value)).flatMap(([key, field]) => {
      if (key in known) return [];
      return said === false ? [`${path}.${key} is unknown`] : schemaErrors(said, field, `${path}.${key}`);
    });
  },
  maximum: (said, value, path) =>
    Number(value) <= Number(said) ? [] : [`${path} is more than ${String(said)}`],
  minItems: (said, value, path) =>
    !Array.isArray(value) || value.length >= Number(said) ? [] : [`${path} has too few`],
  maxItems: (said, value, path) =>
    !Array.isArray(value) || value.length <= Number(said) ? [] : [`${path} has too many`],
  items: (said, value, path) =>
    Array.isArray(value) ? value.flatMap((each, index) => schemaErrors(said, each, `${path}[${index}]`)) : [],
  anyOf: (said, value, path) => {
    const tries = listOf(said).map((schema) => schemaErrors(schema, value, path));
    return tries.some(({ length }) => length === 0) ? [] : [tries.flat().join(", ")];
  },
  oneOf: (said, value, path) => {
    const tries = listOf(said).map((schema) => schemaErrors(schema, value, path));
    const met = tries.filter(({ length }) => length === 0).length;
    return met === 1 ? [] : [`${path} meets ${met} of its forms: ${tries.flat().join(", ")}`];
  },
};

function isOfType(value: unknown, type: unknown): boolean {
  if (type === "integer") return Number.isInteger(value);
  if (type === "null") return value === null;
  if (type === "array") return Array.isArray(value);
  if (type === "object") return typeof value === "object" && value !== null && !Array.isArray(value);
  return typeof value === type;
}

function listOf(value: unknown): unknown[] {
  if (!Array.isArray(value)) throw new TypeError("A list is expected");
  return value;
}

function fieldsOf(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : {};
}
