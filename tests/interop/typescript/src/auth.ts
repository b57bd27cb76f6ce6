import { createHmac } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import type { Middleware } from "openapi-fetch";
import { lock } from "proper-lockfile";
import type { AccessToken } from "../generated/gateway.js";
import { decoded, stringToSign } from "./message.js";

/** The value of the header SIGNATURE. */
export const sign = (key: string, message: Uint8Array) => createHmac("sha512", key).update(message).digest("base64");

/** Gives the live token that processes share through a file; another one if the one that is held was refused. */
export type Tokens = (refused?: string) => Promise<string>;

/** `ask` gets a token from the gateway: by the refresh token or, if there is none or it is refused, by credentials. */
export function tokens(file: string, ask: (refreshToken?: string) => Promise<AccessToken>): Tokens {
  let held: string | undefined;
  return async (refused) => {
    if (held && held !== refused) return held;
    const release = await lock(file, { realpath: false, retries: { retries: 1000, minTimeout: 5, maxTimeout: 50 } });
    try {
      // Not there at first. No error of it may get out: one of JSON.parse shows the text.
      let shared: AccessToken = await readFile(file, "utf8").then(JSON.parse).catch(() => ({}));
      if (!shared.access_token || shared.access_token === refused) {
        shared = await ask(shared.refresh_token);
        await writeFile(file, JSON.stringify(shared), { mode: 0o600 });
      }
      return (held = shared.access_token);
    } finally {
      await release();
    }
  };
}

/** Puts token, timestamp and signature on each request. A refused token is replaced, and the request sent once more. */
export function auth(signKey: string, live: Tokens): Middleware {
  const unsent = new WeakMap<Request, { copy: Request; token: string }>();
  async function signed(request: Request, token: string): Promise<Request> {
    const copy = request.clone();
    const multipart = request.headers.get("Content-Type")?.startsWith("multipart/"); // its parts are not signed
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
    onRequest: async ({ request }) => signed(request, await live()),
    async onResponse({ request, response, options }) {
      const first = unsent.get(request);
      if (response.status !== 401 || !first) return undefined;
      return options.fetch(await signed(first.copy, await live(first.token)));
    },
  };
}
