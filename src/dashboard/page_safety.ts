/**
 * What a browser may do with the gateway's own pages.
 *
 * @module
 */

/** Where a page gets what it loads, as the sources of a content security policy. */
export interface PageSources {
  /** Default: the gateway. */
  readonly scripts?: string;
  /** Default: the gateway. */
  readonly styles?: string;
  /** Default: what the page has in memory. */
  readonly images?: string;
}

/** A content security policy: nothing of a plugin's runs on the page, no other server is asked, and no other page shows it. */
export function pagePolicy({ scripts = "'self'", styles = "'self'", images = "blob: data:" }: PageSources = {}): string {
  return [
    "default-src 'none'",
    `script-src ${scripts}`,
    `style-src ${styles}`,
    `img-src ${images}`,
    "media-src blob:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; ");
}

/** The headers of every file of a page, besides the policy. */
export const PAGE_HEADERS = { "referrer-policy": "no-referrer", "x-content-type-options": "nosniff" } as const;
