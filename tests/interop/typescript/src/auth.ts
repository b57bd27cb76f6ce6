import { createHmac } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { lock } from "proper-lockfile";
import { decoded, stringToSign } from "./message.js";
import { isTokenRejected, type Fetch } from "./outcome.js";

/** An access token with its refresh token, which is empty if there is none. */
export type Token = { access_token: string; refresh_token: string };

/** Returns the value of the header SIGNATURE. */
export const sign = (key: string, message: Uint8Array) => createHmac("sha512", key).update(message).digest("base64");

/** Returns the token that processes share through a file, or a new one if `rejected` is the current token. */
export type Tokens = (rejected?: string) => Promise<string>;

/** `request` gets a token from the gateway: by refresh token or, if there is none or it is rejected, by credentials. */
export function tokens(file: string, request: (refreshToken?: string) => Promise<Token>): Tokens {
  let cached: string | undefined;
  return async (rejected) => {
    if (cached && cached !== rejected) return cached;
    const release = await lock(file, { realpath: false, retries: { retries: 1000, minTimeout: 5, maxTimeout: 50 } });
    try {
      // The file may not exist. Errors are dropped: one of JSON.parse would contain the token.
      let shared: Partial<Token> = await readFile(file, "utf8").then(JSON.parse).catch(() => ({}));
      if (!shared.access_token || shared.access_token === rejected) {
        shared = await request(shared.refresh_token);
        await writeFile(file, JSON.stringify(shared), { mode: 0o600 });
      }
      return (cached = shared.access_token ?? "");
    } finally {
      await release();
    }
  };
}

/** Adds token, timestamp and signature to each request. After a rejected token it refreshes and sends the request once more. */
export function auth(signKey: string, currentToken: Tokens, fetch: Fetch): Fetch {
  async function signed(request: Request, token: string): Promise<Request> {
    const multipart = request.headers.get("Content-Type")?.startsWith("multipart/"); // multipart bodies are not signed
    const body = new Uint8Array(multipart ? [] : await request.clone().arrayBuffer());
    const { pathname, search } = new URL(request.url);
    const timestamp = String(Date.now());
    const message = stringToSign(request.method, timestamp, pathname, decoded(search.slice(1)), body);
    const out = new Request(request, { redirect: "error" });
    out.headers.set("Authorization", `Bearer ${token}`);
    out.headers.set("TIMESTAMP", timestamp);
    out.headers.set("SIGNATURE", sign(signKey, message));
    return out;
  }
  return async (request) => {
    const token = await currentToken();
    const response = await fetch(await signed(request.clone(), token));
    return (await isTokenRejected(response)) ? fetch(await signed(request, await currentToken(token))) : response;
  };
}
