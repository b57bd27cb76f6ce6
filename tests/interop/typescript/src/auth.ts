import { createHmac } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import type { Middleware } from "openapi-fetch";
import { lock } from "proper-lockfile";
import type { AccessToken } from "../generated/gateway.js";
import { decoded, stringToSign } from "./message.js";

/** Returns the value of the header SIGNATURE. */
export const sign = (key: string, message: Uint8Array) => createHmac("sha512", key).update(message).digest("base64");

/** Returns the token that processes share through a file, or a new one if `rejected` is the current token. */
export type Tokens = (rejected?: string) => Promise<string>;

/** `request` gets a token from the gateway: by refresh token or, if there is none or it is rejected, by credentials. */
export function tokens(file: string, request: (refreshToken?: string) => Promise<AccessToken>): Tokens {
  let cached: string | undefined;
  return async (rejected) => {
    if (cached && cached !== rejected) return cached;
    const release = await lock(file, { realpath: false, retries: { retries: 1000, minTimeout: 5, maxTimeout: 50 } });
    try {
      // The file may not exist. Errors are dropped: one of JSON.parse would contain the token.
      let shared: AccessToken = await readFile(file, "utf8").then(JSON.parse).catch(() => ({}));
      if (!shared.access_token || shared.access_token === rejected) {
        shared = await request(shared.refresh_token);
        await writeFile(file, JSON.stringify(shared), { mode: 0o600 });
      }
      return (cached = shared.access_token);
    } finally {
      await release();
    }
  };
}

/** Adds token, timestamp and signature to each request. After a rejected token it refreshes and retries once. */
export function auth(signKey: string, currentToken: Tokens): Middleware {
  const unsent = new WeakMap<Request, { copy: Request; token: string }>();
  async function signed(request: Request, token: string): Promise<Request> {
    const copy = request.clone();
    const multipart = request.headers.get("Content-Type")?.startsWith("multipart/"); // multipart bodies are not signed
    const body = new Uint8Array(multipart ? [] : await request.clone().arrayBuffer());
    const { pathname, search } = new URL(request.url);
    const timestamp = String(Date.now());
    const message = stringToSign(request.method, timestamp, pathname, decoded(search.slice(1)), body);
    const out = new Request(request, { redirect: "error" });
    out.headers.set("Authorization", `Bearer ${token}`);
    out.headers.set("TIMESTAMP", timestamp);
    out.headers.set("SIGNATURE", sign(signKey, message));
    unsent.set(out, { copy, token });
    return out;
  }
  return {
    onRequest: async ({ request }) => signed(request, await currentToken()),
    async onResponse({ request, response, options }) {
      const first = unsent.get(request);
      if (response.status !== 401 || !first) return undefined;
      return options.fetch(await signed(first.copy, await currentToken(first.token)));
    },
  };
}
