//! Serial numbers of certificates that are made here: 128 bits, of which the upper half may
//! say for what one was made, to whoever holds the authority's key.

use aws_lc_rs::rand::fill;

use super::Existing;
use super::leaf::parse;

const BYTES: usize = 16;
const HALF: usize = 8;

/// A serial number, most significant byte first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Serial([u8; BYTES]);

/// The upper half of a serial number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tag(pub(super) [u8; HALF]);

impl Serial {
    /// A random one; nothing where there is no randomness.
    pub fn random() -> Option<Self> {
        let mut bytes = [0; BYTES];
        fill(&mut bytes).ok()?;
        Some(Self(bytes))
    }

    /// A random one under this tag.
    pub fn tagged(tag: Tag) -> Option<Self> {
        let mut serial = Self::random()?;
        serial
            .0
            .iter_mut()
            .zip(tag.0)
            .for_each(|(to, from)| *to = from);
        Some(serial)
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl Tag {
    /// Whether a certificate's serial number is under this tag.
    pub fn marks(self, existing: &Existing) -> bool {
        let leaf = parse(&existing.leaf);
        let Some(serial) = leaf.as_ref().map(|leaf| leaf.raw_serial()) else {
            return false;
        };
        let zeros = serial.iter().take_while(|byte| **byte == 0).count();
        let digits = serial.get(zeros..).unwrap_or_default();
        let Some(before) = BYTES.checked_sub(digits.len()) else {
            return false;
        };
        let padded = [vec![0; before], digits.to_vec()].concat();
        padded.starts_with(&self.0)
    }
}
