// SPDX-License-Identifier: MIT
// An official TypeScript client against a wasmote bridge: every kind of request once, what came of it as JSON on stdout.
//
//     node client.mjs MODULES PACKAGE ERA URL            PACKAGE: sdk (v1) or client (v2); ERA: legacy, auto, modern
//     node client.mjs MODULES PACKAGE ERA COMMAND ARG…   over stdio
//
// The board has the components thermometer, faults, notebook and interview. MODULES: the folder node_modules.
import { createRequire } from "node:module";

const [modules, kind, era, ...target] = process.argv.slice(2);
const require = createRequire(`${modules}/`);
const v1 = kind === "sdk";
const { Client, ...more } = require(v1 ? "@modelcontextprotocol/sdk/client/index.js" : "@modelcontextprotocol/client");
const { StdioClientTransport } = require(v1 ? "@modelcontextprotocol/sdk/client/stdio.js" : "@modelcontextprotocol/client/stdio");
const { StreamableHTTPClientTransport } = v1 ? require("@modelcontextprotocol/sdk/client/streamableHttp.js") : more;
const types = v1 ? require("@modelcontextprotocol/sdk/types.js") : null;

const mode = era === "modern" ? { pin: "2026-07-28" } : era;
const client = new Client(
    { name: "tests", version: "1" },
    { capabilities: { elicitation: {}, sampling: {} }, ...(v1 ? {} : { versionNegotiation: { mode } }) },
);
const questions = [];
client.setRequestHandler(v1 ? types.ElicitRequestSchema : "elicitation/create", async (request) => {
    questions.push(request.params.message);
    return { action: "accept", content: { name: "Ada" } };
});

const http = target[0].startsWith("http:");
await client.connect(
    http
        ? new StreamableHTTPClientTransport(new URL(target[0]))
        : new StdioClientTransport({ command: target[0], args: target.slice(1), env: process.env, stderr: "inherit" }),
);

const said = { server: client.getServerVersion()?.name, capabilities: client.getServerCapabilities() };
if (!v1) said.version = client.getNegotiatedProtocolVersion();
const call = (name, args = {}, options) => {
    const params = { name, arguments: args };
    return v1 ? client.callTool(params, undefined, options) : client.callTool(params, options);
};
const text = (result) => result.content.map((block) => block.text).join("\n");
said.tools = [];
for (let cursor; ; ) {
    const page = await client.listTools(cursor ? { cursor } : undefined);
    said.tools.push(...page.tools.map((tool) => tool.name));
    cursor = page.nextCursor;
    if (!cursor) break;
}
said.read = text(await call("read", { unit: "K" }));
said.wrong = (await call("read", { unit: "R" })).isError === true;
said.trap = text(await call("trap"));
said.progress = [];
await call("count", { to: 3, delay_ms: 5 }, { onprogress: ({ progress }) => said.progress.push(progress) });
await call("write", { name: "ts", text: "from TypeScript" });
said.note = (await client.readResource({ uri: "note:/ts" })).contents[0].text;
said.templates = (await client.listResourceTemplates()).resourceTemplates.map((template) => template.uriTemplate);
said.prompt = (await client.getPrompt({ name: "proofread", arguments: { name: "ts" } })).messages.length;
said.missing = await client.readResource({ uri: "note:/none" }).then(() => "nothing was wrong", (error) => error.code);
said.many = (await Promise.all([..."KFC"].map((unit) => call("read", { unit })))).map((result) => text(result).at(-1));
said.asked = text(await call("greet"));
said.questions = questions;
console.log(JSON.stringify(said));
await client.close();
