//! Whole watt-hours split by weights: largest remainder, ties by place.

use alloc::vec::Vec;

/// Splits `total` over the weights in proportion. Each gets its quota rounded down; what is left over goes, one by one, to
/// those with the largest remainders, the earlier first where they are equal. The parts add up to `total`, or are all zero
/// where the weights are.
pub fn by_largest_remainder(total: u64, weights: &[u64]) -> Vec<u64> {
	let whole: u128 = weights.iter().map(|weight| u128::from(*weight)).sum();
	if whole == 0 {
		return weights.iter().map(|_| 0).collect();
	}
	let quotas: Vec<(u64, u128)> = weights
		.iter()
		.map(|weight| {
			let product = u128::from(total).saturating_mul(u128::from(*weight));
			// at most `total`: a weight is part of the whole
			((product / whole) as u64, product % whole)
		})
		.collect();
	let mut parts: Vec<u64> = quotas.iter().map(|(part, _)| *part).collect();
	let given: u64 = parts.iter().sum();
	let mut order: Vec<usize> = (0..quotas.len()).collect();
	order.sort_by(|a, b| quotas[*b].1.cmp(&quotas[*a].1).then(a.cmp(b)));
	for place in order.into_iter().take(total.saturating_sub(given) as usize) {
		parts[place] = parts[place].saturating_add(1);
	}
	parts
}

/// A community's export split over its sites: what each gets of it and what each gives, in watt-hours.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Coefficients {
	pub bought_wh: Vec<u64>,
	pub sold_wh: Vec<u64>,
}

/// Splits by static shares (of any common unit) or, without them, in proportion to import. Nobody gets more than it
/// imported; a static share that its site cannot use goes to nobody. What all get is taken from the exporters in
/// proportion to export. All slices have one entry per site, in the order of their ids.
pub fn coefficients(exports_wh: &[u64], imports_wh: &[u64], shares: Option<&[u64]>) -> Coefficients {
	let exported: u64 = exports_wh.iter().sum();
	let bought_wh = match shares {
		Some(shares) => by_largest_remainder(exported, shares)
			.into_iter()
			.zip(imports_wh)
			.map(|(part, imported)| part.min(*imported))
			.collect(),
		None => by_largest_remainder(exported.min(imports_wh.iter().sum()), imports_wh),
	};
	let sold_wh = by_largest_remainder(bought_wh.iter().sum(), exports_wh);
	Coefficients { bought_wh, sold_wh }
}
