/**
 * What is done at once and told of later: a stream is called for before anybody waits for it.
 *
 * @module
 */

/** Does something now, and gives what comes of it, or throws that, as often as it is asked for. */
export function outcomeOf<Value>(act: () => Value): () => Value {
  try {
    const value = act();
    return () => value;
  } catch (error) {
    return () => {
      throw error;
    };
  }
}
