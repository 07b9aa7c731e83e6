/**
 * What the tokens of requests are.
 *
 * @module
 */

/** Whether a text is a token that a header carries: of visible ASCII characters, at least one, with spaces between them at most. */
export function isToken(text: string): boolean {
  return /^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/.test(text);
}
