//! The report as a person reads it: plain text in eighty columns.

use super::report::{Access, Finding, Hostnames, Looked, Report, Seen, store_name};
use framework::Diagnostic;

const WIDTH: usize = 80;
/// So much of a name is shown at least.
const SHORTEST_NAME: usize = 12;

/// The report as text.
pub(super) fn render(report: &Report) -> String {
    let mut text = String::new();
    match &report.api {
        Err(why) => text.push_str(&cannot_look("Cannot look", why)),
        Ok(api) => {
            let way = match &api.proxy {
                Some(proxy) => format!("through {proxy}"),
                None => "directly".to_owned(),
            };
            text.push_str(&format!("API         {}, {way}\n", api.base_url));
            text.push_str(&format!("Credential  {}\n", api.credential));
        }
    }
    for zone in &report.zones {
        text.push_str(&format!("\nZone {}\n", zone.id));
        text.push_str(&match &zone.looked {
            Ok(looked) => of_zone(looked),
            Err(why) => cannot_look("  Cannot look", why),
        });
    }
    text
}

fn cannot_look(begin: &str, why: &Diagnostic) -> String {
    let mut text = format!("{begin}: {}\n", why.summary);
    for paragraph in why.detail.lines() {
        text.push_str(&wrapped(paragraph, 4));
    }
    text
}

fn of_zone(looked: &Looked) -> String {
    let on = |is_on: bool| if is_on { "on" } else { "off" };
    let global = looked
        .global
        .map_or("not readable (Zone Settings: Read)", on);
    let permission = match &looked.access {
        Access::Unknown(why) => format!("Read; Edit is not known ({})", why.summary),
        known => known.as_str().unwrap_or_default().to_owned(),
    };
    let mut text = format!(
        "  Permission      SSL and Certificates: {}\n  Zone setting    {}\n  Global setting  {}\n  \
         Hostnames       {}\n",
        permission,
        on(looked.is_on),
        global,
        hostnames(looked.hostnames)
    );
    if !looked.certificates.is_empty() {
        text.push('\n');
        text.push_str(&certificates(&looked.certificates));
    }
    text.push('\n');
    match looked.findings.is_empty() {
        true => text.push_str("  Healthy: nothing was found.\n"),
        false => looked
            .findings
            .iter()
            .for_each(|found| text.push_str(&finding(found))),
    }
    text
}

fn hostnames(count: Hostnames) -> String {
    let others = [
        (count.not_active, "not active"),
        (count.disabled, "with enabled = false"),
    ];
    let others = others.into_iter().filter(|(count, _)| *count > 0);
    let parts = others.map(|(count, what)| format!(", {count} {what}"));
    format!("{}{}", count.all, parts.collect::<String>())
}

fn certificates(all: &[Seen]) -> String {
    let heads = ["CERTIFICATE", "STORE", "STATUS", "DAYS", "HOSTS", "NAME"];
    let mut rows = vec![heads.map(str::to_owned)];
    for seen in all {
        let hostnames = match seen.store {
            cloudflare::Store::Zone if seen.is_presented => "zone".to_owned(),
            cloudflare::Store::Zone => "-".to_owned(),
            cloudflare::Store::Hostname => seen.hostnames.to_string(),
        };
        let subject = seen.subject.as_deref().unwrap_or("(cannot be read)");
        let mut parts = subject.split(',');
        let name = parts.find_map(|part| part.strip_prefix("CN="));
        let name = name.unwrap_or(subject);
        rows.push([
            seen.id.as_str().chars().take(8).collect(),
            store_name(seen.store).to_owned(),
            seen.status.as_str().to_owned(),
            seen.days_left
                .map_or("?".to_owned(), |days| days.to_string()),
            hostnames,
            name.to_owned(),
        ]);
    }
    let widest = |rows: &[[String; 6]], column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        let widths = cells.map(|cell| cell.chars().count());
        widths.max().unwrap_or_default()
    };
    // The name gets what the other columns leave, with two spaces before each.
    let used: usize = (0..5).map(|column| 2 + widest(&rows, column)).sum();
    let room = WIDTH.saturating_sub(used + 2).max(SHORTEST_NAME);
    for row in &mut rows {
        if let Some(name) = row.last_mut() {
            *name = shortened(name, room);
        }
    }
    let widths: Vec<usize> = (0..heads.len())
        .map(|column| widest(&rows, column))
        .collect();
    let lines = rows.iter().map(|row| {
        let cells = row.iter().zip(&widths);
        let cells: Vec<String> = cells
            .map(|(cell, width)| format!("{cell:width$}"))
            .collect();
        format!("  {}\n", cells.join("  ").trim_end())
    });
    lines.collect()
}

fn shortened(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_owned(),
        Some(_) => text.chars().take(most - 1).chain(['\u{2026}']).collect(),
    }
}

fn finding(found: &Finding) -> String {
    let begin = format!("  {}: {}\n", found.severity.as_str(), found.object);
    let rest = format!("{} {}", found.message, found.advice);
    format!("{begin}{}", wrapped(&rest, 4))
}

/// A paragraph in lines of the usual width, so far indented.
fn wrapped(text: &str, indent: usize) -> String {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= WIDTH => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(format!("{:indent$}{word}", "")),
        }
    }
    lines.iter().map(|line| format!("{line}\n")).collect()
}
