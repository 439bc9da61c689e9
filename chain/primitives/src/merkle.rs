//! The commitment to the energy messages of a slot: leaf = H(0x00 ‖ bytes ‖ signature), node = H(0x01 ‖ left ‖ right), a
//! node without a neighbour moves up unchanged (after RFC 6962, section 2.1).

use crate::sha256;
use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

/// A neighbour on the way up to the root.
#[derive(Encode, Decode, DecodeWithMemTracking, Clone, PartialEq, Eq, Debug, TypeInfo, MaxEncodedLen)]
pub struct ProofStep {
	/// Whether the neighbour stands on the left.
	pub on_left: bool,
	pub hash: [u8; 32],
}

fn node(left: &[u8], right: &[u8]) -> [u8; 32] {
	let bytes: Vec<u8> = [&[1u8], left, right].concat();
	sha256(&bytes)
}

/// Whether the root commits to this signed message.
pub fn is_included(bytes: &[u8], signature: &[u8; 64], proof: &[ProofStep], root: &[u8; 32]) -> bool {
	let leaf: Vec<u8> = [&[0u8], bytes, &signature[..]].concat();
	let top = proof.iter().fold(sha256(&leaf), |below, step| match step.on_left {
		true => node(&step.hash, &below),
		false => node(&below, &step.hash),
	});
	top == *root
}
