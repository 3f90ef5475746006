//! `export`: a zone as a configuration whose plan is its imports and nothing else.

mod folder;
mod hcl;
mod names;
mod render;

use std::ffi::OsString;
use std::path::PathBuf;

use lexopt::Arg::{Long, Short};

use super::inventory::Inventory;
use super::{Context, Failed, answer, counted, usual_zone, zone_id};
use cloudflare::{Scope, ZoneId};

const HELP: &str = "\
Writes the Authenticated Origin Pulls objects of a zone as a configuration:
resources, import blocks, and the certificates as PEM files. Its first plan
shows the imports and nothing else.

Usage: terraform-provider-aop export [--zone-id ID] [--out DIR] [--plural]

  --zone-id ID  the zone; default: the environment variable CLOUDFLARE_ZONE_ID
  --out DIR     the folder to write to; default: aop-ID. Nothing is overwritten
  --plural      all hostnames in one resource, aop_hostname_associations.
                Without it, each is a resource of its own, unless a certificate
                has more than 20 of them
  --help        print this text

It only reads: an API token with the permission \"SSL and Certificates: Read\"
will do (and \"Zone Settings: Read\", for the global setting). Credential, proxy
and base URL are the provider's: CLOUDFLARE_API_TOKEN, HTTPS_PROXY,
CLOUDFLARE_BASE_URL. Private keys are not exported: Cloudflare gives none out,
and none is needed until a certificate is rotated.

Exit codes: 0 written, 2 not written, 130 interrupted.
";

/// What the command line says.
struct Arguments {
    zone: Option<ZoneId>,
    out: Option<PathBuf>,
    plural: bool,
}

impl Arguments {
    /// None where help is wanted.
    fn parse(arguments: Vec<OsString>) -> Result<Option<Self>, Failed> {
        let mut said = Self {
            zone: None,
            out: None,
            plural: false,
        };
        let mut arguments = lexopt::Parser::from_args(arguments);
        while let Some(argument) = arguments.next()? {
            match argument {
                Long("zone-id") if said.zone.is_some() => {
                    let why = "--zone-id: an export is of one zone. Run it once for each.";
                    return Err(Failed(why.to_owned()));
                }
                Long("zone-id") => said.zone = Some(zone_id(&arguments.value()?)?),
                Long("out") => said.out = Some(arguments.value()?.into()),
                Long("plural") => said.plural = true,
                Long("help") | Short('h') => return Ok(None),
                other => return Err(other.unexpected().into()),
            }
        }
        Ok(Some(said))
    }
}

/// Runs the command.
pub(super) async fn run(arguments: Vec<OsString>, context: &mut Context<'_>) -> Result<u8, Failed> {
    let Some(arguments) = Arguments::parse(arguments)? else {
        return answer(context, HELP).map(|()| 0);
    };
    let zone = match arguments.zone {
        Some(zone) => zone,
        None => usual_zone(context.provider)?,
    };
    let out = arguments.out;
    let out = out.unwrap_or_else(|| PathBuf::from(format!("aop-{zone}")));
    let connection = context.provider.connect(None)?;
    let scope = Scope::reading(context.cancel.clone());
    let found = Inventory::read(&connection.client.zone(&zone), &scope).await?;
    let export = render::render(&zone, &found, arguments.plural);
    if context.cancel.is_cancelled() {
        return Err(Failed("Nothing was written.".to_owned()));
    }
    folder::write(&out, &export.files)?;
    let mut said = format!(
        "Zone {zone}: {}, {}, {}.\nWritten to {}.\n",
        counted(found.zone_certificates.len() as u64, "zone certificate"),
        counted(
            found.hostname_certificates.len() as u64,
            "hostname certificate"
        ),
        counted(found.associations.len() as u64, "hostname"),
        out.join("").display()
    );
    for remark in &export.remarks {
        said.push_str(&format!("\nNote: {remark}\n"));
    }
    said.push_str("\nNext: run `terraform init` and `terraform plan` in that folder.\n");
    let answered = answer(context, &said).map(|()| 0);
    answered.map_err(|Failed(why)| Failed(format!("{} is written. {why}", out.display())))
}
