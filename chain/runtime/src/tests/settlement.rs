use super::*;
use pallet_wattfleet_settlement::{Error, Event, SiteFlow, Source};
use wattfleet_primitives::{merkle::ProofStep, sha256};

type SettlementError = Error<Runtime>;

const DUE: Seconds = SLOT + 900 + 3_900;
const LATEST: Seconds = SLOT + 900 + 86_400;
const ROOT: [u8; 32] = [3; 32];

/// 1,000 Wh at 0.20 between a buyer and a seller of one zone (trade 1), with its slot over and a bond at stake.
fn one_trade() -> (House, House) {
	let (buyer, seller) = (house(50), house(51));
	enter(&[(&buyer, buyer.bid(1, 1_000, 200_000)), (&seller, seller.offer(1, 1_000, 150_000))]);
	matches(&[(0, 1, 1_000)]);
	bond();
	go_to(DUE);
	next_block();
	(buyer, seller)
}

#[test]
fn execution_pays_the_seller_and_the_grid_and_returns_the_rest() {
	exchange(|| {
		let (buyer, seller) = one_trade();
		try_settle(ROOT, &[(1, 800)], &[deviation(&seller, 200, 0), deviation(&buyer, 0, 100)]).unwrap();
		assert_eq!(buyer.free(), FUNDS - 800 * 200_000 - 100 * Nano::from(UNUSED_MICRO));
		assert_eq!(seller.free(), FUNDS + 800 * 190_000 - 200 * Nano::from(SHORTFALL_MICRO));
		assert_eq!(free(GRID_ACCOUNT), 800 * 10_000);
		assert_eq!(free(BALANCING), 100 * Nano::from(UNUSED_MICRO) + 200 * Nano::from(SHORTFALL_MICRO));
		assert_eq!((buyer.locked(), seller.locked()), (0, 0));
	});
}

#[test]
fn the_engine_cannot_settle_what_the_rules_forbid() {
	exchange(|| {
		let (buyer, seller) = one_trade();
		let refused = |allocations: &[(u64, u32)], deviations: &[Deviation], error: SettlementError| {
			assert_eq!(try_settle(ROOT, allocations, deviations), Err(error.into()), "{allocations:?} {deviations:?}");
			assert_eq!(Settlement::check_money(), Ok(()));
		};
		let missing = |of: &House, wh| Deviation { missing_export: true, message: None, ..deviation(of, wh, 0) };
		let both = |short| vec![deviation(&seller, short, 0), deviation(&buyer, 0, 0)];
		refused(&[(1, 1_000)], &[], SettlementError::NotSettled);
		refused(&[(1, 1_000)], &[deviation(&seller, 0, 0)], SettlementError::NotSettled);
		refused(&[(2, 1)], &both(0), SettlementError::UnknownTrade);
		refused(&[], &[deviation(&seller, 1_001, 0)], SettlementError::DeviationTooLarge);
		refused(&[], &[deviation(&buyer, 1, 0)], SettlementError::DeviationTooLarge);
		refused(&[], &[deviation(&house(52), 0, 0)], SettlementError::UnknownSite);
		refused(&[], &[missing(&seller, 1_000)], SettlementError::MissingTooEarly);
		for wrong in [0, 899, 901, 1_000] {
			refused(&[(1, wrong)], &both(100), SettlementError::AllocatedWrong);
		}
		refused(&[(1, 900), (1, 900)], &both(100), SettlementError::AlreadyExecuted);
		let unnamed = |message| Deviation { message, ..deviation(&seller, 0, 0) };
		refused(&[], &[unnamed(None)], SettlementError::MessageUnnamed);
		for (epoch, sequence) in [(2, 1), (1, 1 << 53)] {
			refused(&[], &[unnamed(Some(MessageId { epoch, sequence }))], SettlementError::MessageUnnamed);
		}
		go_to(LATEST);
		refused(&[], &[missing(&seller, 500)], SettlementError::MissingByRule);
		try_settle([4; 32], &[], &[]).unwrap();
		try_settle(ROOT, &[(1, 0)], &[missing(&seller, 1_000), deviation(&buyer, 0, 0)]).unwrap();
		refused(&[], &[deviation(&seller, 0, 0)], SettlementError::AlreadySettled);
		assert_eq!(try_settle([4; 32], &[], &[]), Err(SettlementError::RootDiffers.into()));
	});
	exchange(|| {
		let (buyer, seller) = (house(50), house(51));
		enter(&[(&buyer, buyer.bid(1, 1_000, 200_000)), (&seller, seller.offer(1, 1_000, 150_000))]);
		matches(&[(0, 1, 1_000)]);
		go_to(DUE - 1);
		assert_eq!(try_settle(ROOT, &[(1, 0)], &[]), Err(SettlementError::TooEarly.into()));
		go_to(DUE);
		assert_eq!(try_settle(ROOT, &[(1, 0)], &[]), Err(SettlementError::BondTooSmall.into()));
	});
}

/// Who gets the watt-hours that rounding lost is the engine's choice, within what each side has.
#[test]
fn no_site_is_allocated_more_than_it_delivered_or_took() {
	exchange(|| {
		let (buyer, a, b) = (house(50), house(51), house(52));
		enter(&[(&buyer, buyer.bid(1, 100, 200_000)), (&a, a.offer(1, 33, 1)), (&b, b.offer(1, 67, 1))]);
		matches(&[(0, 1, 33), (0, 2, 67)]);
		bond();
		go_to(DUE);
		let sites = [deviation(&buyer, 0, 50), deviation(&a, 0, 0), deviation(&b, 0, 0)];
		assert_eq!(try_settle(ROOT, &[(1, 17), (2, 34)], &sites), Err(SettlementError::AllocatedWrong.into()));
		assert_eq!(try_settle(ROOT, &[(1, 16), (2, 34)], &sites), Ok(()));
	});
}

/// A message of the seller's, alone in its slot's root.
fn root_of(message: &SignedItem) -> [u8; 32] {
	sha256(&[&[0], &message.bytes[..], &message.signature[..]].concat())
}

fn reveal(of: &House, message: &SignedItem, proof: Option<Vec<ProofStep>>, trades: &[u64]) -> DispatchResult {
	dispatch(
		pallet_wattfleet_settlement::Call::reveal {
			community: COMMUNITY,
			slot_start: SLOT,
			site: of.site,
			message: message.clone(),
			proof: proof.map(|steps| steps.try_into().unwrap()),
			trades: trades.to_vec().try_into().unwrap(),
		},
		of.name,
	)
}

#[test]
fn a_revealed_reading_that_the_root_commits_to_corrects_the_money_and_takes_the_bond() {
	exchange(|| {
		let (buyer, seller) = one_trade();
		let message = seller.energy(100, 0, 1_000);
		// the engine claims that nothing was delivered
		try_settle(root_of(&message), &[(1, 0)], &[deviation(&seller, 1_000, 0), deviation(&buyer, 0, 0)]).unwrap();
		assert_eq!(seller.free(), FUNDS - 1_000 * Nano::from(SHORTFALL_MICRO));
		next_block();
		reveal(&seller, &message, Some(vec![]), &[1]).unwrap();
		assert_eq!(seller.free(), FUNDS + 1_000 * 190_000);
		assert_eq!(buyer.free(), FUNDS - 1_000 * 200_000);
		assert_eq!((free(GRID_ACCOUNT), free(BALANCING)), (1_000 * 10_000, BOND.into()));
		assert!(settlement_events().contains(&Event::EngineSlashed {
			community: COMMUNITY,
			slot_start: SLOT,
			site: seller.site,
			engine: account(SETTLER),
			amount: BOND.into(),
		}));
		assert_eq!(try_settle(root_of(&message), &[], &[]), Err(SettlementError::BondTooSmall.into()));
		assert_eq!(reveal(&seller, &message, Some(vec![]), &[1]), Err(SettlementError::Superseded.into()));
	});
}

/// A lie costs the stake also where official values have put the money right already.
#[test]
fn an_official_value_does_not_save_an_engine_that_lied() {
	exchange(|| {
		let (buyer, seller) = one_trade();
		let message = seller.energy(100, 0, 1_000);
		try_settle(root_of(&message), &[(1, 0)], &[deviation(&seller, 1_000, 0), deviation(&buyer, 0, 0)]).unwrap();
		correct(&seller, Some(0), Some(1_000), &[1]).unwrap();
		reveal(&seller, &message, Some(vec![]), &[1]).unwrap();
		assert_eq!(locked(SETTLER), 0);
		assert_eq!(
			reveal(&seller, &seller.energy(101, 0, 5), None, &[1]),
			Err(SettlementError::OfficialValueStands.into())
		);
	});
}

#[test]
fn a_later_message_corrects_without_fault_of_the_engine() {
	exchange(|| {
		let (buyer, seller) = one_trade();
		try_settle(ROOT, &[(1, 900)], &[deviation(&seller, 100, 0), deviation(&buyer, 0, 0)]).unwrap();
		next_block();
		let refused = |message: &SignedItem, error: SettlementError| {
			assert_eq!(reveal(&seller, message, None, &[1]), Err(error.into()));
		};
		refused(&seller.energy(101, 0, 900), SettlementError::NothingToCorrect);
		refused(&seller.energy(100, 0, 1_000), SettlementError::NotInRoot);
		refused(&buyer.energy(101, 0, 1_000), SettlementError::WrongMessage);
		refused(&seller.sign(seller.bid(1, 1, 1).encode()), SettlementError::NotAnEnergyMessage);
		let mut forged = seller.energy(101, 0, 1_000);
		forged.signature[3] ^= 1;
		refused(&forged, SettlementError::BadSignature);
		let later = seller.energy(101, 0, 1_000);
		assert_eq!(reveal(&seller, &later, None, &[]), Err(SettlementError::TradesIncomplete.into()));
		let as_another = House { name: buyer.name, ..seller.clone() };
		assert_eq!(reveal(&as_another, &later, None, &[1]), Err(SettlementError::NotYourSite.into()));
		reveal(&seller, &later, None, &[1]).unwrap();
		assert_eq!(seller.free(), FUNDS + 1_000 * 190_000);
		assert_eq!(locked(SETTLER), BOND.into());
		refused(&seller.energy(99, 0, 500), SettlementError::Superseded);
		let (community, slot_start, site) = (COMMUNITY, SLOT, seller.site);
		let enforce = pallet_wattfleet_settlement::Call::enforce { community, slot_start, site };
		assert_eq!(dispatch(enforce, 99), Err(SettlementError::NotChallenged.into()));
		go_to(DUE + 604_801);
		refused(&seller.energy(102, 0, 500), SettlementError::DisputesEnded);
	});
}

/// The engine names a message that is later than the member's and in no root: it cannot show it, and loses its stake.
#[test]
fn an_engine_that_names_a_message_that_there_is_not_loses_its_stake_after_a_day() {
	exchange(|| {
		let (buyer, seller) = one_trade();
		try_settle(ROOT, &[(1, 0)], &[deviation(&seller, 1_000, 0), deviation(&buyer, 0, 0)]).unwrap();
		let (community, slot_start, site) = (COMMUNITY, SLOT, seller.site);
		let enforce = || dispatch(pallet_wattfleet_settlement::Call::enforce { community, slot_start, site }, 99);
		assert_eq!(enforce(), Err(SettlementError::NotChallenged.into()));
		reveal(&seller, &seller.energy(7, 0, 1_000), None, &[1]).unwrap();
		assert_eq!(seller.free(), FUNDS + 1_000 * 190_000, "the member's word stands until the engine answers");
		assert_eq!(enforce(), Err(SettlementError::AnswerAwaited.into()));
		go_to(DUE + 86_401);
		assert_eq!(enforce(), Ok(()));
		assert_eq!((locked(SETTLER), free(BALANCING)), (0, BOND.into()));
		assert_eq!(enforce(), Err(SettlementError::NotChallenged.into()), "once");
	});
}

#[test]
fn an_honest_engine_answers_an_old_message_by_the_one_that_it_named() {
	exchange(|| {
		let (buyer, seller) = one_trade();
		let named = seller.energy(100, 0, 400);
		let sites = [deviation(&seller, 600, 0), deviation(&buyer, 0, 0)];
		try_settle(root_of(&named), &[(1, 400)], &sites).unwrap();
		let settled = (buyer.free(), seller.free());
		let as_engine = House { name: SETTLER, ..seller.clone() };
		assert_eq!(reveal(&as_engine, &named, Some(vec![]), &[1]), Err(SettlementError::NotYourSite.into()), "unasked");
		reveal(&seller, &seller.energy(7, 0, 1_000), None, &[1]).unwrap();
		assert_ne!((buyer.free(), seller.free()), settled);
		reveal(&as_engine, &named, Some(vec![]), &[1]).unwrap();
		assert_eq!((buyer.free(), seller.free()), settled);
		assert_eq!(locked(SETTLER), BOND.into());
		assert_eq!(reveal(&seller, &seller.energy(8, 0, 1_000), None, &[1]), Err(SettlementError::Superseded.into()));
	});
}

/// What the member or the grid operator does after a challenge, and when it was made, cannot keep the engine from answering.
#[test]
fn a_challenge_can_be_answered_whatever_happens_meanwhile() {
	type Meanwhile = fn(&House);
	let later: Meanwhile = |seller| reveal(seller, &seller.energy(200, 0, 900), None, &[1]).unwrap();
	let official: Meanwhile = |seller| correct(seller, Some(0), Some(900), &[1]).unwrap();
	let same_official: Meanwhile = |seller| correct(seller, None, Some(1_000), &[1]).unwrap();
	let nothing: Meanwhile = |_| {};
	for (index, (meanwhile, sold_wh)) in
		[(nothing, 400), (later, 900), (official, 900), (same_official, 1_000)].into_iter().enumerate()
	{
		exchange(|| {
			let (buyer, seller) = one_trade();
			let named = seller.energy(100, 0, 400);
			let sites = [deviation(&seller, 600, 0), deviation(&buyer, 0, 0)];
			try_settle(root_of(&named), &[(1, 400)], &sites).unwrap();
			go_to(DUE + 604_800);
			next_block();
			reveal(&seller, &seller.energy(7, 0, 1_000), None, &[1]).unwrap();
			let (community, slot_start, site) = (COMMUNITY, SLOT, seller.site);
			assert!(settlement_events().contains(&Event::SiteChallenged {
				community,
				slot_start,
				site,
				engine: account(SETTLER),
				named: MessageId { epoch: 1, sequence: 100 },
				answer_by: DUE + 604_800 + 86_400,
			}));
			meanwhile(&seller);
			go_to(DUE + 604_800 + 86_400);
			next_block();
			let as_engine = House { name: SETTLER, ..seller.clone() };
			assert_eq!(reveal(&as_engine, &named, Some(vec![]), &[1]), Ok(()), "case {index}");
			assert!(settlement_events().contains(&Event::ChallengeAnswered { community, slot_start, site }));
			go_to(DUE + 604_800 + 2 * 86_400);
			let enforce = pallet_wattfleet_settlement::Call::enforce { community, slot_start, site };
			assert_eq!(dispatch(enforce, 99), Err(SettlementError::NotChallenged.into()));
			assert_eq!(locked(SETTLER), BOND.into());
			assert_eq!(seller.free(), FUNDS + sold_wh * 190_000 - (1_000 - sold_wh) * Nano::from(SHORTFALL_MICRO));
			assert_eq!(Settlement::check_money(), Ok(()));
		});
	}
}

/// Trades that were executed before a site was corrected may have the watt-hours that rounding lost: what is executed after
/// takes what is left, and nothing is stuck.
#[test]
fn a_correction_between_two_executions_leaves_no_trade_behind() {
	exchange(|| {
		let buyer = house(50);
		let sellers: Vec<House> = (51..55).map(house).collect();
		let sold = [133, 133, 133, 599];
		let mut orders = vec![(&buyer, buyer.bid(1, 998, 200_000))];
		orders.extend(sellers.iter().zip(sold).map(|(of, wh)| (of, of.offer(1, wh, 100_000))));
		enter(&orders);
		matches(&[(0, 1, 133), (0, 2, 133), (0, 3, 133), (0, 4, 599)]);
		bond();
		go_to(DUE);
		let mut sites = vec![deviation(&buyer, 0, 0)];
		sites.extend(sellers.iter().map(|of| deviation(of, 0, 0)));
		try_settle(ROOT, &[(1, 133), (2, 133), (3, 133)], &sites).unwrap();
		// 2.66 and twice the like, rounded down, and one more to each; 11.98 of 20 - 9 that are left
		correct(&buyer, Some(20), None, &[1, 2, 3, 4]).unwrap();
		let state = pallet_wattfleet_settlement::Totals::<Runtime>::get((COMMUNITY, SLOT), buyer.site).unwrap();
		assert_eq!(state.allocated_bought_wh, 9);
		assert_eq!(try_settle(ROOT, &[(4, 12)], &[]), Err(SettlementError::AllocatedWrong.into()));
		try_settle(ROOT, &[(4, 11)], &[]).unwrap();
		let state = pallet_wattfleet_settlement::Totals::<Runtime>::get((COMMUNITY, SLOT), buyer.site).unwrap();
		assert_eq!((state.allocated_bought_wh, state.pending), (20, 0));
		assert_eq!(Settlement::check_money(), Ok(()));
	});
}

#[test]
fn a_key_speaks_for_no_slot_after_its_end() {
	exchange(|| {
		let (buyer, seller) = one_trade();
		try_settle(ROOT, &[(1, 1_000)], &[deviation(&seller, 0, 0), deviation(&buyer, 0, 0)]).unwrap();
		go_to(SLOT - 1);
		Registry::revoke_gateway(signed(OPERATOR), seller.gateway()).unwrap();
		go_to(DUE);
		assert_eq!(reveal(&seller, &seller.energy(200, 0, 5), None, &[1]), Err(SettlementError::WrongMessage.into()));
	});
}

/// Settled sites keep their rights when the rest of the slot is given up.
#[test]
fn what_is_settled_can_be_corrected_after_the_rest_was_given_up() {
	exchange(|| {
		let (buyer, seller, other) = (house(50), house(51), house(52));
		enter(&[
			(&buyer, buyer.bid(1, 300, 200_000)),
			(&seller, seller.offer(1, 200, 150_000)),
			(&other, other.offer(1, 100, 150_000)),
		]);
		matches(&[(0, 1, 200), (0, 2, 100)]);
		bond();
		go_to(LATEST + 604_000);
		try_settle(ROOT, &[(1, 0)], &[deviation(&seller, 200, 0), deviation(&buyer, 0, 0)]).unwrap();
		go_to(LATEST + 604_800 + 120);
		idle(200);
		assert_eq!((buyer.locked(), other.locked()), (0, 0));
		assert_eq!(try_settle(ROOT, &[(2, 100)], &[]), Err(SettlementError::SlotClosed.into()));
		let later = seller.energy(101, 0, 200);
		reveal(&seller, &later, None, &[1]).unwrap();
		assert_eq!(seller.free(), FUNDS + 200 * 190_000);
		correct(&seller, None, Some(100), &[1]).unwrap();
		assert_eq!(seller.free(), FUNDS + 100 * 190_000 - 100 * Nano::from(SHORTFALL_MICRO));
		go_to(LATEST + 604_800 + 5_184_000 + 120);
		idle(300);
		assert_eq!(pallet_wattfleet_settlement::Slots::<Runtime>::iter().count(), 0);
		assert_eq!(pallet_wattfleet_settlement::Trades::<Runtime>::iter().count(), 0);
	});
}

#[test]
fn nothing_is_traded_in_a_slot_that_is_being_settled() {
	exchange(|| {
		let (buyer, seller) = one_trade();
		try_settle(ROOT, &[], &[deviation(&seller, 0, 0)]).unwrap();
		go_to(SLOT - 100);
		assert_eq!(try_matches(&[(0, 1, 1)], None), Err(SettlementError::MarketClosed.into()));
		go_to(DUE);
		try_settle(ROOT, &[(1, 1_000)], &[deviation(&buyer, 0, 0)]).unwrap();
	});
}

fn correct(of: &House, import_wh: Option<u32>, export_wh: Option<u32>, trades: &[u64]) -> DispatchResult {
	dispatch(
		pallet_wattfleet_settlement::Call::correct {
			community: COMMUNITY,
			slot_start: SLOT,
			site: of.site,
			import_wh,
			export_wh,
			trades: trades.to_vec().try_into().unwrap(),
		},
		GRID,
	)
}

#[test]
fn an_official_value_moves_only_the_difference_and_is_final() {
	exchange(|| {
		let (buyer, seller) = one_trade();
		try_settle(ROOT, &[(1, 1_000)], &[deviation(&seller, 0, 0), deviation(&buyer, 0, 0)]).unwrap();
		next_block();
		correct(&seller, Some(0), Some(600), &[1]).unwrap();
		assert_eq!(buyer.free(), FUNDS - 600 * 200_000);
		assert_eq!(seller.free(), FUNDS + 600 * 190_000 - 400 * Nano::from(SHORTFALL_MICRO));
		assert_eq!((free(GRID_ACCOUNT), free(BALANCING)), (600 * 10_000, 400 * Nano::from(SHORTFALL_MICRO)));
		assert!(settlement_events().iter().any(|event| matches!(
			event,
			Event::SiteSettled { shortfall_wh: 400, source: Source::Official, allocated_sold_wh: 600, .. }
		)));
		assert_eq!(
			reveal(&seller, &seller.energy(500, 0, 1_000), None, &[1]),
			Err(SettlementError::OfficialValueStands.into())
		);
		correct(&seller, None, Some(1_000), &[1]).unwrap();
		assert_eq!((buyer.free(), seller.free()), (FUNDS - 1_000 * 200_000, FUNDS + 1_000 * 190_000));
		go_to(LATEST + 5_184_001);
		assert_eq!(correct(&seller, None, Some(1), &[1]), Err(SettlementError::CorrectionsEnded.into()));
	});
}

#[test]
fn a_correction_that_a_vault_cannot_cover_becomes_a_debt() {
	exchange(|| {
		let (buyer, seller) = one_trade();
		try_settle(ROOT, &[(1, 1_000)], &[deviation(&seller, 0, 0), deviation(&buyer, 0, 0)]).unwrap();
		let all = seller.free();
		Vault::withdraw(signed(seller.name), COMMUNITY, all - 1).unwrap();
		Vault::redeem(signed(OPERATOR), COMMUNITY, 1, [1; 32]).unwrap();
		correct(&seller, None, Some(0), &[1]).unwrap();
		let owed = 1_000 * (190_000 + Nano::from(SHORTFALL_MICRO));
		assert_eq!((seller.free(), Vault::debt(&seller.member())), (0, owed - 1));
		assert_eq!(Settlement::check_money(), Ok(()));
		issue(seller.name, owed);
		assert_eq!((seller.free(), Vault::debt(&seller.member())), (1, 0));
		Vault::settle_debt(signed(99), COMMUNITY, buyer.member()).unwrap();
		assert_eq!(buyer.free(), FUNDS);
	});
}

/// Three sellers and a buyer: what rounding loses is given back while neither side exceeds what it has.
#[test]
fn a_correction_allocates_as_execution_does() {
	exchange(|| {
		let (buyer, a, b) = (house(50), house(51), house(52));
		enter(&[(&buyer, buyer.bid(1, 100, 200_000)), (&a, a.offer(1, 33, 100_000)), (&b, b.offer(1, 67, 100_000))]);
		matches(&[(0, 1, 33), (0, 2, 67)]);
		bond();
		go_to(DUE);
		let all = [deviation(&buyer, 0, 0), deviation(&a, 0, 0), deviation(&b, 0, 0)];
		try_settle(ROOT, &[(1, 33), (2, 67)], &all).unwrap();
		next_block();
		correct(&buyer, Some(50), None, &[1, 2]).unwrap();
		let allocated: Vec<(u64, u32)> = settlement_events()
			.into_iter()
			.filter_map(|event| match event {
				Event::TradeCorrected { trade, allocated_wh, .. } => Some((trade, allocated_wh)),
				_ => None,
			})
			.collect();
		// 16.5 and 33.5, rounded down, and the one lost to the first
		assert_eq!(allocated, [(1, 17), (2, 33)]);
	});
}

#[test]
fn the_bond_is_bound_while_what_it_answers_for_can_be_disputed() {
	exchange(|| {
		let (buyer, seller) = one_trade();
		try_settle(ROOT, &[(1, 1_000)], &[deviation(&seller, 0, 0), deviation(&buyer, 0, 0)]).unwrap();
		let release = || dispatch(pallet_wattfleet_settlement::Call::release_bond { community: COMMUNITY }, SETTLER);
		go_to(DUE + 604_800 + 86_400);
		assert_eq!(release(), Err(SettlementError::BondBound.into()));
		go_to(DUE + 604_800 + 86_401);
		assert_eq!(release(), Ok(()));
		assert_eq!(locked(SETTLER), 0);
	});
}

#[test]
fn a_slot_that_nobody_settles_is_given_up_and_everybody_gets_its_lock_back() {
	exchange(|| {
		let (buyer, seller) = one_trade();
		go_to(LATEST + 604_800 - 60);
		idle(3);
		assert!(buyer.locked() > 0);
		go_to(LATEST + 604_800 + 120);
		idle(200);
		assert_eq!((buyer.free(), seller.free()), (FUNDS, FUNDS));
		assert_eq!(try_settle(ROOT, &[(1, 1_000)], &[]), Err(SettlementError::SlotClosed.into()));
	});
}

#[test]
fn a_settled_slot_is_forgotten_when_corrections_have_ended() {
	exchange(|| {
		let (buyer, seller) = one_trade();
		try_settle(ROOT, &[(1, 1_000)], &[deviation(&seller, 0, 0), deviation(&buyer, 0, 0)]).unwrap();
		go_to(LATEST + 5_184_000);
		idle(300);
		assert_eq!(pallet_wattfleet_settlement::Trades::<Runtime>::iter().count(), 1);
		go_to(LATEST + 604_800 + 5_184_000 + 120);
		idle(300);
		assert_eq!(pallet_wattfleet_settlement::Trades::<Runtime>::iter().count(), 0);
		assert_eq!(pallet_wattfleet_settlement::Totals::<Runtime>::iter().count(), 0);
		assert_eq!(pallet_wattfleet_settlement::Slots::<Runtime>::iter().count(), 0);
		assert_eq!(pallet_wattfleet_settlement::Agenda::<Runtime>::iter().count(), 0);
	});
}

fn flows_of(flows: &[(&House, u32, u32)]) -> Vec<SiteFlow> {
	let message = Some(MessageId { epoch: 1, sequence: 100 });
	flows
		.iter()
		.map(|(of, export_wh, import_wh)| SiteFlow {
			site: of.site,
			export_wh: *export_wh,
			import_wh: *import_wh,
			message,
		})
		.collect()
}

fn share_out_by(name: u8, root: [u8; 32], flows: &[(&House, u32, u32)]) -> DispatchResult {
	let flows = flows_of(flows).try_into().unwrap();
	dispatch(
		pallet_wattfleet_settlement::Call::settle_coefficients { community: COMMUNITY, slot_start: SLOT, root, flows },
		name,
	)
}

fn share_out(flows: &[(&House, u32, u32)]) -> DispatchResult {
	share_out_by(SETTLER, ROOT, flows)
}

#[test]
fn a_community_without_orders_splits_its_export_in_proportion_to_import() {
	let market_rule = MarketRule::ProportionalShares { price_micro: 100_000 };
	in_exchange(CommunityRules { market_rule, ..rules() }, || {
		let (sun, a, b) = (house(50), house(51), house(52));
		bond();
		go_to(DUE);
		let refused = |flows: &[(&House, u32, u32)], error: SettlementError| {
			assert_eq!(share_out(flows), Err(error.into()));
		};
		refused(&[(&sun, 900, 0), (&b, 0, 2_000)], SettlementError::SitesMissing);
		refused(&[(&b, 0, 1), (&a, 0, 1), (&sun, 900, 0)], SettlementError::SitesDisordered);
		refused(&[(&sun, 5_001, 0), (&a, 0, 1), (&b, 0, 1)], SettlementError::BeyondNameplate);
		share_out(&[(&sun, 1_000, 0), (&a, 0, 1_000), (&b, 0, 2_000)]).unwrap();
		// 333.3 and 666.7: the largest remainder is the second's
		assert_eq!(a.free(), FUNDS - 333 * 110_000);
		assert_eq!(b.free(), FUNDS - 667 * 110_000);
		assert_eq!((sun.free(), free(GRID_ACCOUNT), free(BALANCING)), (FUNDS + 1_000 * 100_000, 1_000 * 10_000, 0));
		let corrected = [(&sun, 900, 0), (&a, 0, 1_000), (&b, 0, 2_000)];
		assert_eq!(
			share_out(&corrected),
			Err(pallet_wattfleet_registry::Error::<Runtime>::NotInRole.into()),
			"the engine has one word"
		);
		share_out_by(GRID, ROOT, &corrected).unwrap();
		assert_eq!(
			(sun.free(), a.free(), b.free()),
			(FUNDS + 900 * 100_000, FUNDS - 300 * 110_000, FUNDS - 600 * 110_000)
		);
		next_block();
		enter(&[(&a, a.bid(1, 1, 1))]);
		assert!(
			matches!(
				orderbook_events()[..],
				[pallet_wattfleet_orderbook::Event::ItemRejected {
					reason: wattfleet_primitives::Reason::MarketNotOpen,
					..
				}]
			),
			"it has no orders"
		);
	});
}

#[test]
fn a_member_disputes_how_its_slot_was_split() {
	let market_rule = MarketRule::ProportionalShares { price_micro: 100_000 };
	in_exchange(CommunityRules { market_rule, ..rules() }, || {
		let (sun, a) = (house(50), house(51));
		bond();
		go_to(DUE);
		let message = a.energy(100, 100, 0);
		share_out_by(SETTLER, root_of(&message), &[(&sun, 1_000, 0), (&a, 0, 900)]).unwrap();
		assert_eq!(a.free(), FUNDS - 900 * 110_000);
		let reveal = |by: &House, message: &SignedItem, proof: Option<Vec<ProofStep>>| {
			dispatch(
				pallet_wattfleet_settlement::Call::reveal_flow {
					community: COMMUNITY,
					slot_start: SLOT,
					site: a.site,
					message: message.clone(),
					proof: proof.map(|steps| steps.try_into().unwrap()),
				},
				by.name,
			)
		};
		assert_eq!(reveal(&sun, &message, Some(vec![])), Err(SettlementError::NotYourSite.into()));
		assert_eq!(reveal(&a, &message, None), Err(SettlementError::Superseded.into()));
		assert_eq!(reveal(&a, &message, Some(vec![])), Ok(()));
		assert_eq!((a.free(), sun.free(), locked(SETTLER)), (FUNDS - 100 * 110_000, FUNDS + 100 * 100_000, 0));
		assert_eq!(reveal(&a, &a.energy(101, 200, 0), None), Ok(()), "a later message");
		assert_eq!(a.free(), FUNDS - 200 * 110_000);
	});
}

#[test]
fn static_shares_are_capped_by_import() {
	let market_rule = MarketRule::StaticShares { price_micro: 100_000 };
	in_exchange(CommunityRules { market_rule, ..rules() }, || {
		let (sun, a, b) = (house(50), house(51), house(52));
		for (of, share) in [(&a, 60), (&b, 40)] {
			dispatch(pallet_wattfleet_registry::Call::set_share { site: of.site, share }, OPERATOR).unwrap();
		}
		bond();
		go_to(DUE);
		share_out(&[(&sun, 1_000, 0), (&a, 0, 500), (&b, 0, 2_000)]).unwrap();
		assert_eq!((a.free(), b.free()), (FUNDS - 500 * 110_000, FUNDS - 400 * 110_000));
		assert_eq!(sun.free(), FUNDS + 900 * 100_000);
	});
	exchange(|| {
		let sun = house(50);
		bond();
		go_to(DUE);
		assert_eq!(share_out(&[(&sun, 1_000, 0)]), Err(SettlementError::NotByCoefficients.into()));
	});
}
