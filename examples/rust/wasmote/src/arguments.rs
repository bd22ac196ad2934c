// SPDX-License-Identifier: MIT
//! Just enough JSON to read the arguments of a call: values are slices of the text they stand in.

use alloc::string::String;

/// What a tool is called with: one JSON object, which the host has checked to be one.
pub struct Arguments<'a> {
    json: &'a str,
}

impl<'a> Arguments<'a> {
    pub fn new(json: &'a str) -> Self {
        Arguments { json }
    }

    /// The string member of this name, escapes resolved; None if there is none or it is no string.
    pub fn text(&self, name: &str) -> Option<String> {
        let raw = self.member(name)?;
        raw.strip_prefix('"').map(|rest| unescape(&rest[..rest.len() - 1]))
    }

    /// The integer member of this name; None if there is none or it is no integer.
    pub fn integer(&self, name: &str) -> Option<i64> {
        integer_of(self.member(name)?)
    }

    fn member(&self, name: &str) -> Option<&'a str> {
        let mut rest = self.json.trim_start().strip_prefix('{')?;
        loop {
            let key = take_value(&mut rest);
            let value = take_value(&mut rest);
            match key.strip_prefix('"') {
                Some(key) if &key[..key.len() - 1] == name => return Some(value),
                Some(_) => continue,
                None => return None, // the end of the object
            }
        }
    }
}

/// The integer that a JSON number means, however it is written: 100, 100.0, 1e2.
fn integer_of(raw: &str) -> Option<i64> {
    let number = raw.strip_prefix('-').unwrap_or(raw);
    if !number.starts_with(|letter: char| letter.is_ascii_digit()) {
        return None;
    }
    let digits = &number[..number.find(['e', 'E']).unwrap_or(number.len())];
    let mut whole = digits.find('.').unwrap_or(digits.len()) as i64; // so many digits are no fraction
    if digits.len() < number.len() {
        let power = &number[digits.len() + 1..];
        let endless = if power.starts_with('-') { -99999 } else { 99999 };
        whole += power.parse::<i16>().map_or(endless, i64::from);
    }
    let mut sum = 0i64;
    let mut letters = digits.bytes().filter(|letter| *letter != b'.');
    loop {
        let digit = match letters.next() {
            Some(letter) => i64::from(letter - b'0'),
            None if whole > 0 && sum != 0 => 0,
            None => return Some(sum),
        };
        whole -= 1;
        if whole >= 0 {
            sum = sum
                .checked_mul(10)?
                .checked_add(if number.len() < raw.len() { -digit } else { digit })?;
        } else if digit != 0 {
            return None;
        }
    }
}

/// Takes the next value, and what separates it from the one before, off `rest`; empty at the end of an object.
fn take_value<'a>(rest: &mut &'a str) -> &'a str {
    *rest = rest.trim_start_matches([' ', '\t', '\r', '\n', ',', ':']);
    let bytes = rest.as_bytes();
    let (mut at, mut depth) = (0, 0usize);
    while at < bytes.len() {
        match bytes[at] {
            b'"' => {
                at += 1;
                while bytes[at] != b'"' {
                    at += if bytes[at] == b'\\' { 2 } else { 1 };
                }
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' if depth == 0 => break,
            b'}' | b']' => depth -= 1,
            b',' | b':' | b' ' | b'\t' | b'\r' | b'\n' if depth == 0 => break,
            _ => {
                at += 1;
                continue;
            }
        }
        at += 1;
        if depth == 0 {
            break;
        }
    }
    let (value, behind) = rest.split_at(at);
    *rest = behind;
    value
}

/// What the inside of a JSON string means.
fn unescape(raw: &str) -> String {
    let mut meaning = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = rest.find('\\') {
        meaning.push_str(&rest[..at]);
        let letter = rest.as_bytes()[at + 1];
        rest = &rest[at + 2..];
        match letter {
            b'u' => meaning.push(unicode_escape(&mut rest)),
            b'n' => meaning.push('\n'),
            b't' => meaning.push('\t'),
            b'r' => meaning.push('\r'),
            b'b' => meaning.push('\u{8}'),
            b'f' => meaning.push('\u{c}'),
            other => meaning.push(other as char),
        }
    }
    meaning.push_str(rest);
    meaning
}

/// The character behind `\u`, of one escape or of a pair; half a pair is a replacement character.
fn unicode_escape(rest: &mut &str) -> char {
    let mut code = hex4(rest);
    *rest = rest.get(4..).unwrap_or("");
    if code & 0xfc00 == 0xd800 && rest.starts_with("\\u") {
        let low = hex4(&rest[2..]);
        if low & 0xfc00 == 0xdc00 {
            code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
            *rest = &rest[6..];
        }
    }
    char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER)
}

fn hex4(text: &str) -> u32 {
    text.get(..4)
        .and_then(|digits| u32::from_str_radix(digits, 16).ok())
        .unwrap_or(0xfffd)
}
