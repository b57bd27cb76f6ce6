const text = (value: string) => Buffer.from(value, "utf8");
const escape = /%([0-9a-f]{2})/gi;

/** Concatenates the parts of a message. Parts that a message does not have are empty. */
export function stringToSign(
  method: string,
  timestamp: string,
  path: string,
  signedQuery: Uint8Array,
  body: Uint8Array,
): Uint8Array {
  return Buffer.concat([text(method.toUpperCase() + timestamp + path), signedQuery, body]);
}

/** Returns the query as the documented rule signs it: each escape is decoded once, and the rest is unchanged. */
export function decoded(query: string): Uint8Array {
  // In Latin-1, each character is one byte.
  const bytes = text(query).toString("latin1");
  return Buffer.from(bytes.replace(escape, (_, hex: string) => String.fromCharCode(parseInt(hex, 16))), "latin1");
}

/** Returns the query in one of the forms of spec/vectors/README.md. */
export function signedQuery(query: string, form: string): Uint8Array {
  switch (query && form) {
    case "":
      return new Uint8Array();
    case "decoded":
      return decoded(query);
    case "decoded-with-mark":
      return Buffer.concat([text("?"), decoded(query)]);
    case "encoded-sorted":
      return text(encodedSorted(query));
    default:
      throw new Error(`unknown form ${form}`);
  }
}

function encodedSorted(query: string): string {
  const pairs = query
    .replaceAll("+", " ")
    .split("&")
    .filter((pair) => pair !== "")
    .map((pair) => {
      const mark = pair.indexOf("=");
      const parts = mark < 0 ? [pair, ""] : [pair.slice(0, mark), pair.slice(mark + 1)];
      return parts.map((part) => Buffer.from(decoded(part))) as [Buffer, Buffer];
    });
  pairs.sort(([a], [b]) => Buffer.compare(a, b)); // stable
  return pairs.map((pair) => pair.map(encoded).join("=")).join("&");
}

function encoded(bytes: Buffer): string {
  return bytes
    .toString("latin1")
    .replace(/[^A-Za-z0-9._~ -]/g, (byte) => `%${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`)
    .replaceAll(" ", "+");
}
