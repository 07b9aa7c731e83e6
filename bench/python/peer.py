"""What is measured from Python: the twin of bench/driver/peer.ts."""


class CannotError(Exception):
    """The peer has no such thing, which is no failure."""


class Peer:
    """One way to call code in another process. What a peer cannot do it does not override."""

    blocking = True
    one_at_a_time = None

    def start(self):
        """Comes back when the peer can be called."""
        raise NotImplementedError

    def call(self, name, argument):
        """Runs a function of the work; a coroutine when the peer is not blocking."""
        raise NotImplementedError

    def submit(self, name, argument):
        """Begins a call; a blocking peer's way to have several open. What it gives back has a `result()`."""
        raise CannotError("a blocking call leaves no room for another")

    def stream(self, count):
        """Small chunks; an asynchronous iterator when the peer is not blocking."""
        raise CannotError("it has no streams")

    def nap(self):
        """Begins a call of ten seconds: what waits for its end, and what asks for it."""
        raise CannotError("it cannot cancel a call")

    def stop(self):
        """Ends all that was started."""
