/**
 * A collector: takes spans and measurements by OTLP over HTTP, in protobuf, as Deno and Python send them by default.
 *
 * @module
 */
import { ProtobufMessage } from "./protobuf.ts";

/** What a span or a measurement is known by. */
export type Attributes = Readonly<Record<string, unknown>>;

/** A span as it came. */
export interface ReceivedSpan {
  /** The process that sent it. */
  readonly service: string;
  readonly scope: string;
  readonly name: string;
  readonly kind: "internal" | "server" | "client";
  readonly trace: string;
  readonly id: string;
  /** The id of the span above, `""` for none. */
  readonly parent: string;
  readonly milliseconds: number;
  readonly attributes: Attributes;
  readonly events: readonly { readonly name: string; readonly attributes: Attributes }[];
  /** The message of its failure; `undefined` for one that did not fail. */
  readonly failure: string | undefined;
}

/** One series of a measurement. */
export interface ReceivedPoint {
  readonly name: string;
  readonly unit: string;
  readonly attributes: Attributes;
  /** The sum. */
  readonly value: number;
  /** How many there were, of a histogram. */
  readonly count: number | undefined;
}

/** A running collector. */
export class OtlpReceiver implements AsyncDisposable {
  /** What came. */
  readonly spans: ReceivedSpan[] = [];
  /** What came last of each series. */
  readonly points: ReceivedPoint[] = [];
  /** The requests, by their paths. */
  readonly requests: string[] = [];
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  /** Begins to listen on a free port of the loopback. */
  constructor() {
    this.#server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => this.#take(request));
  }

  /** For the variable `OTEL_EXPORTER_OTLP_ENDPOINT`. */
  get endpoint(): string {
    return `http://127.0.0.1:${this.#server.addr.port}`;
  }

  /** Ends it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }

  async #take(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url);
    const body = new ProtobufMessage(await request.bytes());
    this.requests.push(pathname);
    if (pathname === "/v1/traces") this.spans.push(...body.messages(1).flatMap(spansOf));
    if (pathname === "/v1/metrics") this.points.push(...body.messages(1).flatMap(pointsOf));
    return new Response(null, { headers: { "content-type": "application/x-protobuf" } });
  }
}

/** The fields of `opentelemetry.proto.trace.v1.ResourceSpans`. */
function spansOf(resource: ProtobufMessage): ReceivedSpan[] {
  const service = String(attributesOf(resource.messages(1)[0]!, 1)["service.name"]);
  return resource.messages(2).flatMap((scope) => {
    const facts = { service, scope: scope.messages(1)[0]!.text(1) };
    return scope.messages(2).map((span) => ({ ...facts, ...spanOf(span) }));
  });
}

const KINDS = ["internal", "internal", "server", "client"] as const;
const STATUS_ERROR = 2;

function spanOf(span: ProtobufMessage): Omit<ReceivedSpan, "service" | "scope"> {
  const [status] = span.messages(15);
  return {
    name: span.text(5),
    kind: KINDS[span.integer(6)]!,
    trace: span.bytes(1).toHex(),
    id: span.bytes(2).toHex(),
    parent: span.bytes(4).toHex(),
    milliseconds: (span.integer(8) - span.integer(7)) / 1e6,
    attributes: attributesOf(span, 9),
    events: span.messages(11).map((event) => ({ name: event.text(2), attributes: attributesOf(event, 3) })),
    failure: status?.integer(3) === STATUS_ERROR ? status.text(2) : undefined,
  };
}

/** The fields of `opentelemetry.proto.metrics.v1.ResourceMetrics`. */
function pointsOf(resource: ProtobufMessage): ReceivedPoint[] {
  return resource.messages(2).flatMap((scope) => scope.messages(2)).flatMap((metric) => {
    const facts = { name: metric.text(1), unit: metric.text(3) };
    const sums = metric.messages(7).flatMap((sum) => sum.messages(1));
    const histograms = metric.messages(9).flatMap((histogram) => histogram.messages(1));
    return [
      ...sums.map((point) => ({ ...facts, attributes: attributesOf(point, 7), value: numberOf(point), count: undefined })),
      ...histograms.map((point) => ({ ...facts, attributes: attributesOf(point, 9), value: point.double(5), count: point.integer(4) })),
    ];
  });
}

function numberOf(point: ProtobufMessage): number {
  return point.has(6) ? point.integer(6) : point.double(4);
}

function attributesOf(message: ProtobufMessage, field: number): Attributes {
  return Object.fromEntries(message.messages(field).map((pair) => [pair.text(1), valueOf(pair.messages(2)[0]!)]));
}

/** The kinds of `AnyValue` that are used here. */
function valueOf(value: ProtobufMessage): unknown {
  if (value.has(1)) return value.text(1);
  if (value.has(2)) return value.integer(2) !== 0;
  return value.has(3) ? value.integer(3) : value.double(4);
}
