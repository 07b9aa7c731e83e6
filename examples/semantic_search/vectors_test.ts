import { assert, assertEquals } from "@std/assert";
import { type Matrix, nearest, placeIn, rowOf, widestPlane } from "./vectors.ts";

function matrixOf(rows: readonly (readonly number[])[]): Matrix {
  return { data: Float32Array.from(rows.flat()), dtype: "float32", shape: [rows.length, rows[0]!.length] };
}

Deno.test("the rows nearest to a vector come in order, with how like they are", () => {
  const matrix = matrixOf([[0, 1], [1, 0], [0.6, 0.8]]);
  assertEquals(nearest(matrix, Float32Array.of(1, 0), 2).map(({ row }) => row), [1, 2]);
  assertNear(nearest(matrix, Float32Array.of(1, 0), 2)[1]!.likeness, 0.6);
});

Deno.test("points that lie in a plane keep their distances in the widest one", () => {
  const points = [[0, 0, 0], [4, 0, 4], [2, 1, 2], [2, -1, 2]];
  const matrix = matrixOf(points);
  const plane = widestPlane(matrix);
  const places = points.map((_, row) => placeIn(plane, rowOf(matrix, row)));
  for (let a = 0; a < points.length; a++) {
    for (let b = 0; b < a; b++) {
      const before = Math.hypot(...points[a]!.map((x, i) => x - points[b]![i]!));
      assertNear(Math.hypot(places[a]![0] - places[b]![0], places[a]![1] - places[b]![1]), before);
    }
  }
  assert(Math.abs(places[1]![0] - places[0]![0]) > 5.6, "the longest way lies along the first axis");
});

function assertNear(actual: number, expected: number): void {
  assert(Math.abs(actual - expected) < 1e-5, `${actual} is not ${expected}`);
}
