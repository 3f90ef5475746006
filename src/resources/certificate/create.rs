//! Creating a certificate: find or upload, wait, and keep whatever was made.

use super::super::Api;
use super::super::check::{certificate, zone_id};
use super::settle::{Settled, gone, pending, revive, settle, timed_out};
use super::upload::{Origin, Upload};
use super::{Certificate, stray};
use crate::cloudflare::{Key, Scope, Store};
use crate::framework::{Applied, Ctx, Operation, Planned, Timeouts};

pub(super) async fn create(
    ctx: &Ctx<Api>,
    store: Store,
    planned: Planned<Certificate>,
) -> Applied<Certificate> {
    let Planned { config, mut plan } = planned;
    let id = zone_id(&plan.zone_id)?;
    let leaf = certificate(&plan.certificate)?;
    plan.facts = leaf.facts().into();
    let zone = ctx.api.zone(&id);
    let duration = Timeouts::of(&plan.timeouts, Operation::Create);
    let scope = Scope::lasting(duration, ctx.cancel.clone());
    let upload = Upload::new((&zone, &scope, store), &config, leaf, Vec::new())?;
    let leaf = Key::leaf(store, &id, plan.facts.fingerprint());
    // Held to the end: what takes a hostname over may have to wait for this certificate.
    let claim = ctx.api.run().claim(leaf.clone());
    let _claim = claim.map_err(|_| upload.declared_twice())?;

    let found = match upload.find_or_upload().await? {
        Origin::Own(found) => found,
        Origin::WasThere(found) => {
            if upload.is_owned(&found) {
                return Err(upload.declared_twice().into());
            }
            ctx.warn(upload.adopted(&found));
            found
        }
    };
    let certificate_id = found.id.clone();
    let key = Key::certificate(store, &id, &certificate_id);
    ctx.api.run().own(key);
    ctx.api.run().own(leaf);

    let found = revive(&zone, &scope, store, found).await;
    let settled = match plan.wait_for_deployment.known() {
        Some(false) => Settled::Active(found),
        _ => settle(&zone, &scope, store, found).await,
    };
    // An error together with state would taint, and the next apply would delete a
    // certificate that may be serving by then.
    let (found, warning) = match settled {
        Settled::Active(found) => (found, None),
        Settled::TimedOut(found) => {
            let warning = timed_out(&found.id, &zone);
            (found, Some(warning))
        }
        Settled::Pending(found, error) => {
            let warning = pending(&found, &zone, &error);
            (found, Some(warning))
        }
        Settled::Gone => return Err(gone(&certificate_id, &zone).into()),
    };
    if let Some(warning) = warning {
        ctx.warn(warning.as_warning());
    }
    plan.set_found(&found);
    stray::report(ctx, &zone, &scope, store, &found.id).await;
    Ok(plan)
}
