//! `cargo xtask record`: the demo once more, its story as a picture of a terminal for the README.

use std::fs;
use std::process::{Command, Stdio};

use xtask::{Outcome, root};

/// Where the picture is, below the repository.
const PICTURE: &str = ".github/demo.svg";
/// In pixels.
const LINE: usize = 18;
const CHARACTER: usize = 8;
const MARGIN: usize = 16;
/// What of the demo's output is its story; the rest are the CLI's own words.
const TOLD: [&str; 5] = [
    "\u{2501}\u{2501}",
    "handshakes",
    "requests to the API",
    "rotated both",
    "Left at the API",
];

/// Runs the demo and draws what it says.
pub(crate) fn record() -> Outcome<()> {
    let ran = Command::new(std::env::current_exe()?)
        .arg("demo")
        .stderr(Stdio::inherit())
        .output()?;
    if !ran.status.success() {
        return Err("the demo failed, and nothing was recorded".into());
    }
    let said = String::from_utf8(ran.stdout)?;
    let lines = said
        .lines()
        .filter(|line| TOLD.iter().any(|told| line.contains(told)));
    let lines: Vec<&str> = std::iter::once("$ cargo xtask demo").chain(lines).collect();
    fs::write(root().join(PICTURE), picture(&lines))?;
    println!("{PICTURE}: {} lines", lines.len());
    Ok(())
}

/// The lines in a terminal.
fn picture(lines: &[&str]) -> String {
    let widest = lines.iter().map(|line| line.chars().count()).max();
    let width = 2 * MARGIN + CHARACTER * widest.unwrap_or_default();
    let height = 2 * MARGIN + LINE * lines.len();
    let texts = (1..).zip(lines).map(|(number, line)| {
        let color = match line {
            line if line.starts_with('$') => "#7ee787",
            line if line.contains(" 0 of ") || line.contains(" 0 refused") => "#7ee787",
            line if line.contains('\u{2501}') => "#79c0ff",
            _ => "#e6edf3",
        };
        let y = MARGIN + LINE * number - 5;
        format!(
            "<text x=\"{MARGIN}\" y=\"{y}\" fill=\"{color}\">{}</text>\n",
            escaped(line)
        )
    });
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" role=\"img\" \
         aria-label=\"The demo in a terminal\">\n<rect width=\"100%\" height=\"100%\" rx=\"8\" \
         fill=\"#0d1117\"/>\n<g font-family=\"monospace\" font-size=\"13\" xml:space=\"preserve\">\n\
         {}</g>\n</svg>\n",
        texts.collect::<String>()
    )
}

/// Text as XML.
fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;");
    text.replace('<', "&lt;").replace('>', "&gt;")
}
