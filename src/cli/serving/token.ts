/**
 * The token that requests to `serve` carry.
 *
 * @module
 */
import { resolve } from "@std/path";
import { isToken } from "../../protocol/token.ts";
import { UsageError } from "../exit.ts";

/** The variable in which the token of callers is looked for. */
export const TOKEN_VARIABLE = "REMOTE_PLUGIN_TOKEN";

/** The variable in which the token of operators is looked for. */
export const OPERATOR_TOKEN_VARIABLE = "REMOTE_PLUGIN_OPERATOR_TOKEN";

/** Where a token may come from. */
export interface TokenOptions {
  /** The token itself. Everybody on the machine can see it in the list of processes, so it is refused. */
  readonly token?: string;
  /** The path of a file that holds it. */
  readonly tokenFile?: string;
}

/** A token, and how others name it without telling it once more. */
export interface Token {
  readonly value: string;
  /** The expression of a program in JavaScript. */
  readonly inCode: string;
  /** The word of a shell that is the header of a request. */
  readonly header: string;
}

/** The token that a user has chosen: in a file, or in a variable; `undefined` when there is none. */
export async function chosenToken({ token, tokenFile }: TokenOptions, variable: string = TOKEN_VARIABLE): Promise<Token | undefined> {
  if (token !== undefined) {
    throw new UsageError(`Everybody on this machine can see --token. Give --token-file, or the variable ${variable}`);
  }
  if (tokenFile !== undefined) return await tokenFromFile(tokenFile);
  const value = Deno.env.get(variable);
  if (!value) return undefined;
  return {
    value: checked(value, variable),
    inCode: `Deno.env.get("${variable}")`,
    header: `"Authorization: Bearer $${variable}"`,
  };
}

/** A token that nobody can guess: 256 random bits. */
export function newToken(): Token {
  return plain(crypto.getRandomValues(new Uint8Array(32)).toBase64({ alphabet: "base64url", omitPadding: true }));
}

function plain(value: string): Token {
  return { value, inCode: JSON.stringify(value), header: quoted(`Authorization: Bearer ${value}`) };
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** The token that a file holds. */
export async function tokenFromFile(file: string): Promise<Token> {
  const path = resolve(file);
  let text: string;
  try {
    text = await Deno.readTextFile(path);
  } catch (cause) {
    throw new UsageError(`Cannot read the token from "${path}": ${(cause as Error).message}`, { cause });
  }
  const inCode = `Deno.readTextFileSync(${JSON.stringify(path)}).trim()`;
  return { value: checked(text.trim(), `The file "${path}"`), inCode, header: `"Authorization: Bearer $(cat ${quoted(path)})"` };
}

/** A token travels in a header, which carries no other characters. */
function checked(token: string, where: string): string {
  if (isToken(token)) return token;
  throw new UsageError(`${where} holds no token: one is of visible ASCII characters, at least one`);
}
