// SPDX-License-Identifier: MIT
// A transform for asc: AssemblyScript has no way to write the names that the Canonical ABI wants exports to have, such as
// `wasi:mcp/handlers@0.1.0-preview2#call-tool`. Functions of wasmote.ts that start with `handle_` get them here.

const HANDLERS = 'wasi:mcp/handlers@0.1.0-preview2#';
const NAMES = {
    handle_callTool: HANDLERS + 'call-tool',
    handle_callToolPost: 'cabi_post_' + HANDLERS + 'call-tool',
    handle_readResource: HANDLERS + 'read-resource',
    handle_getPrompt: HANDLERS + 'get-prompt',
    handle_subscribe: HANDLERS + 'handle-subscribe',
    handle_unsubscribe: HANDLERS + 'handle-unsubscribe',
    handle_complete: HANDLERS + 'handle-complete',
    handle_elicit: HANDLERS + 'handle-elicit',
};

export default class {
    afterCompile(module) {
        for (const [written, wanted] of Object.entries(NAMES)) {
            if (!module.getFunction(`assemblyscript/wasmote/${written}`)) {
                throw new Error(`${written} is not exported: the entry file needs \`export * from "./wasmote"\``);
            }
            module.removeExport(written);
            module.addFunctionExport(`assemblyscript/wasmote/${written}`, wanted);
        }
    }
}
