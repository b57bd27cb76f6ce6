import createClient, { type Client } from "openapi-fetch";
import type { AccessToken, ErrorEnvelope, Retcode, operations, paths } from "../generated/gateway.js";
import type { paths as provisionalPaths } from "../generated/provisional.js";
import { auth, tokens, type Tokens } from "./auth.js";
import { exact, write } from "./json.js";

type Fetch = (request: Request) => Promise<Response>;

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
  const unsigned = createClient<paths>(options(fetch));
  const requestToken = async (query: operations["issueAccessToken"]["parameters"]["query"]) => {
    const result = await unsigned.POST("/user/auth/oauth2/token", { params: { query } }).catch((error: unknown) => {
      // The message of JSON.parse quotes the body, which may contain a token.
      throw error instanceof SyntaxError ? new Error("the response to the token request is not JSON") : error;
    });
    // One page shows the token without, the other one with an envelope.
    const token = result.data && "access_token" in result.data ? result.data : retdata(result as CallResult<AccessToken>);
    if (!token.access_token) throw new Error("the token request succeeded without a token");
    return token;
  };
  const currentToken = tokens(environment("STABLELINK_TOKEN_FILE"), async (refresh_token) => {
    try {
      if (refresh_token) return await requestToken({ grant_type: "refresh_token", refresh_token });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
    }
    return requestToken({ grant_type: "client_credentials", api_key, api_secret });
  });
  return connect(fetch, environment("STABLELINK_SIGN_KEY"), currentToken);
}

/** Creates clients for the gateway in the environment, with the given tokens. */
export function connect(fetch: Fetch, signKey: string, currentToken: Tokens): Clients {
  const documented = createClient<paths>(options(fetch));
  const provisional = createClient<provisionalPaths>(options(fetch));
  const signed = auth(signKey, currentToken);
  // Responses pass the last middleware first, so `exact` reads the final one.
  documented.use(exact, signed);
  provisional.use(exact, signed);
  return { documented, provisional, currentToken, signKey };
}

/** Follows no redirects, which would send secrets, signature and body to another host. */
function options(fetch: Fetch) {
  return { baseUrl: environment("STABLELINK_ENV"), fetch, bodySerializer: write, redirect: "error" as const };
}

/** Returns the value of a required environment variable. */
export function environment(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set`);
  return value;
}

/** A response whose retcode is not 200, whatever its HTTP status. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly retcode: string,
    readonly retmsg: string,
  ) {
    super(`HTTP ${status}, retcode ${retcode}: ${retmsg}`);
  }
}

interface Envelope<T> {
  retcode: Retcode;
  retmsg?: string | null;
  retdata?: T | null;
}

/** The result of a call with openapi-fetch. */
export interface CallResult<T> {
  data?: Envelope<T>;
  error?: ErrorEnvelope;
  response: Response;
}

/** Returns the envelope. Throws an ApiError if the gateway rejected the call. */
export function accepted<T>({ data, error, response }: CallResult<T>): Envelope<T> {
  const envelope = data ?? error;
  const retcode = String(envelope?.retcode ?? "missing");
  if (!data || !response.ok || retcode !== "200") {
    throw new ApiError(response.status, retcode, envelope?.retmsg ?? "");
  }
  return data;
}

/** Returns the retdata. Throws an ApiError if the gateway rejected the call, and an Error if there is no retdata. */
export function retdata<T>(result: CallResult<T>): T & {} {
  const { retdata } = accepted(result);
  if (retdata === undefined || retdata === null) throw new Error("the response has no retdata");
  return retdata;
}
