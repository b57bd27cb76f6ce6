import { environment } from "./client.js";
import { read, write } from "./json.js";

/** Calls the control interface of the sandbox, which the real gateway does not have. */
export async function sandbox(path: string, body?: unknown): Promise<unknown> {
  const response = await fetch(`${environment("STABLELINK_ENV")}/_sandbox/${path}`, {
    method: body === undefined ? "GET" : "POST",
    headers: { "Content-Type": "application/json" },
    body: body === undefined ? null : write(body),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${path}: HTTP ${response.status} ${text}`);
  return read(text);
}

/** Returns the number of granted tokens, as "by credentials, by refresh token". */
export async function grants(): Promise<string> {
  const status = (await sandbox("status")) as {
    clients: { token: { grantedByCredentials: number; grantedByRefresh: number } }[];
  };
  const token = status.clients[0]?.token;
  return `${token?.grantedByCredentials}, ${token?.grantedByRefresh}`;
}
