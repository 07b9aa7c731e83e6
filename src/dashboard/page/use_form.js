/** What stands in a form, and what is wrong with it once somebody has asked for it to be taken. */
import { useLayoutEffect, useRef, useState } from "preact/hooks";

const NOTHING_WRONG = new Map();

/** `read` makes of what is given an object with the `problems`. `onRead` gets that object when there are none. */
export function useForm({ begin, read, onRead }) {
  const [given, give] = useState(begin);
  const [isChecked, check] = useState(false);
  const place = useRef(null);
  const isRefused = useRef(false);
  const problems = isChecked ? read(given).problems : NOTHING_WRONG;
  const submit = (event) => {
    event.preventDefault();
    const taken = read(given);
    isRefused.current = taken.problems.size > 0;
    check(isRefused.current);
    if (!isRefused.current) onRead(taken);
  };
  useLayoutEffect(() => {
    if (isRefused.current) place.current.querySelector('[aria-invalid="true"], [data-invalid="true"]')?.focus();
    isRefused.current = false;
  });
  return { given, give, problems, form: { ref: place, onSubmit: submit, noValidate: true } };
}
