"""OpenTelemetry traces, where they are set up: a span a request and a span a batch of the model, never a text."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.metrics import route_of
from api.observability import PROBES
from classifier.errors import InputError

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

__all__ = ["Traced", "Traces", "open_traces"]

_NAME: Final = "recupera"
_SERVER_ERROR: Final = 500


def open_traces(endpoint: str | None, *, exporter: Any = None) -> Traces | None:
    """Return traces that are sent to an OTLP collector over HTTP, such as ``http://localhost:4318``; or ``None``.

    ``exporter`` takes the spans instead. Raise ``InputError`` if OpenTelemetry is not installed.
    """
    if endpoint is None and exporter is None:
        return None
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor
    except ModuleNotFoundError as error:
        raise InputError(f"traces need {error.name}: pip install 'recupera[otel]'") from None
    provider = TracerProvider(resource=Resource.create({"service.name": _NAME}))
    if exporter is not None:
        provider.add_span_processor(SimpleSpanProcessor(exporter))
    else:
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(f"{str(endpoint).rstrip('/')}/v1/traces")))
    return Traces(provider)


class Traces:
    """Makes spans of one application."""

    def __init__(self, provider: TracerProvider) -> None:
        self._provider = provider
        self.tracer = provider.get_tracer(_NAME)

    def classified(self, texts: int, seconds: float) -> None:
        """Tell of a batch that has just been classified."""
        end = time.time_ns()
        span = self.tracer.start_span("classify", start_time=end - int(seconds * 1e9), attributes={"texts": texts})
        span.end(end)

    def close(self) -> None:
        """Send what waits."""
        self._provider.shutdown()


class Traced:
    """Makes a span of each request, child of the caller's where it names one (``traceparent``)."""

    def __init__(self, app: ASGIApp, traces: Traces) -> None:
        self.app = app
        self.traces = traces

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on within a span."""
        if scope["type"] != "http" or scope["path"] in PROBES:
            await self.app(scope, receive, send)
            return
        from opentelemetry.trace import SpanKind, Status, StatusCode
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        parent = TraceContextTextMapPropagator().extract(headers)
        with self.traces.tracer.start_as_current_span(
            scope["method"], context=parent, kind=SpanKind.SERVER, record_exception=False, set_status_on_exception=False
        ) as span:
            status = 499

            async def watched(message: Message) -> None:
                nonlocal status
                status = message.get("status", status)
                await send(message)

            try:
                await self.app(scope, receive, watched)
            finally:
                route = route_of(scope)
                span.update_name(f"{scope['method']} {route}")
                said = {
                    "http.request.method": scope["method"],
                    "http.route": route,
                    "http.response.status_code": status,
                }
                span.set_attributes(said)
                if status >= _SERVER_ERROR:
                    span.set_status(Status(StatusCode.ERROR))
