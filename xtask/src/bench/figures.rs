//! The figures of one run: printed as they come, beside those of another run where there is
//! one, and kept for the next comparison.

use std::collections::BTreeMap;
use std::path::Path;

use xtask::{Outcome, root};

/// All figures so far.
#[derive(Default)]
pub(super) struct Figures {
    before: BTreeMap<String, f64>,
    kept: Vec<String>,
}

impl Figures {
    /// Figures beside those of a file that an earlier run has kept.
    pub(super) fn beside(file: &Path) -> Outcome<Self> {
        let text = std::fs::read_to_string(file).map_err(|why| format!("{file:?}: {why}"))?;
        let rows = text.lines().filter_map(|line| {
            let (name, figure) = line.rsplit_once('\t')?;
            Some((name.to_owned(), figure.parse().ok()?))
        });
        Ok(Self {
            before: rows.collect(),
            kept: Vec::new(),
        })
    }

    /// Notes a figure. Names are unique within a run.
    pub(super) fn note(&mut self, name: &str, figure: f64, unit: &str) {
        let name = format!("{name}, {unit}");
        let ratio = match self.before.get(&name) {
            Some(before) if *before > 0.0 => {
                format!("{before:>10.2} before, {:>5.2} times", figure / before)
            }
            Some(before) => format!("{before:>10.2} before"),
            None => String::new(),
        };
        println!("{name:<64} {figure:>10.2} {ratio}");
        self.kept.push(format!("{name}\t{figure}\n"));
    }

    /// A line above the figures that follow.
    pub(super) fn title(&self, text: &str) {
        println!("\n{text}");
    }

    /// Keeps the figures in `target/bench.tsv`.
    pub(super) fn keep(&self) -> Outcome<()> {
        let file = root().join("target/bench.tsv");
        std::fs::write(&file, self.kept.concat())?;
        println!("\nKept in target/bench.tsv, for cargo xtask bench --compare FILE");
        Ok(())
    }
}
