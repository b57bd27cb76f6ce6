import { createServer } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import type { WebhookReply } from "../generated/gateway.js";
import { verifyDelivery, type SignatureHeaders } from "./webhook.js";

/** A delivery with its raw body. */
export interface Delivery {
  headers: SignatureHeaders;
  body: Buffer;
  verified: boolean;
}

/** Listens on loopback, verifies each delivery, and acknowledges or rejects it. */
export async function receiver(signKey: string): Promise<{ url: string; next: Promise<Delivery>; close: () => void }> {
  const server = createServer();
  const next = new Promise<Delivery>((resolve, reject) => {
    server.on("request", async (request, response) => {
      try {
        const body = await buffer(request);
        const { timestamp, signature } = request.headers;
        const headers = { timestamp: single(timestamp), signature: single(signature) };
        const verified = verifyDelivery(signKey, body, headers);
        const reply: WebhookReply = { retcode: 200, retmsg: "SUCCESS" };
        response.writeHead(verified ? 200 : 401, { "Content-Type": "application/json" });
        response.end(verified ? JSON.stringify(reply) : "");
        resolve({ headers, body, verified });
      } catch (error) {
        reject(error);
      }
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/`, next, close: () => server.close() };
}

function single(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? undefined : header;
}
