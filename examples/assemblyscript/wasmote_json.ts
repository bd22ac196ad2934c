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
        return raw != null && (isDigit(raw.charCodeAt(0)) || raw.startsWith("-")) ? integerOf(raw, otherwise) : otherwise;
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

/** The integer that a JSON number means, however it is written: 100, 100.0, 1e2. `otherwise`, if it is none of 32 bits. */
function integerOf(raw: string, otherwise: i32): i32 {
    const start = <i32>raw.startsWith("-");
    const e = max(raw.indexOf("e"), raw.indexOf("E"));
    const end = e < 0 ? raw.length : e;
    const point = raw.indexOf(".");
    let whole = (point < 0 ? end : point) - start; // so many digits are no fraction
    if (e >= 0) whole += exponent(raw, e + 1);
    let sum: i64 = 0;
    for (let at = start; (at < end || (whole > 0 && sum != 0)) && sum <= 0x80000000; at++) {
        if (at == point) continue;
        const digit = at < end ? raw.charCodeAt(at) - 0x30 : 0;
        if (whole-- > 0) {
            sum = sum * 10 + digit;
        } else if (digit != 0) {
            return otherwise;
        }
    }
    if (start) sum = -sum;
    return sum == <i32>sum ? <i32>sum : otherwise;
}

/** The integer behind an `e`; one that no number of 32 bits can have is any such. */
function exponent(raw: string, at: i32): i32 {
    const negative = raw.charAt(at) == "-";
    let value = 0;
    for (at += <i32>(negative || raw.charAt(at) == "+"); at < raw.length && value < 99999; at++) {
        value = value * 10 + raw.charCodeAt(at) - 0x30;
    }
    return negative ? -value : value;
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
