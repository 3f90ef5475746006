//! `doctor`: what is wrong with a zone, and what to do about it.

mod examine;
mod report;
mod table;

use std::ffi::OsString;
use std::time::Duration;

use lexopt::Arg::{Long, Short};

use super::inventory::{Inventory, Unread};
use super::{Context, Failed, answer, usual_zone, zone_id};
use crate::provider::Connection;
use crate::resources::unread;
use cloudflare::{Scope, ZoneId};
use report::{Access, Looked, Report, ZoneReport};

const HELP: &str = "\
Looks at the Authenticated Origin Pulls of zones, and says what is wrong:
certificates that expire, were not deployed, or serve nobody; hostnames and
settings that present nothing; and whether the API, the clock and the
credential are as they should be.

Usage: terraform-provider-aop doctor [--zone-id ID]... [--days N] [--json]

  --zone-id ID  a zone; may be repeated. Default: the environment variable
                CLOUDFLARE_ZONE_ID
  --days N      how many days before a certificate expires that is a finding;
                default 30
  --json        the same as JSON, version 1
  --help        print this text

Nothing is changed. Whether the credential may write is found by asking
Cloudflare to delete a certificate that cannot exist (its id is all zeros): the
answer is \"forbidden\" without the permission, and \"not found\" with it.
Credential, proxy and base URL are the provider's: CLOUDFLARE_API_TOKEN,
HTTPS_PROXY, CLOUDFLARE_BASE_URL.

Exit codes: 0 healthy, 1 findings, 2 could not look, 130 interrupted.
";

/// Who wants a diagnosis does not wait for an outage to end.
const PATIENCE: Duration = Duration::from_secs(60);
/// What the credential may write is asked last, and may stay unknown.
const PATIENCE_FOR_ACCESS: Duration = Duration::from_secs(20);
const MOST_RETRIES: u32 = 2;

/// What the command line says.
struct Arguments {
    zones: Vec<ZoneId>,
    days: i64,
    is_json: bool,
}

impl Arguments {
    /// None where help is wanted.
    fn parse(arguments: Vec<OsString>) -> Result<Option<Self>, Failed> {
        let mut said = Self {
            zones: Vec::new(),
            days: 30,
            is_json: false,
        };
        let mut arguments = lexopt::Parser::from_args(arguments);
        while let Some(argument) = arguments.next()? {
            match argument {
                Long("zone-id") => {
                    let zone = zone_id(&arguments.value()?)?;
                    if !said.zones.contains(&zone) {
                        said.zones.push(zone);
                    }
                }
                Long("days") => {
                    let value = arguments.value()?;
                    let days = value.to_str().and_then(|text| text.parse::<u16>().ok());
                    let days = days.ok_or_else(|| {
                        Failed("--days: write a whole number, such as 30.".to_owned())
                    })?;
                    said.days = i64::from(days);
                }
                Long("json") => said.is_json = true,
                Long("help") | Short('h') => return Ok(None),
                other => return Err(other.unexpected().into()),
            }
        }
        Ok(Some(said))
    }
}

/// Runs the command.
pub(super) async fn run(arguments: Vec<OsString>, context: &mut Context<'_>) -> Result<u8, Failed> {
    let Some(mut arguments) = Arguments::parse(arguments)? else {
        return answer(context, HELP).map(|()| 0);
    };
    if arguments.zones.is_empty() {
        arguments.zones.push(usual_zone(context.provider)?);
    }
    let report = look(&arguments, context).await;
    if context.cancel.is_cancelled() {
        return Err(Failed(String::new()));
    }
    let text = match arguments.is_json {
        true => report.to_json(),
        false => table::render(&report),
    };
    answer(context, &text)?;
    Ok(report.exit_code())
}

/// Looks at everything. What cannot be seen is a part of the report.
async fn look(arguments: &Arguments, context: &Context<'_>) -> Report {
    let connection = match context.provider.connect(Some(MOST_RETRIES)) {
        Ok(connection) => connection,
        Err(why) => return Report::unconnected(why),
    };
    let mut zones: Vec<ZoneReport> = Vec::new();
    let mut blocked: Option<Unread> = None;
    for id in &arguments.zones {
        // What keeps one zone from being reached keeps every other.
        let looked = match &blocked {
            Some(unread) => Err(unread.clone()),
            None => look_at(&connection, id, arguments.days, context).await,
        };
        let way = looked
            .as_ref()
            .err()
            .filter(|unread| unread.is_about_the_way);
        blocked = way.cloned();
        zones.push(ZoneReport {
            id: id.clone(),
            looked: looked.map_err(|unread| unread.why),
        });
    }
    Report::of(&connection, zones)
}

async fn look_at(
    connection: &Connection,
    id: &ZoneId,
    days: i64,
    context: &Context<'_>,
) -> Result<Looked, Unread> {
    let zone = connection.client.zone(id);
    let scope = Scope::lasting(PATIENCE, context.cancel.clone());
    let found = Inventory::read(&zone, &scope).await?;
    let scope = Scope::lasting(PATIENCE_FOR_ACCESS, context.cancel.clone());
    let access = match zone.may_write(&scope).await {
        Ok(true) => Access::Edit,
        Ok(false) => Access::Read,
        Err(error) => Access::Unknown(unread(&error, "Asking whether it may write")),
    };
    let examined = examine::examine(&found, zone.now(), days);
    Ok(Looked {
        access,
        clock_ahead: zone.clock_ahead(),
        is_on: found.is_on,
        global: found.global,
        hostnames: examine::count(&found.associations),
        certificates: examined.certificates,
        findings: examined.findings,
    })
}
