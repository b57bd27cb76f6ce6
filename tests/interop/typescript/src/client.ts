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
  live: Tokens;
  signKey: string;
}

/** Makes clients for the gateway and the credentials that the environment names. All requests go through `fetch`. */
export function clients(fetch: Fetch): Clients {
  const [api_key, api_secret] = [environment("STABLELINK_API_KEY"), environment("STABLELINK_API_SECRET")];
  const unsigned = createClient<paths>(options(fetch));
  const ask = async (query: operations["issueAccessToken"]["parameters"]["query"]) => {
    const answer = await unsigned.POST("/user/auth/oauth2/token", { params: { query } }).catch((error: unknown) => {
      // What JSON.parse says shows a piece of the text, in which a token may be.
      throw error instanceof SyntaxError ? new Error("the answer of the token call is no JSON") : error;
    });
    // One page shows the token bare, the other in the envelope.
    const token = answer.data && "access_token" in answer.data ? answer.data : retdata(answer as Answer<AccessToken>);
    if (!token.access_token) throw new Error("the token call succeeded without a token");
    return token;
  };
  const live = tokens(environment("STABLELINK_TOKEN_FILE"), async (refresh_token) => {
    try {
      if (refresh_token) return await ask({ grant_type: "refresh_token", refresh_token });
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
    }
    return ask({ grant_type: "client_credentials", api_key, api_secret });
  });
  return connect(fetch, environment("STABLELINK_SIGN_KEY"), live);
}

/** Makes clients for the gateway that the environment names, with any tokens. */
export function connect(fetch: Fetch, signKey: string, live: Tokens): Clients {
  const documented = createClient<paths>(options(fetch));
  const provisional = createClient<provisionalPaths>(options(fetch));
  const signed = auth(signKey, live);
  // Answers pass the last one first, so `exact` reads what is final.
  documented.use(exact, signed);
  provisional.use(exact, signed);
  return { documented, provisional, live, signKey };
}

/** No redirect is followed: it would hand secrets, signature and body to another host. */
function options(fetch: Fetch) {
  return { baseUrl: environment("STABLELINK_ENV"), fetch, bodySerializer: write, redirect: "error" as const };
}

/** The value of a variable that must be set. */
export function environment(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set`);
  return value;
}

/** An answer whose retcode is not 200, whatever its HTTP status. */
export class Refusal extends Error {
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

/** What openapi-fetch gives for a call. */
export interface Answer<T> {
  data?: Envelope<T>;
  error?: ErrorEnvelope;
  response: Response;
}

/** Throws a Refusal if the answer is an error. */
export function accepted<T>({ data, error, response }: Answer<T>): Envelope<T> {
  const envelope = data ?? error;
  const retcode = String(envelope?.retcode ?? "missing");
  if (!data || !response.ok || retcode !== "200") {
    throw new Refusal(response.status, retcode, envelope?.retmsg ?? "");
  }
  return data;
}

/** The retdata of an answer. Throws a Refusal if it is an error, and an Error if it has none. */
export function retdata<T>(answer: Answer<T>): T & {} {
  const { retdata } = accepted(answer);
  if (retdata === undefined || retdata === null) throw new Error("the answer has no retdata");
  return retdata;
}
