"""A span around the plugin's code, where its environment has OpenTelemetry."""

from __future__ import annotations

import os
import threading
from contextlib import ExitStack, contextmanager

from .call import Call
from .constants import VERSION
from .logs import log

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Iterator, Sequence

FLUSH_TIMEOUT_S = 1.0  # of the two seconds that the host gives to /cleanup


class Tracing:
    """Spans around the plugin's code. OpenTelemetry is imported with the first call that is part of a trace, if it is there at all."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tracer: Any = None
        self._missing = False

    def run(self, call: Call, plugin: str, code: Callable[[], Any]) -> Any:
        """Runs a call's code in a span of its own, below the host's, so that the plugin's own spans are below that."""
        tracer = self._find_tracer()
        if tracer is None:
            return code()
        with _span(tracer, call, plugin):
            return code()

    def run_batch(self, calls: Sequence[Call], plugin: str, code: Callable[[], Sequence[Any]]) -> Sequence[Any]:
        """Runs the code of several calls in a span for each that is part of a trace. The plugin's own spans are below the last one."""
        tracer = self._find_tracer()
        if tracer is None:
            return code()
        with ExitStack() as open_spans:
            spans = [open_spans.enter_context(_span(tracer, call, plugin)) if call.trace else None for call in calls]
            results = code()
            for span, result in zip(spans, results):
                if span is not None and isinstance(result, Exception):
                    _mark_failed(span, result)
            return results

    def flush(self) -> None:
        """Sends what has not been sent yet, for the worker is about to be killed; waits a little for a collector that does not answer."""
        if self._tracer is None:
            return  # what the plugin does without the host's traces is its own business
        from opentelemetry import trace

        flush = getattr(trace.get_tracer_provider(), "force_flush", None)
        if flush is not None:
            thread = threading.Thread(target=flush, name="flush", daemon=True)
            thread.start()
            thread.join(FLUSH_TIMEOUT_S)

    def _find_tracer(self) -> Any:
        with self._lock:
            if self._tracer is None and not self._missing:
                try:
                    self._tracer = self._make_tracer()
                except ImportError:
                    self._missing = True
                except Exception as error:
                    self._missing = True
                    log(f"the calls are not traced, for OpenTelemetry cannot be used: {error!r}")
            return self._tracer

    def _make_tracer(self) -> Any:
        from opentelemetry import trace

        is_provided = not isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider)
        if not is_provided and any(name.startswith("OTEL_") for name in os.environ):
            try:
                self._provide(trace)
            except ImportError:
                pass  # the plugin's own spans, if there are any, go nowhere either
        return trace.get_tracer("@remote-plugin/proxy", VERSION)

    @staticmethod
    def _provide(trace: Any) -> None:
        """Sends spans to where the environment says, as `opentelemetry-instrument` would, for a plugin that has not seen to it itself."""
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        shared = os.environ.get("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf")
        protocol = os.environ.get("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", shared)
        if os.environ.get("OTEL_TRACES_EXPORTER", "otlp") != "otlp" or protocol == "console":
            return
        if protocol == "grpc":
            from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
        else:
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        provider = TracerProvider()
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        trace.set_tracer_provider(provider)


@contextmanager
def _span(tracer: Any, call: Call, plugin: str) -> Iterator[Any]:
    """A span for a call, below the host's."""
    from opentelemetry import context, propagate
    from opentelemetry.trace import SpanKind

    method = f"{plugin}/{call.endpoint.name if call.endpoint else ''}"
    attributes = {"rpc.system.name": "remote_plugin", "rpc.method": method}
    if isinstance(call.key, str):
        attributes["remote_plugin.call.id"] = call.key
    if call.batch is not None:
        attributes["remote_plugin.batch.size"] = len(call.batch.calls)  # type: ignore[attr-defined]
    token = context.attach(propagate.extract(call.trace))
    try:
        with tracer.start_as_current_span(method, kind=SpanKind.SERVER, attributes=attributes) as span:
            try:
                yield span
            except Exception as error:
                span.set_attribute("error.type", type(error).__qualname__)
                raise
    finally:
        context.detach(token)


def _mark_failed(span: Any, error: Exception) -> None:
    """What a span does by itself with an exception that is raised in it."""
    from opentelemetry.trace import Status, StatusCode

    span.set_attribute("error.type", type(error).__qualname__)
    span.record_exception(error)
    span.set_status(Status(StatusCode.ERROR, f"{type(error).__name__}: {error}"))
