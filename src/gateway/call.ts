/**
 * The one way of a call through the gateway, however its request was written.
 *
 * @module
 */
import { STATUS_CODE } from "@std/http/status";
import type { PluginInterface } from "../plugin/members.ts";
import { LOGS_FEATURE, LOGS_HEADER } from "../protocol/log_body.ts";
import { FILES_HEADER } from "../protocol/messages.ts";
import { activeTrace, traceFrom } from "../protocol/telemetry.ts";
import { onClientGone } from "./request/client_gone.ts";
import { type Asked, type GatewayContext, placeOf } from "./context.ts";
import { Frames, type OpenOutcome } from "./reply/frames.ts";
import { CallReport } from "./observing/observer.ts";
import { operate, versionOf } from "./operations.ts";
import { refusal, unknownPlugin } from "./reply/refusal.ts";
import { Reply } from "./reply/reply.ts";
import { FRAMED, plainStyle } from "./reply/reply_style.ts";
import { asksForFrames, type GatewayRequest } from "./request/request.ts";

/** Runs a request that is understood, and answers it as its client reads replies: in frames, or plainly. */
export function answerCall(context: GatewayContext, request: GatewayRequest, asked: Asked): Promise<Response> {
  const { plugin, endpoint, callId } = request;
  const { manager, calls } = context;
  const { headers } = asked.req.raw;
  let handle: PluginInterface;
  try {
    // What comes over the network is not kept on disk.
    handle = manager.get(plugin, { keepsConfig: false });
  } catch (error) {
    letGo(request);
    return Promise.resolve(unknownPlugin(error));
  }
  const client = asked.get("client");
  const call = calls.open({ client, plugin: versionOf(handle), endpoint, callId }, request.functions);
  if (call === undefined) {
    letGo(request);
    return Promise.resolve(refusal(STATUS_CODE.Conflict, `The call id "${callId}" is that of an open call`, { code: "call_id_taken" }));
  }
  // A client that closes its connection has abandoned its call.
  onClientGone(asked, context.patience.client, () => call.cancel());
  const traceContext = activeTrace() ?? traceFrom((name) => headers.get(name) ?? undefined);
  const remote = asked.env?.info?.remoteAddr?.hostname;
  const { name, version } = handle;
  const observed = {
    plugin: name,
    version,
    endpoint,
    callId,
    client,
    remote,
    traceparent: traceContext?.traceparent,
    startedAt: new Date(),
  };
  // What a client answers is a part of its call.
  const observers = endpoint === "callback" ? [] : context.observers;
  const report = new CallReport(observed, observers, request);
  const role = asked.get("role");
  const givesLogs = context.options.callLogs || role === "operator";
  const target = {
    handle,
    manager,
    calls,
    client,
    workerCallId: call.workerCallId,
    role,
    givesLogs,
    takesFunctions: context.options.callbacks,
  };
  const withTraceback = context.options.exposeTracebacks || role === "operator";
  const style = asksForFrames(headers) ? FRAMED : plainStyle(endpoint, headers.get("accept"));
  const open: OpenOutcome = (listeners) => operate(request, target, { signal: call.signal, traceContext, ...listeners });
  const takesParts = style === FRAMED && headers.get(FILES_HEADER) === "parts";
  const takesLogs = style === FRAMED && givesLogs && headers.get(LOGS_HEADER) === LOGS_FEATURE;
  const frames = new Frames(open, { withTraceback, takesParts, takesLogs, write: style.write, writeFile: style.writeFile });
  request.functions?.begin((callback) => frames.callBack(callback));
  const onEnd = () => {
    call.end();
    request.functions?.end();
    letGo(request);
  };
  const hooks = { name: plugin, report, patience: context.patience.reply, place: placeOf(asked), onEnd, onCancel: () => call.cancel() };
  return new Reply(frames, style, hooks).response();
}

/** Removes the files of a request. Those that cannot be removed now will be found by the next sweep. */
function letGo({ uploads }: GatewayRequest): void {
  void uploads?.[Symbol.asyncDispose]().then(undefined, () => {});
}
