//! Many associations: few requests, and of a refused one only the culprits fail.

use super::association::PER_WRITE;
use super::{AssociationWrite, Error, Scope, Zone};

/// What became of many writes. Those that were no longer wanted are in neither list.
#[derive(Default)]
pub struct Batch {
    /// Carried out.
    pub accepted: Vec<AssociationWrite>,
    /// Not carried out, as far as is known, and why.
    pub refused: Vec<(AssociationWrite, Error)>,
}

impl Zone<'_> {
    /// Writes associations, a hundred with each request. A request that is refused for
    /// what it says is halved until only the culprits are left; after any other failure
    /// nothing more is sent.
    pub async fn write_many(
        &self,
        scope: &Scope,
        writes: &[AssociationWrite],
        wanted: impl Fn(&AssociationWrite) -> bool,
    ) -> Batch {
        let mut batch = Batch::default();
        let mut left: Vec<&[AssociationWrite]> = writes.chunks(PER_WRITE).rev().collect();
        while let Some(chunk) = left.pop() {
            match self.write_associations(scope, chunk, &wanted).await {
                Ok(None) => {}
                Ok(Some(_)) => {
                    let sent = chunk.iter().filter(|write| self.has_written(write));
                    batch.accepted.extend(sent.cloned());
                }
                Err(error) if error.is_about_content() && chunk.len() > 1 => {
                    let (first, second) = chunk.split_at(chunk.len() / 2);
                    left.extend([second, first]);
                }
                Err(error) => {
                    let refused = |write: &AssociationWrite| (write.clone(), error.clone());
                    batch.refused.extend(chunk.iter().map(refused));
                    if !error.is_about_content() {
                        let rest = left.drain(..).rev().flatten();
                        batch.refused.extend(rest.map(refused));
                    }
                }
            }
        }
        batch
    }
}
