/**
 * A program that may reach one address and do nothing else: it uploads the recording that it is given, and prints each sentence as it comes back.
 *
 * @module
 */
import { RemotePluginProxy } from "@remote-plugin/proxy";

// It may read no file, and nobody else should see the token: both come by standard input, the address in the first line.
const input = await new Response(Deno.stdin.readable).bytes();
const end = input.indexOf("\n".charCodeAt(0));
const { url, token } = JSON.parse(new TextDecoder().decode(input.subarray(0, end)));
const recording = input.subarray(end + 1);

await using transcribe = await RemotePluginProxy.attach({ url, token });
for await (const { text } of transcribe.executeStream<{ readonly text: string }>({ audio: recording })) console.log(text);
