// SPDX-License-Identifier: MIT
// Just enough JSON to read the arguments of a call: values are slices of the text they stand in.

/** What a tool is called with: one JSON object, which the host has checked to be one. */
export class Arguments {
    constructor(private json: string) {}

    /** The string member of this name, or `otherwise`. */
    text(name: string, otherwise: string): string {
        const raw = this.member(name);
        return raw != null && raw.startsWith('"') ? unescape(raw) : otherwise;
    }

    /** The integer member of this name, or `otherwise`. */
    integer(name: string, otherwise: i32): i32 {
        const raw = this.member(name);
        return raw != null && (isDigit(raw.charCodeAt(0)) || raw.startsWith("-")) ? I32.parseInt(raw) : otherwise;
    }

    private member(name: string): string | null {
        let at = this.json.indexOf("{") + 1;
        while (true) {
            at = skip(this.json, at);
            const key = at;
            at = valueEnd(this.json, at);
            if (at == key) return null;
            const isIt = this.json.substring(key + 1, at - 1) == name;
            const value = skip(this.json, at);
            at = valueEnd(this.json, value);
            if (isIt) return this.json.substring(value, at);
        }
    }
}

function isDigit(c: i32): bool {
    return c >= 0x30 && c <= 0x39;
}

/** Behind white space, commas and colons. */
function skip(json: string, at: i32): i32 {
    while (at < json.length && " \t\r\n,:".includes(json.charAt(at))) at++;
    return at;
}

/** Where the value that starts at `at` ends; `at` itself at the end of the object. */
function valueEnd(json: string, at: i32): i32 {
    let depth = 0;
    for (; at < json.length; at++) {
        const c = json.charCodeAt(at);
        if (c == 0x22) {
            for (at++; json.charCodeAt(at) != 0x22; at++) {
                if (json.charCodeAt(at) == 0x5c) at++;
            }
        } else if (c == 0x7b || c == 0x5b) {
            depth++;
        } else if (c == 0x7d || c == 0x5d) {
            if (depth-- == 0) return at;
        } else if (depth == 0 && (c <= 0x20 || c == 0x2c || c == 0x3a)) {
            return at;
        } else {
            continue;
        }
        if (depth == 0 && (c == 0x22 || c == 0x7d || c == 0x5d)) return at + 1;
    }
    return at;
}

/** What a JSON string means; escapes are UTF-16, as AssemblyScript's strings are. */
function unescape(quoted: string): string {
    let meaning = "";
    let from = 1;
    const end = quoted.length - 1;
    while (from < end) {
        const at = quoted.indexOf("\\", from);
        if (at < 0) break;
        meaning += quoted.substring(from, at);
        const letter = quoted.charAt(at + 1);
        from = at + 2;
        if (letter == "u") {
            meaning += String.fromCharCode(<i32>I32.parseInt(quoted.substring(from, from + 4), 16));
            from += 4;
        } else {
            const known = "ntrbf".indexOf(letter);
            meaning += known < 0 ? letter : "\n\t\r\b\f".charAt(known);
        }
    }
    return meaning + quoted.substring(from, end);
}
