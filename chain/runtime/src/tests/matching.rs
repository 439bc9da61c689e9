use super::*;
use pallet_wattfleet_settlement::{Error, Event, MatchFault};

type SettlementError = Error<Runtime>;

fn faults() -> Vec<MatchFault> {
	settlement_events()
		.into_iter()
		.filter_map(|event| match event {
			Event::MatchRejected { fault, .. } => Some(fault),
			_ => None,
		})
		.collect()
}

fn rates() -> Vec<(u32, u32, u32)> {
	settlement_events()
		.into_iter()
		.filter_map(|event| match event {
			Event::Traded { energy_wh, buyer_rate_micro, seller_rate_micro, .. } => {
				Some((energy_wh, buyer_rate_micro, seller_rate_micro))
			},
			_ => None,
		})
		.collect()
}

/// A bid of 1,000 Wh at 0.20 and an offer of 800 Wh at 0.15, the fee within the zone 0.01.
#[test]
fn each_match_is_checked_and_a_bad_one_does_not_spoil_the_others() {
	type Change = fn(&mut Order, &mut Order);
	let nothing: Change = |_, _| {};
	let table: &[(&str, Change, (u32, u32, u32), MatchFault)] = &[
		("an order that is not there", nothing, (0, 9, 1), MatchFault::UnknownOrder),
		("the wrong way round", nothing, (1, 0, 1), MatchFault::WrongSide),
		("nothing", nothing, (0, 1, 0), MatchFault::Amount),
		("more than the offer has", nothing, (0, 1, 801), MatchFault::Amount),
		("a price below offer and fee", |bid, _| bid.price_micro = 159_999, (0, 1, 1), MatchFault::Price),
		("a price below the fee", |bid, _| bid.price_micro = 1, (0, 1, 1), MatchFault::Price),
		("a type that the bid does not accept", |bid, _| bid.energy_types = 2, (0, 1, 1), MatchFault::EnergyType),
		("an order that has expired", |bid, _| bid.expires_at = START, (0, 1, 1), MatchFault::NotOpen),
	];
	for (name, change, pair, fault) in table {
		exchange(|| {
			let (buyer, seller, third) = (house(50), house(51), house(52));
			let (mut bid, mut offer) = (buyer.bid(1, 1_000, 200_000), seller.offer(1, 800, 150_000));
			change(&mut bid, &mut offer);
			enter(&[(&buyer, bid), (&seller, offer), (&third, third.bid(1, 100, 200_000))]);
			go_to(START + 6);
			matches(&[*pair, (2, 1, 100)]);
			assert_eq!(faults(), [*fault], "{name}");
			assert_eq!(rates(), [(100, 200_000, 190_000)], "{name}");
		});
	}
}

#[test]
fn pay_as_bid_fills_orders_at_most_once() {
	exchange(|| {
		let (buyer, seller) = (house(50), house_in(51, 2));
		enter(&[(&buyer, buyer.bid(1, 1_000, 200_000)), (&seller, seller.offer(1, 800, 150_000))]);
		let before = (buyer.locked(), seller.locked());
		matches(&[(0, 1, 500), (0, 1, 300), (0, 1, 1)]);
		assert_eq!(rates(), [(500, 200_000, 180_000), (300, 200_000, 180_000)], "between two zones the fee is 0.02");
		assert_eq!(faults(), [MatchFault::NotOpen]);
		assert_eq!((buyer.locked(), seller.locked()), before, "matching moves no money");
	});
}

#[test]
fn nobody_trades_with_itself() {
	exchange(|| {
		let house = house(50);
		let site = [60; 16];
		let key = ed25519::Pair::from_seed(&[60; 32]);
		Registry::set_site(signed(OPERATOR), site, COMMUNITY, house.member(), 1, 5_000, 5_000).unwrap();
		Registry::enrol_gateway(signed(OPERATOR), site, key.public().0).unwrap();
		let second = House { site, key, epoch: 1, ..house.clone() };
		enter(&[(&house, house.bid(1, 100, 200_000)), (&second, second.offer(1, 100, 100_000))]);
		matches(&[(0, 1, 100)]);
		assert_eq!(faults(), [MatchFault::SameMember]);
	});
}

#[test]
fn a_match_is_stale_once_trades_entered_after_the_block_it_was_computed_from() {
	exchange(|| {
		let (buyer, seller) = (house(50), house(51));
		enter(&[(&buyer, buyer.bid(1, 1_000, 200_000)), (&seller, seller.offer(1, 800, 150_000))]);
		let call = |from: u32| {
			let matches = vec![Match { bid: 0, offer: 1, energy_wh: 10 }].try_into().unwrap();
			Settlement::submit_matches(signed(MATCHER), COMMUNITY, SLOT, MarketKind::Spot, from, None, matches)
		};
		next_block();
		let now = System::block_number();
		assert_eq!(call(now), Err(SettlementError::Stale.into()), "a block is no history of itself");
		assert_eq!(call(now - 1), Ok(()));
		next_block();
		assert_eq!(call(now - 1), Err(SettlementError::Stale.into()));
		assert_eq!(call(now), Ok(()));
		go_to(SLOT - 59);
		next_block();
		assert_eq!(call(now + 1), Err(SettlementError::MarketClosed.into()));
	});
}

/// Pay-as-clear: once, after gate closure, at one rate; what bids had locked above it returns.
#[test]
fn a_uniform_market_clears_at_the_rate_of_its_first_batch() {
	in_exchange(CommunityRules { market_rule: MarketRule::Uniform, ..rules() }, || {
		let (a, b, seller) = (house(50), house(51), house(52));
		enter(&[
			(&a, a.bid(1, 1_000, 200_000)),
			(&b, b.bid(1, 1_000, 170_000)),
			(&seller, seller.offer(1, 2_000, 150_000)),
		]);
		assert_eq!(try_matches(&[(0, 2, 100)], Some(170_000)), Err(SettlementError::MarketClosed.into()));
		go_to(SLOT - 299);
		assert_eq!(try_matches(&[(0, 2, 100)], None), Err(SettlementError::WrongRate.into()));
		let locked = a.locked();
		assert_eq!(try_matches(&[(0, 2, 1_000), (1, 2, 600)], Some(170_000)), Ok(()));
		assert_eq!(rates(), [(1_000, 170_000, 160_000), (600, 170_000, 160_000)]);
		assert_eq!(locked - a.locked(), 1_000 * 30_000);
		assert_eq!(try_matches(&[(1, 2, 1)], Some(165_000)), Err(SettlementError::WrongRate.into()));
		assert_eq!(try_matches(&[(1, 2, 1)], Some(170_000)), Ok(()));
	});
	in_exchange(CommunityRules { market_rule: MarketRule::Uniform, ..rules() }, || {
		let (a, seller) = (house(50), house(52));
		enter(&[(&a, a.bid(1, 1_000, 170_000)), (&seller, seller.offer(1, 2_000, 150_000))]);
		go_to(SLOT - 299);
		for outside in [170_001, 159_999] {
			assert_eq!(try_matches(&[(0, 1, 100)], Some(outside)), Ok(()));
			assert_eq!(faults(), [MatchFault::Price], "a rate of {outside}");
		}
		assert_eq!(try_matches(&[(0, 1, 100)], Some(160_000)), Ok(()), "a refused match fixes no rate");
		assert_eq!(rates(), [(100, 160_000, 150_000)]);
	});
}

#[test]
fn a_site_has_no_more_trades_in_a_slot_than_can_be_corrected() {
	exchange(|| {
		let (buyer, seller) = (house(50), house(51));
		enter(&[(&buyer, buyer.bid(1, 1_000, 200_000)), (&seller, seller.offer(1, 800, 150_000))]);
		matches(&vec![(0, 1, 1); 257]);
		assert_eq!(rates().len(), 256);
		assert_eq!(faults(), [MatchFault::TooManyTrades]);
	});
}
