//! The state does not grow with history.

use super::*;
use frame::deps::sp_io::storage;
use pallet_wattfleet_settlement::{Slots, Totals, Trades};

const BLOCKS: u64 = 10_000;
const BLOCK_S: u64 = 6;
const HOUSES: u8 = 10;
/// Blocks after which the first slot has been forgotten: from here on there is as much to forget as comes in.
const SETTLED_IN: u64 = 3_000;

/// A slot is over and forgotten within four hours and a quarter.
fn short_rules() -> CommunityRules {
	CommunityRules {
		spot_opens_s: 7_200,
		post_opens_s: 0,
		post_gate_closure_s: 0,
		post_match_deadline_s: 0,
		execution_after_s: 60,
		execution_latest_s: 3_600,
		disputes_s: 3_600,
		corrections_s: 7_200,
		..rules()
	}
}

/// All keys and values, in bytes.
fn state_bytes() -> usize {
	let mut bytes = 0;
	let mut key = vec![];
	while let Some(next) = storage::next_key(&key) {
		bytes += next.len() + storage::get(&next).map_or(0, |value| value.len());
		key = next;
	}
	bytes
}

/// The earliest slot whose gate is open for a while.
fn open_slot(now: Seconds) -> Seconds {
	(now + 360).div_ceil(900) * 900
}

fn settle_due(now: Seconds) {
	let due: Vec<Seconds> = Slots::<Runtime>::iter()
		.filter(|((_, slot), state)| !state.is_done() && now >= slot + 900 + 60)
		.map(|((_, slot), _)| slot)
		.collect();
	for slot_start in due {
		let slot = (COMMUNITY, slot_start);
		let allocations: Vec<Allocation> = Trades::<Runtime>::iter_prefix(slot)
			.map(|(trade, entry)| Allocation { trade, allocated_wh: entry.energy_wh })
			.collect();
		let message = Some(MessageId { epoch: 1, sequence: 1 });
		let deviations: Vec<Deviation> = Totals::<Runtime>::iter_prefix(slot)
			.map(|(site, _)| Deviation {
				site,
				shortfall_wh: 0,
				unused_wh: 0,
				missing_import: false,
				missing_export: false,
				message,
			})
			.collect();
		let call = pallet_wattfleet_settlement::Call::settle {
			community: COMMUNITY,
			slot_start,
			root: [1; 32],
			allocations: allocations.try_into().unwrap(),
			deviations: deviations.try_into().unwrap(),
		};
		dispatch(call, SETTLER).unwrap();
	}
}

#[test]
fn ten_thousand_blocks_of_trading_leave_the_state_as_large_as_it_was() {
	exchange_with(short_rules()).execute_with(|| {
		let houses: Vec<House> = (0..HOUSES).map(|n| house(50 + n)).collect();
		bond();
		let (mut sizes, mut waiting) = (vec![], None);
		for block in 0..BLOCKS {
			let now = START + block * BLOCK_S;
			go_to(now);
			idle(1);
			if let Some((slot_start, position)) = waiting.take() {
				let matches = vec![Match { bid: position, offer: position + 1, energy_wh: 8 }].try_into().unwrap();
				let call = pallet_wattfleet_settlement::Call::submit_matches {
					community: COMMUNITY,
					slot_start,
					kind: MarketKind::Spot,
					computed_from: System::block_number() - 1,
					rate_micro: None,
					matches,
				};
				dispatch(call, MATCHER).unwrap();
			}
			let slot_start = open_slot(now);
			let market = (COMMUNITY, slot_start, MarketKind::Spot);
			let position = pallet_wattfleet_orderbook::Books::<Runtime>::get(market).entered;
			let at = (block % u64::from(HOUSES)) as usize;
			let (buyer, seller) = (&houses[at], &houses[(at + 1) % houses.len()]);
			let bid = Order { slot_start, ..buyer.bid(2 * block, 10, 200_000) };
			let offer = Order { slot_start, ..seller.offer(2 * block + 1, 10, 100_000) };
			enter(&[(buyer, bid), (seller, offer)]);
			if slot_start - 300 >= now + 2 * BLOCK_S {
				waiting = Some((slot_start, position));
			}
			settle_due(now);
			if block % 500 == 499 && block >= SETTLED_IN {
				assert_eq!(Settlement::check_money(), Ok(()));
				sizes.push(state_bytes());
			}
		}
		println!("bytes of state every 500 blocks from {SETTLED_IN} on: {sizes:?}");
		let (earlier, later) = sizes.split_at(sizes.len() / 2);
		let most = |sizes: &[usize]| sizes.iter().copied().max().unwrap();
		// where in a slot and in a page a measurement falls makes a few per cent
		assert!(most(later) * 100 <= most(earlier) * 105, "the state grew: {sizes:?}");
	});
}
