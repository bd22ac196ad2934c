// SPDX-License-Identifier: MIT
//! resistor: reads colour bands, and finds the two resistors of the E24 series for a voltage divider. `no_std`: the
//! whole component fits a board's memory beside others. Integers only, as the board may have no floating point unit.
#![no_std]
extern crate alloc;

use alloc::format;
use alloc::string::String;
use wasmote::{Answer, Arguments, Tool};

/// Black to white are the digits 0 to 9; gold and silver, at 10 and 11, only multiply or tell the tolerance.
const COLOURS: [&str; 12] = [
    "black", "brown", "red", "orange", "yellow", "green", "blue", "violet", "grey", "white", "gold", "silver",
];

/// Tolerance by the last band's colour.
const TOLERANCES: [Option<&str>; 12] = [
    None,
    Some("1 %"),
    Some("2 %"),
    None,
    None,
    Some("0.5 %"),
    Some("0.25 %"),
    Some("0.1 %"),
    Some("0.05 %"),
    None,
    Some("5 %"),
    Some("10 %"),
];

const E24: [u64; 24] = [
    10, 11, 12, 13, 15, 16, 18, 20, 22, 24, 27, 30, 33, 36, 39, 43, 47, 51, 56, 62, 68, 75, 82, 91,
];

/// 4700 as "4.7 kΩ"; the unit is a milliohm, so that 0.47 Ω can be said.
fn ohms(milli: u64) -> String {
    let (unit, name) = match milli {
        1_000_000_000.. => (1_000_000_000, " MΩ"),
        1_000_000.. => (1_000_000, " kΩ"),
        _ => (1000, " Ω"),
    };
    let digits = format!("{}.{:03}", milli / unit, milli % unit * 1000 / unit);
    format!("{}{name}", digits.trim_end_matches('0').trim_end_matches('.'))
}

fn resistor_read(given: &Arguments) -> Answer {
    let text = given
        .text("bands")
        .ok_or("\"bands\" is missing: give 3 to 6 colours, such as \"yellow violet red gold\"")?;
    let mut bands = [0usize; 6];
    let mut count = 0;
    for word in text.split([' ', ',', '-']).filter(|word| !word.is_empty()) {
        let colour = COLOURS.iter().position(|colour| word.eq_ignore_ascii_case(colour));
        let colour =
            colour.ok_or_else(|| format!("\"{word}\" is no colour of a resistor: use {}", COLOURS.join(", ")))?;
        *bands.get_mut(count).ok_or("there are more than 6 bands")? = colour;
        count += 1;
    }
    let digits = match count {
        3 | 4 => 2,
        5 | 6 => 3,
        _ => return Err(format!("a resistor has 3 to 6 bands, these are {count}")),
    };
    let mut milli = 1000u64;
    let mut value = 0u64;
    for &digit in &bands[..digits] {
        if digit > 9 {
            return Err(format!("{} is no digit: the first {digits} bands are", COLOURS[digit]));
        }
        value = value * 10 + digit as u64;
    }
    match bands[digits] {
        10 => milli = 100,
        11 => milli = 10,
        zeros => milli *= 10u64.pow(zeros as u32),
    }
    let tolerance = match count {
        3 => "20 %",
        _ => TOLERANCES[bands[digits + 1]].ok_or_else(|| format!("{} is no tolerance", COLOURS[bands[digits + 1]]))?,
    };
    Ok(format!("{} ± {tolerance}", ohms(value * milli)))
}

/// Of all pairs of E24 values within a decade of each other, the one whose output is nearest.
fn voltage_divider(given: &Arguments) -> Answer {
    let volts = |name: &str| match given.integer(name) {
        Some(value @ 1..=1_000_000) => Ok(value as u64),
        _ => Err(format!("\"{name}\" is missing or not 1 to 1000000: give millivolts")),
    };
    let (input, wanted) = (volts("in_mv")?, volts("out_mv")?);
    if wanted >= input {
        return Err("\"out_mv\" must be less than \"in_mv\"".into());
    }
    let mut best = (u64::MAX, 0, 0, 0);
    for upper in E24 {
        for lower in E24.iter().flat_map(|value| [value * 10, value * 100, *value]) {
            let upper = upper * 10;
            let output = (input * lower + (upper + lower) / 2) / (upper + lower); // rounded
            let candidate = (output.abs_diff(wanted), upper, lower, output);
            if candidate < best {
                best = candidate;
            }
        }
    }
    let (_, upper, lower, output) = best;
    let current = input * 1000 / ((upper + lower) * 100); // µA: a value is 100 Ω
    Ok(format!(
        "{} above {}: {output} mV, {current} µA",
        ohms(upper * 100_000),
        ohms(lower * 100_000)
    ))
}

wasmote::server!(
    "resistor",
    "1.0.0",
    [
        Tool {
            name: "resistor_read",
            title: Some("Read a resistor's bands"),
            description: "The value of a resistor by the colours of its bands.",
            schema: r#"{"type":"object","properties":{"bands":{"type":"string"}},"required":["bands"]}"#,
            call: resistor_read,
        },
        Tool {
            name: "voltage_divider",
            title: None,
            description: "Two resistors of the E24 series that divide a voltage as wanted.",
            schema: r#"{"type":"object","properties":{"in_mv":{"type":"integer"},"out_mv":{"type":"integer"}},"required":["in_mv","out_mv"]}"#,
            call: voltage_divider,
        },
    ]
);
