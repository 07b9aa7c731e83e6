// What a bare Deno runs: its own start is all there is to measure.
