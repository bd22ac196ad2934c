// SPDX-License-Identifier: MIT
//! logscan: what a log is about. Rust with std as it is, target wasm32-wasip2: collections, println! (which arrives as a
//! log message), the clock, the component's environment.

use std::collections::BTreeMap;
use std::env;
use std::fmt::Write;
use std::time::{Instant, SystemTime, UNIX_EPOCH};
use wasmote::{Answer, Arguments, Tool};

const LEVELS: [&str; 5] = ["DEBUG", "INFO", "WARN", "ERROR", "FATAL"];

/// A line with its numbers blanked: lines that differ in nothing else are the same message.
fn shape(line: &str) -> String {
    let mut shape = String::with_capacity(line.len());
    for c in line.chars() {
        let c = if c.is_ascii_digit() { '#' } else { c };
        if c != '#' || !shape.ends_with('#') {
            shape.push(c);
        }
    }
    shape
}

fn log_summary(given: &Arguments) -> Answer {
    let started = Instant::now();
    let text = given.text("text").ok_or("\"text\" is missing")?;
    let most = env::var("TOP").ok().and_then(|most| most.parse().ok()).unwrap_or(3);
    let mut levels = BTreeMap::new();
    let mut shapes = BTreeMap::<String, usize>::new();
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        if let Some(level) = LEVELS.into_iter().find(|level| line.contains(level)) {
            *levels.entry(level).or_insert(0) += 1;
        }
        *shapes.entry(shape(line)).or_default() += 1;
    }
    let mut answer = format!("{} lines", text.lines().count());
    for level in LEVELS {
        if let Some(count) = levels.get(level) {
            write!(answer, ", {count} {level}").unwrap();
        }
    }
    let mut frequent: Vec<_> = shapes.into_iter().collect();
    frequent.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    for (shape, count) in frequent.into_iter().take(most) {
        write!(answer, "\n{count} × {shape}").unwrap();
    }
    println!("{} bytes in {:?}", text.len(), started.elapsed());
    Ok(answer)
}

fn clock(_: &Arguments) -> Answer {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_err(|_| "the clock is before 1970")?;
    Ok(format!("{} seconds since 1970", now.as_secs()))
}

wasmote::server!(
    "logscan",
    "1.0.0",
    [
        Tool {
            name: "log_summary",
            title: Some("Summarize a log"),
            description: "Counts a log's lines by level and shows its most frequent messages, numbers blanked.",
            schema: r#"{"type":"object","properties":{"text":{"type":"string"}},"required":["text"]}"#,
            call: log_summary,
        },
        Tool {
            name: "clock",
            title: None,
            description: "What the board takes for the time.",
            schema: r#"{"type":"object"}"#,
            call: clock,
        },
    ]
);
