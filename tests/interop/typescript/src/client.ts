import createClient, { type Client } from "openapi-fetch";
import type { operations, paths } from "../generated/gateway.js";
import type { components, paths as provisionalPaths } from "../generated/provisional.js";
import { auth, tokens, type Token, type Tokens } from "./auth.js";
import { write } from "./json.js";
import { record } from "./lenient.js";
import { CallError, checked, classify, fieldsOf, objectOf, unreadable, type Fetch } from "./outcome.js";

/** Clients of both documents, which share one token. */
export interface Clients {
  documented: Client<paths>;
  provisional: Client<provisionalPaths>;
  currentToken: Tokens;
  signKey: string;
}

/** Creates clients for the gateway and the credentials in the environment. All requests go through `fetch`. */
export function clients(fetch: Fetch): Clients {
  const [api_key, api_secret] = [environment("STABLELINK_API_KEY"), environment("STABLELINK_API_SECRET")];
  const currentToken = tokens(environment("STABLELINK_TOKEN_FILE"), async (refresh_token) => {
    const token = refresh_token && (await requestToken(fetch, { grant_type: "refresh_token", refresh_token }));
    const fresh = token || (await requestToken(fetch, { grant_type: "client_credentials", api_key, api_secret }));
    if (!fresh) throw new CallError("not-sent", "the gateway rejected the credentials");
    return fresh;
  });
  return connect(fetch, environment("STABLELINK_SIGN_KEY"), currentToken);
}

/** Requests a token. Returns undefined if the gateway rejects the grant, and throws if there is no usable response. */
async function requestToken(
  fetch: Fetch,
  query: operations["issueAccessToken"]["parameters"]["query"],
): Promise<Token | undefined> {
  const url = `${environment("STABLELINK_ENV")}/user/auth/oauth2/token?${new URLSearchParams(query)}`;
  const received = fetch(new Request(url, { method: "POST", redirect: "error" }));
  const [status, text] = await received
    .then(async (response) => [response.status, await response.text()] as const)
    .catch(() => {
      throw new CallError("not-sent", "the token request failed"); // without its cause, which may contain the URL
    });
  const envelope = fieldsOf(text);
  const outcome = classify(status, envelope);
  if (outcome === "rejected") return undefined;
  // One page shows a token without the envelope.
  if (outcome === "unknown" && (status !== 200 || (envelope["retcode"] ?? null) !== null)) {
    throw new CallError("not-sent", `the token request failed with HTTP ${status}`);
  }
  // Only the token itself must be readable: it is used until it is rejected.
  const { access_token, refresh_token } = outcome === "success" ? objectOf(envelope["retdata"]) : envelope;
  if (typeof access_token !== "string" || access_token === "") {
    throw new CallError("not-sent", "the response to the token request has no token");
  }
  return { access_token, refresh_token: typeof refresh_token === "string" ? refresh_token : "" };
}

/** Creates clients for the gateway in the environment, with the given tokens. */
export function connect(fetch: Fetch, signKey: string, currentToken: Tokens): Clients {
  const options = {
    baseUrl: environment("STABLELINK_ENV"),
    fetch: checked(auth(signKey, currentToken, fetch)),
    bodySerializer: write,
    // A redirect would send secrets, signature and body to another host.
    redirect: "error" as const,
  };
  return { documented: createClient<paths>(options), provisional: createClient<provisionalPaths>(options), currentToken, signKey };
}

/** Returns the value of a required environment variable. */
export function environment(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set`);
  return value;
}

/** The result of a call with openapi-fetch. A call that is not a success throws a CallError instead. */
export interface CallResult {
  data?: unknown;
  response: Response;
}

/** Returns the retdata as it is; undefined if it is null or missing. */
export function data({ data }: CallResult): unknown {
  return objectOf(data)["retdata"] ?? undefined;
}

/** Returns the record of this schema in the retdata. Throws a CallError if there is none. */
export function retdata<K extends keyof components["schemas"]>(result: CallResult, schema: K): components["schemas"][K] {
  try {
    return record(schema, data(result));
  } catch (error) {
    throw unreadable(result.response, `retdata: ${error instanceof Error ? error.message : error}`);
  }
}
