//! rsigma as a contestant (contest.py has the protocol).
//!
//!     sigma_peer DATA RULES.yml
//!
//! RULES: Sigma rules, one document each; the title is the rule's number. Each event is parsed by serde_json
//! and asked of the engine as rsigma's own evaluation does, with its default settings; no event is kept
//! in a result.

use std::fmt::Write as _;
use std::io::{BufRead, Write as _};
use std::time::Instant;

use rsigma_eval::{Engine, JsonEvent};
use rsigma_parser::parse_sigma_yaml;
use serde_json::Value;

struct Contestant {
    data: String,
    lines: Vec<(usize, usize)>,
    engine: Engine,
}

impl Contestant {
    fn pass(&self, first: usize, count: usize, mut per_rule: Option<&mut Vec<u64>>) -> u64 {
        let mut matches = 0;
        for k in 0..count {
            let (from, to) = self.lines[(first + k) % self.lines.len()];
            let value: Value = serde_json::from_str(&self.data[from..to]).expect("an event is JSON");
            let found = self.engine.evaluate(&JsonEvent::borrow(&value));
            matches += found.len() as u64;
            if let Some(counts) = per_rule.as_deref_mut() {
                for result in &found {
                    let rule: usize = result.header.rule_title.parse().expect("a title is a number");
                    counts[rule] += 1;
                }
            }
        }
        matches
    }

    fn answer(&self, words: &[&str]) -> String {
        let number = |at: usize| -> usize { words[words.len() - at].parse().expect("a number") };
        let (first, count) = (number(2), number(1));
        if words[0] == "counts" {
            let mut per_rule = vec![0; self.engine.rule_count()];
            let matches = self.pass(first, count, Some(&mut per_rule));
            let mut text = String::new();
            for each in per_rule {
                writeln!(text, "{each}").expect("memory");
            }
            std::fs::write(words[1], text).expect("the file can be written");
            return format!("counts {matches}");
        }
        let began = Instant::now();
        let matches = self.pass(first, count, None);
        format!("pass {} {}", began.elapsed().as_nanos(), matches)
    }
}

fn resident_kb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok()).unwrap_or(0)
}

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let data = std::fs::read_to_string(&args[1]).expect("the data can be read");
    let rules = std::fs::read_to_string(&args[2]).expect("the rules can be read");
    let mut lines = Vec::new();
    let mut at = 0;
    for line in data.split_inclusive('\n') {
        lines.push((at, at + line.trim_end().len()));
        at += line.len();
    }
    let before = resident_kb();
    let began = Instant::now();
    let collection = parse_sigma_yaml(&rules).expect("the rules parse");
    let mut engine = Engine::new();
    engine.add_collection(&collection).expect("the rules compile");
    let took = began.elapsed().as_nanos();
    println!("ready {} {} {}", took, resident_kb().saturating_sub(before), lines.len());
    let contestant = Contestant { data, lines, engine };
    for line in std::io::stdin().lock().lines() {
        let line = line.expect("standard input can be read");
        println!("{}", contestant.answer(&line.split(' ').collect::<Vec<_>>()));
        std::io::stdout().flush().expect("standard output can be written");
    }
}
