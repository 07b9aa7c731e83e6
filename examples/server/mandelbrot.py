"""Computes pictures of the Mandelbrot set row by row, in plain Python: slow enough to watch."""


class Mandelbrot:
    def __init__(self):
        self._finished = 0
        self._abandoned = 0

    def execute(self):
        """How the pictures so far have ended."""
        return {"finished": self._finished, "abandoned": self._abandoned}

    def execute_stream(self, x, y, span, width, height, depth):
        """The rows of a picture around a point: every eighth row first, then those between them."""
        step = span / width
        try:
            for count, (row, rows) in enumerate(interlaced(height), start=1):
                imaginary = y + (row - (height - 1) / 2) * step
                numbers = (complex(x + (column - (width - 1) / 2) * step, imaginary) for column in range(width))
                self.report_progress(count / height, "row {} of {}".format(count, height))
                yield {"row": row, "rows": rows, "depths": [escape_depth(number, depth) for number in numbers]}
        except BaseException:  # also GeneratorExit: nobody wants the rest
            self._abandoned += 1
            raise
        self._finished += 1


def interlaced(height):
    """Each row once, with the number of rows that it stands for until better ones come."""
    yield from ((row, 8) for row in range(0, height, 8))
    for rows in (4, 2, 1):
        yield from ((row, rows) for row in range(rows, height, 2 * rows))


def escape_depth(number, limit):
    """After how many steps the number has left for infinity; the limit when it has not."""
    z = 0j
    for depth in range(limit):
        z = z * z + number
        if z.real * z.real + z.imag * z.imag > 4:
            return depth
    return limit
