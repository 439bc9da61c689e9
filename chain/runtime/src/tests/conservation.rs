//! Whatever is called in whatever order: nothing panics, every nano is accounted for, and energy sold is energy bought.

use super::*;
use pallet_wattfleet_settlement::Totals;
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Step {
	Order {
		house: usize,
		offer: bool,
		energy_wh: u32,
		price_micro: u32,
		replaces: Option<u64>,
	},
	Cancel {
		house: usize,
		target: u64,
	},
	Match {
		bid: u32,
		offer: u32,
		energy_wh: u32,
	},
	Wait {
		seconds: u64,
	},
	/// Each site so many thousandths short and unused, then its trades, the lost watt-hour to every second.
	Settle {
		share: u32,
		first_site: usize,
		trades: bool,
	},
	Correct {
		house: usize,
		import_wh: Option<u32>,
		export_wh: Option<u32>,
	},
	Reveal {
		house: usize,
		import_wh: u32,
		export_wh: u32,
	},
	Withdraw {
		house: usize,
		share: u32,
	},
	Redeem {
		id: u64,
	},
	Decline {
		id: u64,
	},
	Enrol {
		house: usize,
	},
	SettleDebt {
		house: usize,
	},
	Enforce {
		house: usize,
	},
	Idle,
}

const HOUSES: usize = 4;

fn step() -> impl Strategy<Value = Step> {
	let house = 0..HOUSES;
	let wh = 0u32..3_000;
	prop_oneof![
		8 => (house.clone(), any::<bool>(), wh.clone(), 0u32..400_000, prop::option::weighted(0.2, 1u64..40))
			.prop_map(|(house, offer, energy_wh, price_micro, replaces)| Step::Order { house, offer, energy_wh, price_micro, replaces }),
		2 => (house.clone(), 1u64..40).prop_map(|(house, target)| Step::Cancel { house, target }),
		10 => (0u32..12, 0u32..12, wh.clone())
			.prop_map(|(bid, offer, energy_wh)| Step::Match { bid, offer, energy_wh }),
		2 => prop_oneof![0u64..600, 0u64..100_000].prop_map(|seconds| Step::Wait { seconds }),
		4 => (0u32..=1_000, house.clone(), any::<bool>())
			.prop_map(|(share, first_site, trades)| Step::Settle { share, first_site, trades }),
		3 => (house.clone(), prop::option::of(wh.clone()), prop::option::of(wh.clone()))
			.prop_map(|(house, import_wh, export_wh)| Step::Correct { house, import_wh, export_wh }),
		2 => (house.clone(), wh.clone(), wh)
			.prop_map(|(house, import_wh, export_wh)| Step::Reveal { house, import_wh, export_wh }),
		2 => (house.clone(), 0u32..=1_100).prop_map(|(house, share)| Step::Withdraw { house, share }),
		1 => (1u64..6).prop_map(|id| Step::Redeem { id }),
		1 => (1u64..6).prop_map(|id| Step::Decline { id }),
		1 => house.clone().prop_map(|house| Step::Enrol { house }),
		1 => house.prop_map(|house| Step::SettleDebt { house }),
		1 => (0..HOUSES).prop_map(|house| Step::Enforce { house }),
		1 => Just(Step::Idle),
	]
}

struct World {
	houses: Vec<House>,
	now: Seconds,
	sequence: u64,
}

impl World {
	fn trades(&self) -> Vec<(u64, pallet_wattfleet_settlement::Trade<AccountId>)> {
		let mut trades: Vec<_> =
			pallet_wattfleet_settlement::Trades::<Runtime>::iter_prefix((COMMUNITY, SLOT)).collect();
		trades.sort_by_key(|(id, _)| *id);
		trades
	}

	fn trades_of(&self, house: &House) -> Vec<u64> {
		self.trades()
			.into_iter()
			.filter(|(_, trade)| trade.buyer_site == house.site || trade.seller_site == house.site)
			.map(|(id, _)| id)
			.collect()
	}

	/// As a settlement engine would, for what is not settled and executed yet.
	fn settle(&self, share: u32, first_site: usize, trades: bool) {
		let part = |wh: u32| (u64::from(wh) * u64::from(share) / 1_000) as u32;
		for house in self.houses[first_site..].iter().chain(&self.houses[..first_site]) {
			let Some(totals) = Totals::<Runtime>::get((COMMUNITY, SLOT), house.site) else { continue };
			let settled = deviation(house, part(totals.sold_wh), part(totals.bought_wh) / 2);
			let _ = try_settle([1; 32], &[], &[settled]);
		}
		if !trades {
			return;
		}
		for (id, trade) in self.trades() {
			let of = |site| Totals::<Runtime>::get((COMMUNITY, SLOT), site);
			let shares =
				of(trade.seller_site).and_then(|t| t.delivered()).zip(of(trade.buyer_site).and_then(|t| t.taken()));
			let Some((delivered, taken)) = shares else { continue };
			let (wh, lost) = delivered.lesser(taken).of(trade.energy_wh);
			let one_more = u32::from(lost && id % 2 == 0);
			if try_settle([1; 32], &[(id, wh + one_more)], &[]).is_err() {
				let _ = try_settle([1; 32], &[(id, wh)], &[]);
			}
		}
	}

	fn go(&mut self, step: Step) {
		match step {
			Step::Order { house, offer, energy_wh, price_micro, replaces } => {
				self.sequence += 1;
				let of = &self.houses[house];
				let side = if offer { Side::Offer } else { Side::Bid };
				let order = Order { replaces, ..of.order(self.sequence, side, energy_wh, price_micro) };
				enter(&[(of, order)]);
			},
			Step::Cancel { house, target } => submit(vec![self.houses[house].cancel(1_000_000, target)]),
			Step::Match { bid, offer, energy_wh } => {
				let _ = try_matches(&[(bid, offer, energy_wh)], None);
			},
			Step::Wait { seconds } => {
				self.now += seconds;
				go_to(self.now);
			},
			Step::Settle { share, first_site, trades } => self.settle(share, first_site, trades),
			Step::Correct { house, import_wh, export_wh } => {
				let of = &self.houses[house];
				let trades = self.trades_of(of).try_into().unwrap();
				let call = pallet_wattfleet_settlement::Call::correct {
					community: COMMUNITY,
					slot_start: SLOT,
					site: of.site,
					import_wh,
					export_wh,
					trades,
				};
				let _ = dispatch(call, GRID);
			},
			Step::Reveal { house, import_wh, export_wh } => {
				self.sequence += 1;
				let of = &self.houses[house];
				let call = pallet_wattfleet_settlement::Call::reveal {
					community: COMMUNITY,
					slot_start: SLOT,
					site: of.site,
					message: of.energy(self.sequence + 80, import_wh, export_wh),
					proof: None,
					trades: self.trades_of(of).try_into().unwrap(),
				};
				let _ = dispatch(call, of.name);
			},
			Step::Withdraw { house, share } => {
				let of = &self.houses[house];
				let amount = of.free() * Nano::from(share) / 1_000;
				let _ = dispatch(pallet_wattfleet_vault::Call::withdraw { community: COMMUNITY, amount }, of.name);
			},
			Step::Redeem { id } => {
				let reference = [id as u8; 32];
				let _ =
					dispatch(pallet_wattfleet_vault::Call::redeem { community: COMMUNITY, id, reference }, OPERATOR);
			},
			Step::Decline { id } => {
				let _ = dispatch(pallet_wattfleet_vault::Call::decline { community: COMMUNITY, id }, OPERATOR);
			},
			Step::Enrol { house } => {
				let of = &mut self.houses[house];
				Registry::enrol_gateway(signed(OPERATOR), of.site, of.gateway()).unwrap();
				of.epoch += 1;
			},
			Step::SettleDebt { house } => {
				let account = self.houses[house].member();
				let _ = dispatch(pallet_wattfleet_vault::Call::settle_debt { community: COMMUNITY, account }, 99);
			},
			Step::Enforce { house } => {
				let (community, slot_start, site) = (COMMUNITY, SLOT, self.houses[house].site);
				let call = pallet_wattfleet_settlement::Call::enforce { community, slot_start, site };
				let _ = dispatch(call, 99);
			},
			Step::Idle => idle(20),
		}
	}
}

proptest! {
	#![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

	#[test]
	fn money_and_energy_are_conserved(steps in prop::collection::vec(step(), 1..80)) {
		exchange_with(rules()).execute_with(|| {
			let houses: Vec<House> = (0..HOUSES as u8).map(|n| house_in(50 + n, u32::from(n % 2))).collect();
			bond();
			let mut world = World { houses, now: START, sequence: 0 };
			for step in steps {
				next_block();
				let what = format!("{step:?}");
				world.go(step);
				let checked = Settlement::check_money();
				assert_eq!(checked, Ok(()), "after {what}");
			}
		});
	}
}
