/**
 * What is wrong with what a client has sent, in words.
 *
 * @module
 */
import { isRecord } from "../protocol/json.ts";
import { messageOf } from "../protocol/text.ts";

/** The most faults of one message that are told. */
const MAX_FAULTS = 3;

/** What one check of the official package has found. */
interface Fault {
  readonly place: string;
  readonly issue: Readonly<Record<string, unknown>>;
}

/** Why something is no message of the protocol. The official package tells that as JSON, and by each kind of message that it is not. */
export function nonsenseText(error: Error): string {
  const faults = nearest("issues" in error ? error.issues : undefined, "");
  if (faults.length === 0) return messageOf(error);
  const told = faults.slice(0, MAX_FAULTS).map(sentence);
  return [...new Set(told)].join(", and ") + (faults.length > MAX_FAULTS ? `, and ${faults.length - MAX_FAULTS} more faults` : "");
}

/** The faults of the kind of message from which the client's is least far away. */
function nearest(issues: unknown, place: string): Fault[] {
  if (!Array.isArray(issues)) return [];
  return issues.filter(isRecord).flatMap((issue): Fault[] => {
    const path = Array.isArray(issue.path) ? issue.path.map(String) : [];
    const at = [place, ...path].filter((part) => part !== "").join(".");
    const kinds = Array.isArray(issue.errors) ? issue.errors.map((one) => nearest(one, at)).filter(({ length }) => length > 0) : [];
    const [best] = kinds.toSorted((one, other) => one.length - other.length);
    return best ?? [{ place: at, issue }];
  });
}

function sentence({ place, issue }: Fault): string {
  const subject = place === "" ? "it" : `"${place}"`;
  switch (issue.code) {
    case "invalid_type":
      return `${subject} is no ${issue.expected}`;
    case "invalid_value":
      return `${subject} is not ${listed(issue.values, "or")}`;
    case "unrecognized_keys":
      return `${subject} has ${listed(issue.keys, "and")}, which is unknown there`;
    default:
      return `${subject}: ${issue.message}`;
  }
}

function listed(values: unknown, word: string): string {
  return (Array.isArray(values) ? values : []).slice(0, MAX_FAULTS).map((value) => JSON.stringify(value)).join(` ${word} `);
}
