/**
 * OpenTelemetry as far as both sides use it, and how a trace passes the wire.
 *
 * All that the package `@opentelemetry/api` does is to look up what the runtime (Deno with `OTEL_DENO=true`) or the program has registered under a
 * global symbol, by which its releases know each other. That is done here without the package: it needs no import, in a worker neither, and no
 * permission, and it costs one look where nothing is registered. A test holds these types to those of the package.
 *
 * @module
 */
import { PACKAGE_VERSION } from "./version.ts";

/** A trace as it passes the wire: the headers of W3C Trace Context, and W3C Baggage. */
export interface TraceContext {
  /** Which span of which trace is the parent. */
  readonly traceparent: string;
  /** What vendors add to it. */
  readonly tracestate?: string;
  /** What the program has put beside it for whoever takes part in the trace. */
  readonly baggage?: string;
}

/** What is known of a span, an event or a measurement. */
export type Attributes = Record<string, string | number | boolean>;

/** A part of a trace that goes on. */
export interface Span {
  /** Adds to what is known of it. */
  setAttributes(attributes: Attributes): unknown;
  /** Notes what has just happened. */
  addEvent(name: string, attributes?: Attributes): unknown;
  /** Notes an error. */
  recordException(error: { name: string; message: string; stack?: string }): void;
  /** Says how it ended. */
  setStatus(status: { code: number; message?: string }): unknown;
  /** Ends it. */
  end(): void;
}

/** What a span begins with. */
export interface SpanOptions {
  readonly kind?: number;
  readonly attributes?: Attributes;
  /** In milliseconds since 1970. Default: now. */
  readonly startTime?: number;
  /** Whether it begins a trace of its own, whatever is active. */
  readonly root?: boolean;
}

/** What is active while code runs: a span, and what else is put there. */
export interface Context {
  /** A copy with one more value. */
  setValue(key: symbol, value: unknown): Context;
}

/** Makes spans. */
export interface Tracer {
  /** Begins a span below that of a context; default: the active one. */
  startSpan(name: string, options: SpanOptions, context?: Context): Span;
  /** The same, and runs code with the span active. */
  startActiveSpan<Result>(name: string, options: SpanOptions, code: (span: Span) => Result): Result;
}

/** Takes measurements that add up. */
export interface Counter {
  /** Adds one. */
  add(value: number, attributes?: Attributes): void;
}

/** Takes measurements that are counted by size. */
export interface Histogram {
  /** Takes one. */
  record(value: number, attributes?: Attributes): void;
}

/** What an instrument measures. */
export interface MeasureOptions {
  readonly description: string;
  readonly unit: string;
  readonly advice?: { explicitBucketBoundaries: number[] };
}

/** Makes instruments. */
export interface Meter {
  /** For what only grows. */
  createCounter(name: string, options: MeasureOptions): Counter;
  /** For what grows and shrinks. */
  createUpDownCounter(name: string, options: MeasureOptions): Counter;
  /** For durations. */
  createHistogram(name: string, options: MeasureOptions): Histogram;
}

interface ContextManager {
  active(): Context;
  with<Result>(context: Context, code: () => Result): Result;
}

interface Propagator {
  inject(context: Context, carrier: unknown, setter: typeof CARRIER): void;
  extract(context: Context, carrier: unknown, getter: typeof CARRIER): Context;
}

/** What is registered; any of it may be missing. */
export interface Telemetry {
  readonly trace?: { getTracer(name: string, version?: string): Tracer };
  readonly context?: ContextManager;
  readonly propagation?: Propagator;
  readonly metrics?: { getMeter(name: string, version?: string): Meter };
}

/** What made a span or a measurement, as OpenTelemetry calls it. */
export const SCOPE = ["@remote-plugin/proxy", PACKAGE_VERSION] as const;

/** The kinds of spans that are used here. */
export const SPAN_KIND = { internal: 0, server: 1, client: 2 } as const;

/** The remoting system, for the attribute `rpc.system.name`. */
export const RPC_SYSTEM = "remote_plugin";

/** How often a worker sends finished spans, in milliseconds, unless the host says so: one that is killed loses those that are left. */
export const SPAN_DELAY_MS = 250;

const REGISTRY = Symbol.for("opentelemetry.js.api.1");
const SUPPRESS_TRACING = Symbol.for("OpenTelemetry SDK Context Key SUPPRESS_TRACING");
const STATUS_ERROR = 2;

/** What is registered in this program; `undefined` for nothing. */
export function registeredTelemetry(): Telemetry | undefined {
  return (globalThis as { [REGISTRY]?: Telemetry })[REGISTRY];
}

/** The active trace, for the wire. */
export function activeTrace(): TraceContext | undefined {
  const { context, propagation } = registeredTelemetry() ?? {};
  if (context === undefined || propagation === undefined) return undefined;
  const carrier: Record<string, string> = {};
  propagation.inject(context.active(), carrier, CARRIER);
  return traceFrom((name) => carrier[name]);
}

/** Runs code within a trace that came by the wire. */
export function inTrace<Result>(trace: TraceContext | undefined, code: () => Result): Result {
  const { context, propagation } = trace === undefined ? {} : registeredTelemetry() ?? {};
  if (context === undefined || propagation === undefined) return code();
  return context.with(propagation.extract(context.active(), trace, CARRIER), code);
}

/** Runs code in which the runtime sends no trace of its own: `fetch` would add its headers to those that are there. */
export function withoutPropagation<Result>(code: () => Result): Result {
  const context = registeredTelemetry()?.context;
  return context === undefined ? code() : context.with(context.active().setValue(SUPPRESS_TRACING, true), code);
}

/** What a header may be, and what W3C allows. */
const HEADER_VALUE = /^[\x20-\x7e]{1,8192}$/;

/** Reads a trace from headers. What no header could carry is left out. */
export function traceFrom(read: (name: string) => string | undefined): TraceContext | undefined {
  const value = (name: string) => {
    const text = read(name);
    return text !== undefined && HEADER_VALUE.test(text) ? { [name]: text } : {};
  };
  const parent = value("traceparent");
  return "traceparent" in parent ? { ...parent as unknown as TraceContext, ...value("tracestate"), ...value("baggage") } : undefined;
}

/** Notes that what a span stands for has failed. */
export function markFailed(span: Span, thrown: unknown, type?: string): void {
  const { name, message, stack } = thrown instanceof Error ? thrown : new Error(String(thrown));
  span.setAttributes({ "error.type": type ?? name });
  // As it is, a code that the error has would be taken for its type.
  span.recordException({ name, message, stack });
  span.setStatus({ code: STATUS_ERROR, message });
}

const CARRIER = {
  get: (carrier: unknown, name: string): string | undefined => (carrier as Record<string, string>)[name],
  keys: (carrier: unknown): string[] => Object.keys(carrier as Record<string, string>),
  set: (carrier: unknown, name: string, value: string): void => void ((carrier as Record<string, string>)[name] = value),
};
