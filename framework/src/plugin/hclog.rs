//! Log records as the host reads them: one JSON object a line on standard error.

use std::env;
use std::fmt::Write as _;
use std::io::Write as _;
use std::panic::PanicHookInfo;

use serde_json::{Map, Value as Json};
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::{Context, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

use text::visible;

use super::Program;

/// The host reads no line longer than 64 KiB as a record.
const LONGEST_TEXT: usize = 16 * 1024;
/// Starts logging at the level that the environment asks for, and makes every
/// panic a record.
pub fn start_logging(program: &Program) {
    let own = format!("TF_LOG_PROVIDER_{}", program.name.to_ascii_uppercase());
    let level = [own.as_str(), "TF_LOG_PROVIDER", "TF_LOG"]
        .iter()
        .find_map(|name| env::var(name).ok().filter(|value| !value.is_empty()))
        .map_or(LevelFilter::OFF, |level| parse(&level));
    let own = [env!("CARGO_CRATE_NAME")]
        .into_iter()
        .chain(program.crates.iter().copied());
    let filter = Targets::new().with_targets(own.map(|name| (name, level)));
    let hclog = Hclog {
        module: format!("provider.{}", program.name),
    };
    // A second subscriber can only come from a test; the first one stays.
    let _ = tracing_subscriber::registry()
        .with(hclog.with_filter(filter))
        .try_init();
    std::panic::set_hook(Box::new(record_panic));
}

/// As the host reads the same variables: anything it does not know means everything.
fn parse(level: &str) -> LevelFilter {
    match level.to_ascii_uppercase().as_str() {
        "OFF" => LevelFilter::OFF,
        "ERROR" => LevelFilter::ERROR,
        "WARN" => LevelFilter::WARN,
        "INFO" => LevelFilter::INFO,
        "DEBUG" => LevelFilter::DEBUG,
        _ => LevelFilter::TRACE,
    }
}

/// Says where, and what as long as it is a text of our own: a formatted message
/// could hold a value of the user's.
fn record_panic(panic: &PanicHookInfo<'_>) {
    let what = panic.payload().downcast_ref::<&'static str>();
    let what = what.unwrap_or(&"a panic");
    let place = panic
        .location()
        .map(ToString::to_string)
        .unwrap_or_default();
    tracing::error!(what, place, "panic in the provider");
    if tokio::task::try_id().is_none() {
        // No task to contain it: the process ends, and this is what hosts look for.
        let _ = writeln!(std::io::stderr(), "panic: {what}\n{place}");
    }
}

struct Hclog {
    /// By which the host knows who speaks.
    module: String,
}

impl<S: Subscriber> Layer<S> for Hclog {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut record = Record(Map::new());
        event.record(&mut record);
        let Record(mut fields) = record;
        fields.insert("@level".into(), level(*event.metadata().level()).into());
        fields.insert("@module".into(), self.module.clone().into());
        let timestamp = super::now().strftime("%Y-%m-%dT%H:%M:%S.%6fZ");
        fields.insert("@timestamp".into(), timestamp.to_string().into());
        fields.entry("@message").or_insert_with(|| "".into());
        let mut line = Json::Object(fields).to_string();
        line.push('\n');
        // There is nobody left to tell when standard error is gone.
        let _ = std::io::stderr().lock().write_all(line.as_bytes());
    }
}

fn level(level: Level) -> &'static str {
    match level {
        Level::ERROR => "error",
        Level::WARN => "warn",
        Level::INFO => "info",
        Level::DEBUG => "debug",
        Level::TRACE => "trace",
    }
}

struct Record(Map<String, Json>);

impl Record {
    fn set(&mut self, field: &Field, value: Json) {
        let name = match field.name() {
            "message" => "@message",
            name => name,
        };
        self.0.insert(name.to_owned(), value);
    }

    fn set_text(&mut self, field: &Field, text: &str) {
        let mut text = visible(text).into_owned();
        if text.len() > LONGEST_TEXT {
            let end = (0..=LONGEST_TEXT)
                .rev()
                .find(|&at| text.is_char_boundary(at));
            text.truncate(end.unwrap_or(0));
            text.push('…');
        }
        self.set(field, text.into());
    }
}

impl Visit for Record {
    fn record_i64(&mut self, field: &Field, value: i64) {
        self.set(field, value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.set(field, value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.set(field, value.into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.set_text(field, value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        let mut text = String::new();
        // Writing to memory does not fail.
        let _ = write!(text, "{value:?}");
        self.set_text(field, &text);
    }
}
