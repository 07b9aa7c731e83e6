/**
 * What a form is made of. The server makes it from a schema, and the page shows it.
 *
 * @module
 */

/** One named value of an object. */
export interface Field {
  readonly name: string;
  readonly isRequired: boolean;
  /** What it is, in the plugin's words. */
  readonly description: string;
  /** What is taken when it is left out, as JSON; empty where the plugin says nothing. */
  readonly standard: string;
  readonly input: FieldInput;
}

/** The least and the most of something: a number itself, or how long or how many something is. */
export interface Bounds {
  readonly min?: number;
  readonly max?: number;
}

/** What somebody types, chooses, drops or puts together. */
export type FieldInput =
  | TextInput
  | NumberInput
  | ObjectInput
  | ListInput
  | UnionInput
  | { readonly kind: "switch" | "file" }
  | { readonly kind: "choice"; readonly choices: readonly unknown[] }
  /** There is nothing to choose. */
  | { readonly kind: "constant"; readonly value: unknown }
  /** The same as one of the form's shared inputs, in which it lies itself. */
  | { readonly kind: "shared"; readonly name: string }
  /** What no other input can show is written as JSON. */
  | { readonly kind: "json"; readonly reason: string };

/** A text, of so many characters. */
export interface TextInput extends Bounds {
  readonly kind: "text";
  readonly format: TextFormat;
  /** The regular expression that it matches. It is only told: one of a plugin's could keep the page from all else. */
  readonly pattern?: string;
}

/** The texts for which browsers have inputs of their own. */
export type TextFormat = "any" | "date" | "time" | "date-time" | "email" | "uri" | "password";

/** A number. */
export interface NumberInput extends Bounds {
  readonly kind: "number";
  readonly isWhole: boolean;
  /** It is more than this. */
  readonly above?: number;
  /** It is less than this. */
  readonly below?: number;
  /** It is a multiple of this. */
  readonly step?: number;
}

/** An object with so many members. */
export interface ObjectInput extends Bounds {
  readonly kind: "object";
  readonly fields: readonly Field[];
  /** What members of other names are. */
  readonly others?: FieldInput;
}

/** A list of so many items. */
export interface ListInput extends Bounds {
  readonly kind: "list";
  /** What the first items are, each by its place. */
  readonly first: readonly FieldInput[];
  /** What all further items are. */
  readonly rest?: FieldInput;
  /** Whether no two are the same. */
  readonly isSet: boolean;
}

/** One of several kinds of values. */
export interface UnionInput {
  readonly kind: "union";
  readonly options: readonly { readonly title: string; readonly input: FieldInput }[];
}

/** A form for arguments, or for a configuration. */
export interface MethodForm {
  readonly description: string;
  /** An object, or JSON where no fields can show it. */
  readonly named: FieldInput;
  /** Arguments without names, where the plugin takes such. */
  readonly positional?: FieldInput;
  /** Inputs that hold themselves, by name. */
  readonly shared: Readonly<Record<string, FieldInput>>;
}
