/**
 * What can be found out about the rows of a matrix: which are near to which, and how they lie in a plane.
 *
 * @module
 */
import type { NdArray } from "@remote-plugin/proxy/protocol";

/** Vectors of the same length, one a row. */
export type Matrix = NdArray<Float32Array>;

/** A row that is near to another. */
export interface Neighbour {
  readonly row: number;
  /** 1 for the same meaning, 0 for none in common. */
  readonly likeness: number;
}

/** One row of a matrix. */
export function rowOf({ data, shape: [, width = 0] }: Matrix, row: number): Float32Array {
  return data.subarray(row * width, (row + 1) * width);
}

/** How many rows there are. */
export function heightOf({ shape: [height = 0] }: Matrix): number {
  return height;
}

/** The product of two vectors. */
export function product(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

/** The rows that are nearest to a vector, the nearest first. All have length 1. */
export function nearest(matrix: Matrix, vector: Float32Array, count: number): Neighbour[] {
  const rows = Array.from({ length: heightOf(matrix) }, (_, row) => ({ row, likeness: product(rowOf(matrix, row), vector) }));
  return rows.sort((a, b) => b.likeness - a.likeness).slice(0, count);
}

/** A plane through the middle of some vectors. */
export interface Plane {
  readonly middle: Float64Array;
  readonly axes: readonly [Float64Array, Float64Array];
}

/** The plane in which the rows are spread most: that of their first two principal components. */
export function widestPlane(matrix: Matrix): Plane {
  const middle = meanOf(matrix);
  const rows = Array.from({ length: heightOf(matrix) }, (_, row) => Float64Array.from(rowOf(matrix, row), (x, i) => x - middle[i]!));
  const first = widestAxis(rows);
  const second = widestAxis(rows.map((row) => without(row, first)));
  return { middle, axes: [first, second] };
}

/** Where a vector lies in a plane, seen from above. */
export function placeIn({ middle, axes }: Plane, vector: Float32Array): [number, number] {
  const centred = Float64Array.from(vector, (x, i) => x - middle[i]!);
  return [product(centred, axes[0]), product(centred, axes[1])];
}

function meanOf(matrix: Matrix): Float64Array {
  const height = heightOf(matrix);
  const sum = new Float64Array(matrix.shape[1]!);
  for (let row = 0; row < height; row++) rowOf(matrix, row).forEach((x, i) => sum[i]! += x / height);
  return sum;
}

const ROUNDS = 100;

/** The direction of the largest spread. Each round turns a first guess nearer to it. */
function widestAxis(rows: readonly Float64Array[]): Float64Array {
  let axis = unit(Float64Array.from(rows[0]!, (_, i) => Math.sin(i + 1)));
  for (let round = 0; round < ROUNDS; round++) {
    const next = new Float64Array(axis.length);
    for (const row of rows) {
      const share = product(row, axis);
      row.forEach((x, i) => next[i]! += share * x);
    }
    axis = unit(next);
  }
  return axis;
}

function without(row: Float64Array, axis: Float64Array): Float64Array {
  const share = product(row, axis);
  return row.map((x, i) => x - share * axis[i]!);
}

function unit(vector: Float64Array): Float64Array {
  const length = Math.sqrt(product(vector, vector));
  return vector.map((x) => x / length);
}
