/**
 * Who has signed in on the gateway's own page. A cookie stands for the token there, which scripts of the page never see.
 *
 * @module
 */
import { createHmac } from "node:crypto";
import { timingSafeEqual } from "@std/crypto/timing-safe-equal";
import type { Client, KnownToken } from "./known_token.ts";

const COOKIE = "remote_plugin_session";

/** What is signed with a token to make its cookie. It tells the token to nobody, and is the same after the server has been started again. */
const SUBJECT = "The session of a page of remote-plugin";

/** Makes and knows the cookies of tokens. */
export class PageSessions {
  readonly #known: readonly KnownToken[];
  readonly #values = new Map<KnownToken, string>();

  /** Of these tokens. */
  constructor(known: readonly KnownToken[]) {
    this.#known = known;
  }

  /** The header that signs a client in. From then on its browser sends the cookie with each request of the page. */
  cookieOf(holder: KnownToken, options: CookieOptions): string {
    return `${COOKIE}=${this.#valueOf(holder)}; ${attributes(options)}`;
  }

  /** Whose session a request belongs to. A request that no page of here has made has none, whatever cookie goes along. */
  holderOf(request: Request): Client | undefined {
    const [, value] = new RegExp(`(?:^|; *)${COOKIE}=([\\w-]+)`).exec(request.headers.get("cookie") ?? "") ?? [];
    if (value === undefined || !isOfOwnPage(request)) return undefined;
    const given = encoder.encode(value);
    return this.#known.find((holder) => {
      const wanted = encoder.encode(this.#valueOf(holder));
      return wanted.length === given.length && timingSafeEqual(wanted, given);
    });
  }

  #valueOf(holder: KnownToken): string {
    const known = this.#values.get(holder) ?? signed(holder);
    this.#values.set(holder, known);
    return known;
  }
}

/** The hosts that browsers trust without encryption. For these alone they send `Sec-Fetch-Site` over `http:`. */
const TRUSTED_HOST = /^(localhost|.+\.localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

/**
 * Whether a page of here has made a request. Over a network without encryption browsers do not say. There the cookie alone counts, which browsers do not send
 * for pages of other sites. They do send it for pages at other ports of this host. Such a page reads no answer. Where it would change something it sends
 * `Origin`, by which the gateway has refused it before.
 */
function isOfOwnPage({ url, headers }: Request): boolean {
  const site = headers.get("sec-fetch-site");
  if (site !== null) return site === "same-origin";
  const { protocol, hostname } = new URL(url);
  return protocol === "http:" && !TRUSTED_HOST.test(hostname);
}

/** Where a cookie goes. */
export interface CookieOptions {
  /** The path below which the gateway is. */
  readonly path: string;
  /** Whether it travels encrypted alone. */
  readonly isSecure: boolean;
}

/** The header that signs a client out. */
export function noCookie(options: CookieOptions): string {
  return `${COOKIE}=; Max-Age=0; ${attributes(options)}`;
}

function attributes({ path, isSecure }: CookieOptions): string {
  return `Path=${path}; HttpOnly; SameSite=Strict${isSecure ? "; Secure" : ""}`;
}

const encoder = new TextEncoder();

function signed({ bytes, role }: KnownToken): string {
  return createHmac("sha256", bytes).update(`${SUBJECT}, ${role}`).digest("base64url");
}
